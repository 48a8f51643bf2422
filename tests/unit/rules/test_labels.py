from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from numpy.typing import NDArray

from reben.core.classes import CLC2018
from reben.io.tiff.geotiff import read_band
from reben.rules.labels import MIN_LABELLED, is_labelled_enough, present_labels


def labelled(count: int, size: int) -> NDArray[np.int8]:
    """A class map of `size` pixels, of which `count` are labelled."""
    class_map = np.full(size, -1, np.int8)
    class_map[:count] = 3
    return class_map


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([[211, 211], [211, 211]], ["Arable land"]),
        ([[512, 111], [211, 112]], ["Arable land", "Inland waters", "Urban fabric"]),
        ([[999, 122], [334, 523]], ["Marine waters"]),
        ([[999, 122], [334, 999]], []),
    ],
)
def test_labels_are_the_classes_present_sorted_by_name(codes: list[list[int]], expected: list[str]) -> None:
    assert present_labels(CLC2018.class_map(np.array(codes, np.uint16)), CLC2018) == expected


def test_one_pixel_makes_a_label() -> None:
    codes = np.full((120, 120), 311, np.uint16)
    codes[119, 0] = 121
    assert present_labels(CLC2018.class_map(codes), CLC2018) == [
        "Broad-leaved forest",
        "Industrial or commercial units",
    ]


def test_real_reference_map_has_the_published_labels(shared_data: Path) -> None:
    (path,) = (shared_data / "patches" / "Reference_Maps").rglob("*.tif")
    rows = pq.read_table(shared_data / "patches" / "metadata.parquet").to_pylist()
    class_map = CLC2018.class_map(read_band(path))
    (expected,) = [row["labels"] for row in rows if row["patch_id"] == path.parent.name]
    assert present_labels(class_map, CLC2018) == expected
    assert is_labelled_enough(class_map)


@pytest.mark.parametrize(
    ("count", "stays"),
    [(14_400, True), (10_801, True), (10_800, False), (10_799, False), (1, False), (0, False)],
)
def test_patch_stays_if_more_than_75_percent_are_labelled(count: int, stays: bool) -> None:
    assert MIN_LABELLED == 0.75
    assert is_labelled_enough(labelled(count, 14_400).reshape(120, 120)) is stays


@pytest.mark.parametrize(
    ("count", "min_labelled", "stays"),
    [(1, 0, True), (0, 0, False), (50, 0.5, False), (51, 0.5, True), (100, 1, False), (100, 0.99, True)],
)
def test_share_is_a_parameter(count: int, min_labelled: float, stays: bool) -> None:
    assert is_labelled_enough(labelled(count, 100), min_labelled) is stays


def test_patch_without_pixels_does_not_stay() -> None:
    assert not is_labelled_enough(np.zeros((0, 0), np.int8), 0)
