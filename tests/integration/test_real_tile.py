"""The published patches of a real tile, laid into a full-size product and cut out again."""

import filecmp
import subprocess
import sys
from pathlib import Path

import pytest

from reben.construct.country import REBEN_COUNTRIES, embedded_countries
from reben.construct.reference_maps import find_layer
from reben.construct.tile import TileSettings, build_tile
from reben.construct.v1_lists import read_names
from reben.io.dataset_paths import DatasetPaths
from reben.io.metadata import read_metadata
from reben.io.v1_geometries import read_v1_geometries

TEMPLATE = "stactools_sentinel2/esa_S2B_MSIL2A_20210122T133229_N0214_R081_T22HBD_20210122T155500.SAFE"


def tool(shared_data: Path, name: str, *arguments: Path) -> None:
    subprocess.run([sys.executable, shared_data.parent / "tools" / name, *arguments], check=True, capture_output=True)


@pytest.fixture(scope="module")
def product(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("l2a")
    tool(shared_data, "make_real_tile.py", shared_data / "patches", shared_data / "s2_metadata" / TEMPLATE, folder)
    (path,) = folder.glob("*.SAFE")
    return path


@pytest.fixture(scope="module")
def land_cover(shared_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("clc") / "clc.gpkg"
    tool(shared_data, "make_real_clc.py", shared_data / "patches", path)
    return path


@pytest.mark.slow
def test_patches_maps_and_metadata_are_the_published_ones(
    shared_data: Path, real_patches: DatasetPaths, product: Path, land_cover: Path, tmp_path: Path
):
    published = read_metadata([real_patches.metadata, real_patches.snow_and_cloud_metadata]).sort_by("patch_id")
    lists = shared_data / "published"
    settings = TileSettings(
        find_layer(land_cover),
        embedded_countries().only(REBEN_COUNTRIES),
        tuple(read_v1_geometries(shared_data / "v1_geometries")),
        snow=read_names([lists / "patches_with_seasonal_snow.csv"]),
        cloud=read_names([lists / "patches_with_cloud_and_shadow.csv"]),
        s1_dir=real_patches.s1,
        s1_pairs=dict(zip(published["s2v1_name"].to_pylist(), published["s1_name"].to_pylist(), strict=True)),
    )
    output = DatasetPaths(tmp_path / "dataset")
    result = build_tile(product, settings, output, threads=2)

    assert result.rows.equals(published)
    assert result.counts == {
        "in the grid": 8281,
        "with invalid pixels": 8269,
        "without a v1 patch": 0,
        "too little labelled": 0,
        "without a Sentinel-1 partner": 0,
        "kept": 12,
    }
    files = [path.relative_to(real_patches.root) for path in real_patches.root.glob("*/*/*/*.tif")]
    assert len(files) == 12 * 14 + 1
    for file in files:
        assert filecmp.cmp(real_patches.root / file, output.root / file, shallow=False), file
    assert len(list(output.root.rglob("*.tif"))) == 12 * 15
