"""`reben build` on small products: resuming, refusing, skipping."""

import filecmp
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from reben.core.grid import TileExtent
from reben.encode.bigearthnet import sources
from reben.encode.engine import encode, plan_encoding
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.jp2 import write_tile_band
from reben.io.store import open_store
from stand_ins.command import run_reben as reben

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5, 7)]


@pytest.fixture(scope="module")
def products(make_product: Callable[..., Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with three products."""
    folder = tmp_path_factory.mktemp("l2a")
    for tile in TILES:
        make_product(folder, tile)
    return folder


def start(l2a: Path, clc: Path, output: Path, *options: str) -> subprocess.Popen[str]:
    command = ["build", "--l2a", str(l2a), "--clc", str(clc), "--output", str(output), *options]
    return subprocess.Popen(
        [sys.executable, "-m", "reben", *command], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )


def build(l2a: Path, clc: Path, output: Path, *options: str, code: int = 0) -> tuple[str, str]:
    result = reben("build", "--l2a", l2a, "--clc", clc, "--output", output, *options, code=code)
    return result.stdout, result.stderr


@pytest.fixture(scope="module")
def built(products: Path, small_land_cover: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An undisturbed build of the three products."""
    output = tmp_path_factory.mktemp("built") / "dataset"
    build(products, small_land_cover, output)
    return output


@pytest.fixture(scope="module")
def built_store(products: Path, small_land_cover: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The same as a store."""
    output = tmp_path_factory.mktemp("built") / "dataset"
    build(products, small_land_cover, output, "--format", "store")
    return output


def expect_equal(one: Path, other: Path) -> None:
    files = sorted(path.relative_to(one) for path in one.rglob("*") if path.is_file())
    assert files == sorted(path.relative_to(other) for path in other.rglob("*") if path.is_file())
    for file in files:
        if file.stem != "build-report":  # it holds the time
            assert filecmp.cmp(one / file, other / file, shallow=False), file


def test_a_new_area_of_sentinel_2_only(built: Path):
    rows = read_metadata(DatasetPaths(built).metadata).to_pylist()
    assert len(rows) == 3 * 15
    assert {row["s1_name"] for row in rows} == {row["s2v1_name"] for row in rows} == {None}
    assert {label for row in rows for label in row["labels"]} == {"Pastures", "Inland waters"}
    assert len(list(built.rglob("*.tif"))) == 3 * 15 * 13
    report = json.loads((built / "build-report.json").read_text())
    assert report["patches"]["kept"] == 45
    assert set(report["tiles"]) == set(TILES)
    assert {path.name for path in built.parent.iterdir()} == {"dataset"}


def test_several_workers_give_the_same_bytes(products: Path, small_land_cover: Path, built: Path, tmp_path: Path):
    build(products, small_land_cover, tmp_path / "dataset", "--workers", "2")
    expect_equal(tmp_path / "dataset", built)


def kill_after_the_first_tile(process: subprocess.Popen[str], state: Path) -> None:
    while not list(state.glob("*.parquet")):
        assert process.poll() is None
        time.sleep(0.02)
    os.kill(process.pid, signal.SIGKILL)
    process.communicate()


def test_a_killed_build_goes_on_and_equals_an_undisturbed_one(
    products: Path, small_land_cover: Path, built: Path, tmp_path: Path
):
    output, state = tmp_path / "dataset", tmp_path / ".dataset.partial" / ".build"
    kill_after_the_first_tile(start(products, small_land_cover, output), state)
    assert not output.exists()
    finished = {path: path.stat().st_mtime_ns for path in state.glob("*.parquet")}
    before = {path.name for path in finished}

    _, err = build(products, small_land_cover, output, "--min-labelled", "0.5", code=1)
    assert "other min_labelled" in err
    assert {path: path.stat().st_mtime_ns for path in state.glob("*.parquet") if path.name in before} == finished

    build(products, small_land_cover, output)
    expect_equal(output, built)
    assert {path.name for path in tmp_path.iterdir()} == {"dataset"}


@pytest.mark.slow
def test_two_builds_into_one_folder_lock_each_other_out(products: Path, small_land_cover: Path, tmp_path: Path):
    first = start(products, small_land_cover, tmp_path / "dataset")
    while not (tmp_path / ".dataset.lock").exists():
        assert first.poll() is None
        time.sleep(0.01)
    _, err = build(products, small_land_cover, tmp_path / "dataset", code=1)
    assert "another process is writing" in err
    first.communicate()
    assert first.returncode == 0
    report = tmp_path / "dataset" / "build-report.json"
    before = report.read_bytes()
    build(products, small_land_cover, tmp_path / "dataset")  # given again, the command finds its own work
    assert report.read_bytes() == before
    _, err = build(products, small_land_cover, tmp_path / "dataset", "--keep-raw", code=1)
    assert "exists already" in err


def test_rejected_tiles_are_named(
    make_product: Callable[..., Path], products: Path, small_land_cover: Path, tmp_path: Path
):
    make_product(tmp_path / "l2a", "S2B_MSIL2A_20170801T101031_N9999_R022_T33UUP", quality="FAILED")
    _, err = build(tmp_path / "l2a", small_land_cover, tmp_path / "none", code=1)
    assert "no patches are left (all products were rejected)" in err
    _, err = build(tmp_path / "l2a", small_land_cover, tmp_path / "dataset", "--l2a", str(products))
    assert "rejected: S2B_MSIL2A_20170801T101031_N9999_R022_T33UUP: GEOMETRIC_QUALITY is FAILED" in err
    report = json.loads((tmp_path / "dataset" / "build-report.json").read_text())
    assert len(report["rejected_tiles"]) == 1
    assert report["patches"]["kept"] == 45


def test_two_products_of_one_tile_and_time(
    make_product: Callable[..., Path], products: Path, small_land_cover: Path, tmp_path: Path
):
    make_product(tmp_path / "l2a", TILES[0], processed="20250101T000000")
    _, err = build(products, small_land_cover, tmp_path / "dataset", "--l2a", str(tmp_path / "l2a"), code=1)
    assert "two products of the same tile and time" in err
    assert not (tmp_path / "dataset").exists()


def test_an_error_stops_the_build_or_is_skipped_and_listed(products: Path, small_land_cover: Path, tmp_path: Path):
    l2a = tmp_path / "l2a"
    shutil.copytree(products, l2a)
    raster = next(l2a.glob(f"{TILES[1]}*/GRANULE/*/IMG_DATA/R10m/*_B08_10m.jp2"))
    raster.write_bytes(raster.read_bytes()[:3000])
    _, err = build(l2a, small_land_cover, tmp_path / "dataset", code=1)
    assert "B08_10m.jp2: cannot be read" in err
    assert not (tmp_path / "dataset").exists()

    _, err = build(l2a, small_land_cover, tmp_path / "dataset", "--on-error", "skip", code=1)
    assert f"failed: {TILES[1]}" in err
    report = json.loads((tmp_path / "dataset" / "build-report.json").read_text())
    assert set(report["failed_tiles"]) == {TILES[1]}
    assert set(report["tiles"]) == {TILES[0], TILES[2]}
    assert read_metadata(DatasetPaths(tmp_path / "dataset").metadata).num_rows == 30


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--s1-dir", "."], "--s1-dir and --s1-pairs belong together"),
        (["--s1-dir", ".", "--s1-pairs", "x.csv"], "give --v1-geometries, too"),
        (["--patch-size", "1210"], "patch size 1210 m: must be a positive multiple of B01's pixel size"),
        (["--p", "0.8", "--q", "0.3"], "training ground remains"),
        (["--countries", "nowhere.gpkg"], "nowhere.gpkg: cannot be read"),
    ],
)
def test_options_that_do_not_fit_together(
    products: Path, small_land_cover: Path, tmp_path: Path, options: list[str], message: str
):
    _, err = build(products, small_land_cover, tmp_path / "dataset", *options, code=1)
    assert message in err.replace("\n", " ")
    assert not list(tmp_path.iterdir())


def test_no_products(small_land_cover: Path, tmp_path: Path):
    _, err = build(tmp_path, small_land_cover, tmp_path / "dataset", code=1)
    assert "no L2A product found" in err


def test_a_store_holds_what_encoding_the_geotiffs_gives(built: Path, built_store: Path, tmp_path: Path):
    files, store = DatasetPaths(built), DatasetPaths(built_store)
    encode(plan_encoding(sources(s2=files.s2, reference_maps=files.reference_maps)), tmp_path / "store")
    expected, found = open_store(tmp_path / "store"), open_store(store.store)
    assert list(found) == list(expected)
    assert len(found) == 3 * 15 * 2
    for key in expected:
        assert found.raw(key) == expected.raw(key), key
    assert store.metadata.read_bytes() == files.metadata.read_bytes()
    assert {path.name for path in built_store.iterdir()} == {
        "store",
        "metadata.parquet",
        "metadata_for_patches_with_snow_cloud_or_shadow.parquet",
        "build-report.json",
        "build-report.md",
    }
    assert {path.name for path in store.store.iterdir()} == {"checksums.bin", "data.mdb"}


@pytest.mark.slow
def test_a_store_has_the_same_bytes_from_several_workers_and_after_a_kill(
    products: Path, small_land_cover: Path, built_store: Path, tmp_path: Path
):
    output, options = tmp_path / "dataset", ("--format", "store", "--workers", "2")
    state = tmp_path / ".dataset.partial" / ".build"
    kill_after_the_first_tile(start(products, small_land_cover, output, *options), state)
    assert not output.exists()
    finished = {path: path.stat().st_mtime_ns for path in state.glob("*.store/data.mdb")}
    assert finished
    _, err = build(products, small_land_cover, output, code=1)
    assert "other format" in err
    build(products, small_land_cover, output, *options)
    expect_equal(output, built_store)
    assert {path.name for path in tmp_path.iterdir()} == {"dataset"}


def test_a_store_of_the_tiles_that_did_not_fail(products: Path, small_land_cover: Path, tmp_path: Path):
    l2a = tmp_path / "l2a"
    shutil.copytree(products, l2a)
    next(l2a.glob(f"{TILES[1]}*/GRANULE/*/IMG_DATA/R10m/*_B08_10m.jp2")).unlink()
    _, err = build(l2a, small_land_cover, tmp_path / "dataset", "--format", "store", "--on-error", "skip", code=1)
    assert f"failed: {TILES[1]}" in err
    rows = read_metadata(DatasetPaths(tmp_path / "dataset").metadata).to_pylist()
    ids = {row["patch_id"] for row in rows}
    assert len(ids) == 30
    assert set(open_store(DatasetPaths(tmp_path / "dataset").store)) == ids | {f"{name}_reference_map" for name in ids}


@pytest.mark.parametrize(("output_format", "message"), [("geotiff", "No space left"), ("store", "is full")])
def test_a_full_disk_is_no_loss(
    *,
    products: Path,
    small_land_cover: Path,
    built: Path,
    built_store: Path,
    tmp_path: Path,
    output_format: str,
    message: str,
):
    disk, options = tmp_path / "disk", ("--format", output_format)
    disk.mkdir()
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=5m", "tmpfs", str(disk)], capture_output=True, check=False
    )
    if mounted.returncode:
        pytest.skip("no right to mount a small disk")
    try:
        _, err = build(products, small_land_cover, disk / "dataset", *options, code=1)
        assert message in err
        assert "hint:" in err
        assert {path.name for path in disk.iterdir()} == {".dataset.partial"}
        assert len(list((disk / ".dataset.partial" / ".build").glob("*.parquet"))) in {1, 2}
        subprocess.run(["mount", "-o", "remount,size=64m", str(disk)], check=True)
        build(products, small_land_cover, disk / "dataset", *options)
        expect_equal(disk / "dataset", built if output_format == "geotiff" else built_store)
        assert {path.name for path in disk.iterdir()} == {"dataset"}
    finally:
        subprocess.run(["umount", str(disk)], check=True)


def with_clouds(product: Path, classes: np.ndarray) -> Path:
    """Give a product a scene classification at 20 m."""
    (image,) = product.rglob("*_B02_10m.jp2")
    path = image.parents[1] / "R20m" / image.name.replace("B02_10m", "SCL_20m")
    path.parent.mkdir(exist_ok=True)
    write_tile_band(path, classes, TileExtent("EPSG:32633", 300_000, 5_400_000, 4_800), 20)
    metadata = product / "MTD_MSIL2A.xml"
    listed = f"<IMAGE_FILE>{path.relative_to(product).with_suffix('')}</IMAGE_FILE>"
    metadata.write_text(metadata.read_text().replace("<IMAGE_FILE>", f"{listed}<IMAGE_FILE>", 1))
    return product


def test_clouds_and_snow_of_new_areas_are_flagged_from_the_image(
    make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path
):
    tile = "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP"
    classes = np.full((240, 240), 4, np.uint8)
    classes[:60, :60], classes[:4, 60:120], classes[60:120, :60] = 9, 3, 11  # all cloud, a fifteenth shadow, all snow
    product = with_clouds(make_product(tmp_path / "cloudy", tile), classes)
    common = ("--land-cover", small_land_cover)
    reben("build", "--l2a", product, *common, "--output", tmp_path / "data")
    clear = read_metadata(tmp_path / "data" / "metadata.parquet")
    hidden = read_metadata(tmp_path / "data" / "metadata_for_patches_with_snow_cloud_or_shadow.parquet")
    flags = {row["patch_id"][-5:]: (row["contains_seasonal_snow"], row["contains_cloud_or_shadow"])
             for row in hidden.to_pylist()}  # fmt: skip
    assert flags == {"00_00": (False, True), "01_00": (False, True), "00_01": (True, False)}
    assert clear.num_rows == 12
    assert not any(clear["contains_cloud_or_shadow"].to_pylist())
    quality = pq.read_table(tmp_path / "data" / "quality.parquet")
    names = [*clear["patch_id"].to_pylist(), *hidden["patch_id"].to_pylist()]
    assert quality["patch_id"].to_pylist() == sorted(names)
    assert max(quality["cloud"].to_pylist()) == 1

    reben("build", "--l2a", product, *common, "--max-cloud", "0.5", "--cloud-share", "0.1", "--output",
              tmp_path / "clearer")  # fmt: skip
    report = json.loads((tmp_path / "clearer" / "build-report.json").read_text())
    assert report["patches"]["too cloudy"] == 1
    kept = read_metadata(tmp_path / "clearer" / "metadata.parquet")
    assert kept.num_rows == 13  # the shadow is below a tenth, and snow has a table of its own

    bare = make_product(tmp_path / "bare", tile)
    reben("build", "--l2a", bare, *common, "--output", tmp_path / "unknown")
    rows = read_metadata(tmp_path / "unknown" / "metadata.parquet")
    assert rows["contains_cloud_or_shadow"].null_count == rows.num_rows == 15  # nobody has looked
    assert not (tmp_path / "unknown" / "quality.parquet").exists()
    command = ("build", "--l2a", bare, *common, "--max-cloud", "0.5", "--output", tmp_path / "no")
    said = reben(*command, code=1).stderr
    assert "--max-cloud cannot be applied" in said


def test_splits_by_blocks_are_kept_apart_and_verified(
    make_product: Callable[..., Path], small_land_cover: Path, tmp_path: Path
):
    product = make_product(tmp_path, "S2A_MSIL2A_20170613T101031_N9999_R022_T33UUP")
    data = tmp_path / "data"
    reben("build", "--l2a", product, "--land-cover", small_land_cover, "--split-by", "blocks", "--block-km", "5",
          "--split-seed", "3", "--output", data)  # fmt: skip
    report = json.loads((data / "build-report.json").read_text())
    counts = report["patches"]
    assert counts["in blocks of two splits"] + counts["kept"] + counts["with invalid pixels"] == 16
    assert report["leakage"]["test_patches_on_training_ground"] == 0
    assert report["parameters"]["split_by"] == "blocks"
    assert "## Ground that splits share" in (data / "build-report.md").read_text()
    assert "all is well" in reben("verify", data).stdout
    rows = pq.read_table(data / "metadata.parquet")
    other = {"train": "test", "test": "validation", "validation": "train"}[rows["split"][0].as_py()]
    changed = rows.set_column(2, "split", pa.array([other, *rows["split"].to_pylist()[1:]]))
    write_metadata(data / "metadata.parquet", changed)
    assert f"is in {other}; expected" in reben("verify", data, code=1).stdout
    said = reben("build", "--l2a", product, "--land-cover", small_land_cover, "--split-by", "country", "--output",
                 tmp_path / "no", code=1).stderr  # fmt: skip
    assert "a split by country needs at least 3" in said
