"""`reben predict --l2a`: a whole product gives what its patches give when they are built, encoded and predicted."""

import json
from dataclasses import replace
from pathlib import Path

import geopandas
import numpy as np
import pytest
import rasterio
import torch
from matplotlib.image import imread

from reben.core.classes import CLC2018
from reben.data.normalisation import PUBLISHED_STATISTICS
from reben.demo.area import EXTENT
from reben.demo.job import make_data
from reben.io.store import open_store
from reben.learn.models.architectures import Architecture, build_model
from reben.learn.models.trained_model import TrainedModel
from reben.learn.models.weights import save_model
from stand_ins.command import run_reben as reben

SMALL = replace(EXTENT, side_m=9_000)  # 7 x 7 patches, and a margin of 600 m
BANDS = ("VV", "VH", "B02", "B03", "B04", "B05", "B8A")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Folder with raw inputs, data set and store."""
    folder = tmp_path_factory.mktemp("tile")
    make_data(folder, extent=SMALL)
    return folder


@pytest.fixture(scope="module")
def product(data: Path) -> Path:
    return next((data / "L2A").glob("*.SAFE"))


def checkpoint(folder: Path, task: str, bands: tuple[str, ...] = BANDS) -> Path:
    """A model with random weights, which is enough to compare two ways to it."""
    torch.manual_seed(1)
    architecture = Architecture("test_convnext", len(bands), 19, 120, 0.0, 0.0, task=task)
    model = build_model(architecture)
    save_model(folder, TrainedModel(model, architecture, bands, PUBLISHED_STATISTICS, CLC2018.class_names))
    return folder


@pytest.fixture(scope="module")
def classifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("classifier"), "classification")


@pytest.fixture(scope="module")
def mapper(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return checkpoint(tmp_path_factory.mktemp("mapper"), "segmentation")


def tables(data: Path) -> list[object]:
    return ["--store", data / "store", "--metadata", data / "dataset" / "metadata.parquet"]


def test_labels_of_a_tile_are_those_of_its_patches(data: Path, product: Path, classifier: Path, tmp_path: Path):
    target, picture = tmp_path / "labels.parquet", tmp_path / "tile.png"
    result = reben(
        "predict", "--checkpoint", classifier, "--l2a", product, "--s1-scenes", data / "raw" / "S1",
        "--output", target, "--picture", picture, "--batch-size", 5,
    )  # fmt: skip
    reben("predict", "--checkpoint", classifier, *tables(data), "--json", tmp_path / "patches.json")
    expected = json.loads((tmp_path / "patches.json").read_text())
    found = geopandas.read_parquet(target).set_index("patch_id")
    assert set(expected) <= set(found.index)  # patches without enough labels are predicted, too
    assert f"{len(found)} patches, {49 - len(found)} skipped" in result.stdout
    for patch_id, prediction in expected.items():
        row = found.loc[patch_id]
        np.testing.assert_allclose(
            row[list(CLC2018.class_names)].to_numpy(float), [*prediction["probabilities"].values()], atol=1e-5
        )
        assert list(row["labels"]) == prediction["labels"]
    assert found.crs.to_epsg() == 32631
    assert set(found.area) == {1200.0**2}
    assert imread(picture).std() > 0.05
    assert "Most probable class" in target.with_suffix(".qml").read_text()


@pytest.mark.slow
def test_a_map_covers_the_whole_tile_and_is_that_of_its_patches(
    data: Path, product: Path, mapper: Path, tmp_path: Path
):
    target = tmp_path / "map.tif"
    reben(
        "predict", "--checkpoint", mapper, "--l2a", product, "--s1-scenes", data / "raw" / "S1",
        "--output", target, "--picture", tmp_path / "tile.png",
    )  # fmt: skip
    report = data / "dataset" / "build-report.json"
    reben("predict", "--checkpoint", mapper, *tables(data), "--tiles", report, "--output", tmp_path / "maps")
    with rasterio.open(target) as source:
        whole, nodata = source.read(1), source.nodata
        assert source.bounds == (SMALL.ulx_m, SMALL.uly_m - 9000, SMALL.ulx_m + 9000, SMALL.uly_m)
        assert all((tmp_path / style).is_file() for style in ("map.qml", "maps/predicted_maps.qml"))
        files = sorted((tmp_path / "maps").glob("*/*_predicted_map.tif"))
        assert len(files) == sum(not key.startswith("S1") and "map" not in key for key in open_store(data / "store"))
        for file in files:
            with rasterio.open(file) as patch:
                row, column = source.index(patch.bounds.left + 5, patch.bounds.top - 5)
                expected = patch.read(1)
            same = whole[row : row + 120, column : column + 120] == expected
            assert same.mean() > 0.999  # two classes may be equally likely but for rounding
    product_seen = rasterio.open(next(product.glob("GRANULE/*/IMG_DATA/R10m/*_B02_10m.jp2"))).read(1) > 0
    assert ((whole == nodata) == ~product_seen).mean() > 0.99  # the swath's edge only; S1 covers all
    assert (whole[-60:, :600] != nodata).all()  # the margin that patches leave


def test_what_does_not_go_together_is_said(data: Path, product: Path, classifier: Path, mapper: Path, tmp_path: Path):
    def refused(*arguments: object, code: int = 2) -> str:
        return " ".join(reben("predict", *arguments, code=code).stderr.replace("│", " ").split())

    l2a = ["--checkpoint", classifier, "--l2a", product]
    assert "needs --output" in refused(*l2a)
    assert "give either --l2a" in refused(*l2a, "--output", tmp_path / "x.parquet", "--store", data / "store")
    assert "give --data, or --store with --metadata" in refused("--checkpoint", classifier)
    assert "class maps need --output, a folder" in refused("--checkpoint", mapper, *tables(data))
    assert "the model needs Sentinel-1" in refused(*l2a, "--output", tmp_path / "x.parquet", code=1)
    assert "--s1-scenes" in refused(*l2a, "--output", tmp_path / "x.parquet", code=1)
    assert not list(tmp_path.iterdir())
