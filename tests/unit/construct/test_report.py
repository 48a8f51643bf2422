import json
from typing import Any

import pyarrow as pa
import pytest

from reben.construct.report import as_markdown, kept_per, stage_seconds, total_counts, versions

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5, 7)]


@pytest.fixture
def report() -> dict[str, Any]:
    """Of a build of one tile, with one that was rejected and one that failed."""
    return {
        "versions": {"reben": "1.2.3", "GDAL": "3.9"},
        "patches": {"in the grid": 8281, "with invalid pixels": 281, "kept": 8000},
        "kept per split": {"train": 6000, "validation": 1000, "test": 1000},
        "kept per country": {"Austria": 8000},
        "kept per label": {"Pastures": 8000, "Inland waters": 12},
        "overlaps": [],
        "rejected tiles": {TILES[1]: ["GEOMETRIC_QUALITY is FAILED", "SENSOR_QUALITY is missing"]},
        "failed tiles": {TILES[2]: "B08.jp2: cannot be read"},
        "seconds per stage": {"decode": 1234.5, "write patches": 2.0},
        "tiles": {TILES[0]: {}},
    }


def overlap(pairs: int, across: int) -> dict[str, Any]:
    return {"tiles": TILES[:2], "season": "summer 2017", "pairs of patches": pairs, "pairs across splits": across}


def test_counts_and_times_over_all_tiles():
    records = [
        {"patches": {"in the grid": 16, "kept": 3}, "seconds": {"decode": 1.111, "sync": 0.5}},
        {"patches": {"in the grid": 16, "kept": 0}, "seconds": {"decode": 2.222}},
    ]
    assert total_counts(records) == {"in the grid": 32, "kept": 3}
    assert stage_seconds(records) == {"decode": 3.33, "sync": 0.5}
    assert total_counts([]) == stage_seconds([]) == {}


def test_patches_per_split_country_and_label():
    rows = pa.table(
        {
            "split": ["train", "test", "test"],
            "country": ["Austria", None, "Austria"],
            "labels": [["Pastures"], ["Inland waters", "Pastures"], ["Pastures"]],
        }
    )
    found = kept_per(rows)
    assert list(found["split"].items()) == [("test", 2), ("train", 1)]
    assert list(found["label"].items()) == [("Pastures", 3), ("Inland waters", 1)]
    assert found["country"]["Austria"] == 2
    json.dumps(found, allow_nan=False)


def test_versions_of_all_that_decides_the_bytes():
    found = versions()
    assert {"reben", "GDAL", "PROJ", "GEOS", "numpy", "rasterio", "pyogrio", "shapely", "pyarrow"} <= set(found)
    assert all(version[0].isdecimal() for version in found.values())


def test_a_page_to_read(report: dict[str, Any]):
    page = as_markdown(report)
    assert page.startswith("# Build report: 8,000 patches from 1 tiles\n\n")
    for line in (
        "| in the grid | 8,281 |",
        "| split | patches |",
        "| train | 6,000 |",
        "| Austria | 8,000 |",
        "| Inland waters | 12 |",
        "| decode | 1,234.5 |",
        "No two tiles of one season have patches with common ground.",
        f"- {TILES[1]}: GEOMETRIC_QUALITY is FAILED, SENSOR_QUALITY is missing",
        f"- {TILES[2]}: B08.jp2: cannot be read",
        "reben 1.2.3, GDAL 3.9",
    ):
        assert line in page.splitlines()
    assert page.endswith("\n")


def test_every_heading_and_table_stands_alone(report: dict[str, Any]):
    """Markdown takes a table or a heading for text if the line before is not empty."""
    lines = as_markdown(report).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#"):
            assert number == 0 or not lines[number - 1]
            assert not lines[number + 1]
        if line.startswith("|---"):
            assert lines[number - 1].count("|") == line.count("|") == 3
            assert not lines[number - 2]


def test_nothing_rejected_and_nothing_failed(report: dict[str, Any]):
    page = as_markdown(report | {"rejected tiles": {}, "failed tiles": {}})
    assert "Rejected" not in page
    assert "Failed" not in page


def test_overlaps_in_words(report: dict[str, Any]):
    page = as_markdown(report | {"overlaps": [overlap(1200, 0), overlap(34, 0)]})
    assert "2 pairs of tiles overlap, with 1,234 pairs of patches on common ground; none of them across splits." in page
    page = as_markdown(report | {"overlaps": [overlap(1200, 1000), overlap(34, 5)]})
    assert "; **1,005 of them across splits**." in page
