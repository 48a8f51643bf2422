"""`reben compare` and `reben figures`, as a user runs them."""

import bz2
import csv
import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
from matplotlib.image import imread

from reben.io.dataset.paths import DatasetPaths
from stand_ins.command import run_reben
from stand_ins.data_folders import make_data_folder


def reben(*arguments: object, code: int = 0) -> str:
    return run_reben(*arguments, code=code).stdout


@pytest.fixture(scope="module")
def real_data(real_patches: DatasetPaths, real_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_folder(tmp_path_factory.mktemp("real-data"), real_patches, real_store)


@pytest.fixture(scope="module")
def tiny_data(tiny_dataset: DatasetPaths, tiny_store: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_data_folder(tmp_path_factory.mktemp("tiny-data"), tiny_dataset, tiny_store)


@pytest.fixture(scope="module")
def old_labels(real_patches: DatasetPaths, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Labels of the real patches as v1 might have had them: some missing, some wrong."""
    path = tmp_path_factory.mktemp("old") / "old.csv"
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["patch", "labels"])
        for number, row in enumerate(pq.read_table(real_patches.metadata).to_pylist()):
            labels = list(row["labels"])
            if number == 0:
                labels = [*labels[1:], "Sea and ocean"]
            elif number == 1:
                labels = labels[:-1]
            writer.writerow([row["s2v1_name"], "; ".join(labels)])
    return path


def looked_at(picture: Path, *, colours: int = 20) -> None:
    """A picture has a size and content: neither blank, nor cut to nothing."""
    pixels = np.round(imread(picture)[..., :3] * 255).astype(int)
    assert min(pixels.shape[:2]) > 200
    assert len(np.unique(pixels.reshape(-1, 3), axis=0)) >= colours


def test_labels_that_changed(real_data: Path, old_labels: Path, tmp_path: Path):
    reben(
        "compare",
        old_labels,
        real_data / "metadata.parquet",
        "--output",
        tmp_path / "out",
        "--json",
        tmp_path / "c.json",
    )
    found = json.loads((tmp_path / "c.json").read_text())
    assert found["common_patches"] == found["labels"]["patches"] == 9
    assert found["labels"]["unchanged"] == 7
    assert found["labels"]["classes"]["Marine waters"] == {"kept": 0, "added": 0, "removed": 1}
    assert sum(change["added"] for change in found["labels"]["classes"].values()) == 2
    assert json.loads((tmp_path / "out" / "comparison.json").read_text()) == found
    text = (tmp_path / "out" / "comparison.md").read_text()
    assert "| Marine waters | 0 | 0 | 1 |" in text
    assert "7 (77.8%) have the same labels" in text
    for picture in ("labels.png", "leakage.png"):
        looked_at(tmp_path / "out" / picture, colours=4)


def test_lists_of_splits_of_the_published_tables(shared_data: Path, tmp_path: Path):
    """On the tiles around Vienna; all of the half that is here takes half a minute, and stands in docs/versions.md."""
    table = pq.read_table(shared_data / "published" / "metadata.parquet")
    near = [any(tile in name for tile in ("T33UUP", "T33UWP", "T33UXP")) for name in table["patch_id"].to_pylist()]
    pq.write_table(table.filter(near), tmp_path / "metadata.parquet")
    reben("compare", shared_data / "v1" / "split", tmp_path / "metadata.parquet", "--json", tmp_path / "c.json")
    later, earlier, same = json.loads((tmp_path / "c.json").read_text())["leakage"]
    assert later["test_patches_on_training_ground"] == same["test_patches_on_training_ground"] == 0
    assert later["distances"]["test to train"]["smallest_m"] >= 10_800
    assert earlier["distances"]["test to train"]["touching"] > 0.95 * earlier["patches"]["test"]
    assert sum(earlier["patches"].values()) == sum(same["patches"].values())


def test_the_report_goes_to_the_terminal(real_data: Path, old_labels: Path):
    assert "## Ground that splits share" in reben("compare", old_labels, real_data / "metadata.parquet")


@pytest.mark.parametrize(
    ("earlier", "said"),
    [("missing.csv", "missing.csv does not exist"), ("empty", "has no patches with labels or splits")],
)
def test_what_cannot_be_compared(earlier: str, said: str, real_data: Path, tmp_path: Path):
    (tmp_path / "empty").mkdir()
    output = run_reben(
        "compare", tmp_path / earlier, real_data / "metadata.parquet", "--output", tmp_path / "o", code=1
    )
    assert said in output.stderr
    assert not (tmp_path / "o").exists()


def test_a_data_folder_is_taken_for_its_tables(real_data: Path, old_labels: Path):
    assert "later version: 12; in both: 9" in reben("compare", old_labels, real_data)


def test_versions_without_a_common_patch_are_refused(real_data: Path, tiny_data: Path):
    said = run_reben("compare", real_data / "metadata.parquet", tiny_data, code=1).stderr
    assert "have no patch in common" in said
    assert "hint: give the earlier version first" in said


def test_figure_1(real_data: Path, old_labels: Path, tmp_path: Path):
    reben("figures", "labels", old_labels, "--data", real_data, "--output", tmp_path / "one.png")
    looked_at(tmp_path / "one.png", colours=500)
    reben("figures", "labels", old_labels, "--data", real_data, "--output", tmp_path / "one.svg", "--count", "1")
    text = (tmp_path / "one.svg").read_text()
    assert text.count("<image") == 1  # the pixels; letters are paths
    patch = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP_00_00"
    said = run_reben("figures", "labels", old_labels, "--data", real_data, "--patch", patch, "--output",
                     tmp_path / "no.png", code=1).stderr  # fmt: skip
    assert f"{patch} has no labels in" in said


@pytest.mark.slow
def test_figure_2_beside_the_land_cover(make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path):
    """Which cells are dropped: unit/construct/test_dropped.py."""
    product = make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
    reben(
        "build", "--l2a", product, "--land-cover", small_land_cover, "--format", "store", "--output", tmp_path / "data"
    )
    said = reben("figures", "maps", "--data", tmp_path / "data", "--land-cover", small_land_cover, "--output",
                 tmp_path / "maps.png")  # fmt: skip
    assert "4 kept, 0 dropped" in said
    looked_at(tmp_path / "maps.png", colours=4)


def test_figure_2(tiny_data: Path, tmp_path: Path):
    for palette in ("legend", "colour-blind"):
        reben("figures", "maps", "--data", tiny_data, "--palette", palette, "--output", tmp_path / f"{palette}.png")
        looked_at(tmp_path / f"{palette}.png")
    assert (tmp_path / "legend.png").read_bytes() != (tmp_path / "colour-blind.png").read_bytes()


@pytest.mark.large
def test_figure_3(shared_data: Path, tmp_path: Path):
    """Of one tile, by real lists and tables; the others would only take time."""
    tile = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
    published = pq.read_table(shared_data / "published" / "metadata.parquet")
    table = tmp_path / "metadata.parquet"
    pq.write_table(published.filter(pc.starts_with(published["patch_id"], tile)), table)
    lists = tmp_path / "v1"
    lists.mkdir()
    for file in (shared_data / "v1" / "split").iterdir():
        names = bz2.decompress(file.read_bytes()).decode().splitlines()
        (lists / file.stem).write_text("\n".join(name for name in names if "_20170613T101031_" in name))
    reben("figures", "split", lists, table, "--tile", tile, "--output", tmp_path / "three.png")
    looked_at(tmp_path / "three.png", colours=4)
    said = run_reben("figures", "split", lists, table, "--tile", "T99XYZ", "--output", tmp_path / "no.png",
                     code=1).stderr  # fmt: skip
    assert "no patch is of tile T99XYZ" in said


@pytest.mark.parametrize("ending", [".png", ".pdf", ".svg"])
def test_overview(ending: str, tiny_data: Path, tmp_path: Path):
    target = tmp_path / f"overview{ending}"
    assert "patches" in reben("figures", "overview", tiny_data, "--output", target)
    begins = {".png": b"\x89PNG", ".pdf": b"%PDF", ".svg": b"<?xml"}
    assert target.read_bytes().startswith(begins[ending])
    if ending == ".png":
        looked_at(target, colours=4)


@pytest.mark.slow
def test_samples_of_each_class(real_data: Path, tmp_path: Path):
    reben("figures", "samples", "--data", real_data, "--count", "1", "--output", tmp_path / "samples.png")
    looked_at(tmp_path / "samples.png", colours=500)


def test_other_endings_are_refused(tiny_data: Path, tmp_path: Path):
    said = run_reben("figures", "overview", tiny_data, "--output", tmp_path / "overview.tif", code=2).stderr
    assert ".png" in said
