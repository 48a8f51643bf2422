"""Every kind of damage that a data set of GeoTIFFs may have is found, and named."""

import shutil
from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.transform import from_origin

from reben.core.errors import MetadataError
from reben.io.dataset.metadata import read_metadata, write_metadata
from reben.io.dataset.paths import DatasetPaths
from reben.io.tiff.geotiff import read_band, write_reference_map
from reben.verify.dataset import verify_dataset
from reben.verify.findings import Check
from reben.verify.patch_check import LABELS, PLAUSIBLE, PRESENT, STRAYS, VALID


@pytest.fixture
def dataset(tiny_dataset: DatasetPaths, tmp_path: Path) -> DatasetPaths:
    """A copy to damage."""
    shutil.copytree(tiny_dataset.root, tmp_path / "dataset")
    return DatasetPaths(tmp_path / "dataset")


def different(checks: list[Check]) -> dict[str, list[str]]:
    """Findings by rule."""
    return {check.rule: [finding.what for finding in check.findings] for check in checks if check.differences}


def some_file(paths: DatasetPaths, pattern: str) -> Path:
    return min(paths.root.rglob(pattern))


def change(path: Path, pixels: np.ndarray | None = None, **profile: object) -> None:
    """Write a raster again with other pixels or another profile."""
    with rasterio.open(path) as source:
        old, pixels = source.profile, source.read(1) if pixels is None else pixels
    if "crs" not in profile and "transform" not in profile:
        profile = {"height": pixels.shape[0], "width": pixels.shape[1], "dtype": pixels.dtype} | profile
    with rasterio.open(path, "w", **(old | profile)) as target:
        target.write(pixels, 1)


@pytest.mark.parametrize("workers", [1, 2])
def test_a_whole_data_set_has_no_differences(tiny_dataset: DatasetPaths, workers: int):
    steps: list[int] = []
    totals: list[int] = []

    def start(total: int):
        totals.append(total)
        return steps.append

    checks = verify_dataset(tiny_dataset.root, workers=workers, start=start)
    patches = len(list(tiny_dataset.s2.glob("*/*")))
    assert not different(checks)
    assert {check.rule: check.checked for check in checks if check.rule in {PRESENT, VALID, LABELS, STRAYS}} == {
        PRESENT: 15 * patches,
        VALID: 14 * patches,
        LABELS: patches,
        STRAYS: patches,
    }
    assert sum(steps) == sum(totals) == patches


def test_the_published_patches_have_no_differences(real_patches: DatasetPaths, tmp_path: Path):
    """Eleven of the twelve have no reference map here, so that part is left out."""
    for folder in (real_patches.s2, real_patches.s1):
        shutil.copytree(folder, tmp_path / folder.name)
    for table in (real_patches.metadata, real_patches.snow_and_cloud_metadata):
        shutil.copyfile(table, tmp_path / table.name)
    checks = verify_dataset(tmp_path)
    assert not different(checks)
    assert LABELS not in {check.rule for check in checks}


@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_VH.tif", "*_reference_map.tif"])
def test_a_missing_file(dataset: DatasetPaths, pattern: str):
    path = some_file(dataset, pattern)
    path.unlink()
    assert different(verify_dataset(dataset.root)) == {PRESENT: [f"{path}: cannot be read (No such file or directory)"]}


@pytest.mark.parametrize("pattern", ["*_B02.tif", "*_VH.tif", "*_reference_map.tif"])
def test_a_truncated_file(dataset: DatasetPaths, pattern: str):
    path = some_file(dataset, pattern)
    path.write_bytes(path.read_bytes()[:-20])
    (message,) = different(verify_dataset(dataset.root))[PRESENT]
    assert str(path) in message


@pytest.mark.parametrize(
    ("profile", "message"),
    [
        ({"crs": "EPSG:32632"}, "has CRS EPSG:32632; expected EPSG:32631"),
        ({"transform": from_origin(0, 0, 20, 20)}, r"covers (0.0, -1200.0, 1200.0, 0.0); expected"),
    ],
)
@pytest.mark.parametrize("pattern", ["*_B05.tif", "*_B8A.tif"])
def test_a_file_of_another_place(dataset: DatasetPaths, pattern: str, profile: dict, message: str):
    change(some_file(dataset, pattern), **profile)
    (found,) = different(verify_dataset(dataset.root))[PRESENT]
    assert message in found


def test_a_reference_map_of_another_place(dataset: DatasetPaths):
    path = some_file(dataset, "*_reference_map.tif")
    write_reference_map(path, read_band(path), crs="EPSG:32631", transform=from_origin(0, 0, 10, 10))
    (found,) = different(verify_dataset(dataset.root))[PRESENT]
    assert "covers (0.0, -1200.0, 1200.0, 0.0)" in found


def test_wrong_size_and_type(dataset: DatasetPaths):
    change(some_file(dataset, "*_B05.tif"), np.ones((59, 60), np.uint16))
    change(some_file(dataset, "*_B06.tif"), np.ones((60, 60), np.float32))
    first, second = different(verify_dataset(dataset.root))[PRESENT]
    assert "has 59 x 60 pixels of uint16; expected 60 x 60 of uint16" in first
    assert "has 60 x 60 pixels of float32; expected 60 x 60 of uint16" in second


def test_other_bytes_of_equal_meaning_are_no_difference(dataset: DatasetPaths):
    change(some_file(dataset, "*_B05.tif"), compress="lzw")
    assert not different(verify_dataset(dataset.root))


def test_invalid_pixels(dataset: DatasetPaths):
    for pattern, value in (("*_B11.tif", 0), ("*_VV.tif", np.nan)):
        path = some_file(dataset, pattern)
        pixels = read_band(path).copy()
        pixels[3, 3] = value
        change(path, pixels)
    assert sorted(different(verify_dataset(dataset.root))[VALID]) == ["B11 has invalid pixels", "VV has invalid pixels"]


def test_sentinel1_that_is_no_backscatter(dataset: DatasetPaths):
    path = some_file(dataset, "*_VH.tif")
    pixels = read_band(path).copy()
    pixels[3, 3] = -9999
    change(path, pixels)
    assert different(verify_dataset(dataset.root)) == {PLAUSIBLE: ["VH has a value of -9999"]}


def test_labels_that_do_not_follow_from_the_map(dataset: DatasetPaths):
    paths = sorted(dataset.root.rglob("*_reference_map.tif"))
    for path, codes in zip(paths, (np.full((120, 120), 999), np.full((120, 120), 77)), strict=False):
        with rasterio.open(path) as source:
            place = {"crs": str(source.crs), "transform": source.transform}
        write_reference_map(path, codes.astype(np.uint16), **place)
    messages = different(verify_dataset(dataset.root))[LABELS]
    assert any("its reference map gives []" in message for message in messages)
    assert "75% of its pixels or less are labelled" in messages
    assert "code 77 is not part of legend CLC2018" in messages


def test_a_wrong_split(dataset: DatasetPaths):
    table = read_metadata(dataset.metadata)
    splits = ["test" if split == "train" else split for split in table["split"].to_pylist()]
    write_metadata(dataset.metadata, table.set_column(2, table.schema.field("split"), [splits]))
    (messages,) = different(verify_dataset(dataset.root)).values()
    assert all("is in test; expected train" in message for message in messages)


def test_what_no_row_names(dataset: DatasetPaths):
    first = some_file(dataset, "*_B02.tif").parent
    stray = first.with_name(f"{first.name[:-5]}90_90")
    shutil.copytree(first, stray)
    (check,) = (check for check in verify_dataset(dataset.root) if check.differences)
    assert check.rule == STRAYS
    assert [finding.where for finding in check.findings] == [str(stray)]


def test_a_tile_none_of_whose_patches_can_be_read(dataset: DatasetPaths):
    for path in dataset.root.rglob("*_B02.tif"):
        path.write_bytes(b"")
    checks = verify_dataset(dataset.root)
    (present,) = (check for check in checks if check.rule == PRESENT)
    assert present.differences == read_metadata([dataset.metadata, dataset.snow_and_cloud_metadata]).num_rows


def test_no_tables_and_a_broken_report(dataset: DatasetPaths):
    dataset.report.write_text('{"parameters": 3}')
    with pytest.raises(MetadataError, match="is not a build report"):
        verify_dataset(dataset.root)
    dataset.report.unlink()
    dataset.metadata.unlink()
    dataset.snow_and_cloud_metadata.unlink()
    with pytest.raises(MetadataError, match="has no metadata table"):
        verify_dataset(dataset.root)


def test_files_that_belong_to_no_patch(dataset: DatasetPaths):
    patch = some_file(dataset, "*_B02.tif").parent
    for path in (dataset.s2 / ".DS_Store", patch / "thumbnail.png", patch.parent / "notes.txt"):
        path.write_text("")
    (check,) = (check for check in verify_dataset(dataset.root) if check.differences)
    assert check.rule == STRAYS
    assert {Path(finding.where).name for finding in check.findings} == {".DS_Store", "thumbnail.png", "notes.txt"}
