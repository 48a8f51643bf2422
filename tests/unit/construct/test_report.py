import json
from pathlib import Path

import pyarrow as pa
import pytest

from reben.construct.overlaps import Overlap
from reben.construct.report import (
    BuildReport,
    TileRecord,
    as_markdown,
    kept_per,
    read_report,
    stage_seconds,
    total_counts,
    versions,
)
from reben.core.errors import BuildError

TILES = [f"S2A_MSIL2A_2017061{day}T101031_N9999_R022_T33UUP" for day in (3, 5, 7)]


@pytest.fixture
def report() -> BuildReport:
    """Of a build of one tile, with one that was rejected and one that failed."""
    return BuildReport.model_validate(
        {
            "parameters": {},
            "versions": {"reben": "1.2.3", "GDAL": "3.9"},
            "patches": {"in the grid": 8281, "with invalid pixels": 281, "kept": 8000},
            "kept per split": {"train": 6000, "validation": 1000, "test": 1000},
            "kept per country": {"Austria": 8000},
            "kept per label": {"Pastures": 8000, "Inland waters": 12},
            "overlaps": [],
            "rejected tiles": {TILES[1]: ["GEOMETRIC_QUALITY is FAILED", "SENSOR_QUALITY is missing"]},
            "failed tiles": {TILES[2]: "B08.jp2: cannot be read"},
            "seconds per stage": {"decode": 1234.5, "write patches": 2.0},
            "tiles": {TILES[0]: TILE},
        }
    )


TILE = {
    "product": "a.SAFE",
    "ground": {"crs": "EPSG:32633", "ulx_m": 300_000, "uly_m": 5_400_000, "side_m": 4_800},
    "patches": {"in the grid": 8281},
    "seconds": {"decode": 1234.5},
    "sha256": {},
}


def overlap(pairs: int, across: int) -> Overlap:
    return Overlap(tiles=(TILES[0], TILES[1]), season="summer 2017", pairs=pairs, across_splits=across)


def test_counts_and_times_over_all_tiles():
    records = [
        {"patches": {"in the grid": 16, "kept": 3}, "seconds": {"decode": 1.111, "sync": 0.5}},
        {"patches": {"in the grid": 16, "kept": 0}, "seconds": {"decode": 2.222}},
    ]
    records = [TileRecord.model_validate(TILE | changes) for changes in records]
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
    assert found["country"] == {"Austria": 2, "unknown": 1}
    json.dumps(found, allow_nan=False)


def test_versions_of_all_that_decides_the_bytes():
    found = versions()
    assert {"reben", "GDAL", "PROJ", "GEOS", "numpy", "rasterio", "pyogrio", "shapely", "pyarrow"} <= set(found)
    assert all(version[0].isdecimal() for version in found.values())


def test_a_page_to_read(report: BuildReport):
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


def test_every_heading_and_table_stands_alone(report: BuildReport):
    """Markdown takes a table or a heading for text if the line before is not empty."""
    lines = as_markdown(report).splitlines()
    for number, line in enumerate(lines):
        if line.startswith("#"):
            assert number == 0 or not lines[number - 1]
            assert not lines[number + 1]
        if line.startswith("|---"):
            assert lines[number - 1].count("|") == line.count("|") == 3
            assert not lines[number - 2]


def test_nothing_rejected_and_nothing_failed(report: BuildReport):
    page = as_markdown(report.model_copy(update={"rejected_tiles": {}, "failed_tiles": {}}))
    assert "Rejected" not in page
    assert "Failed" not in page


def test_overlaps_in_words(report: BuildReport):
    page = as_markdown(report.model_copy(update={"overlaps": (overlap(1200, 0), overlap(34, 0))}))
    assert "2 pairs of tiles overlap, with 1,234 pairs of patches on common ground; none of them across splits." in page
    page = as_markdown(report.model_copy(update={"overlaps": (overlap(1200, 1000), overlap(34, 5))}))
    assert "; **1,005 of them across splits**." in page


def test_a_report_is_read_as_it_was_written(report: BuildReport, tmp_path: Path):
    path = tmp_path / "build-report.json"
    path.write_text(report.model_dump_json())
    assert read_report(path) == report


def test_reports_of_the_first_format_are_read(tmp_path: Path):
    path = tmp_path / "build-report.json"
    tile = TILE | {"joined with": ["b.SAFE"], "peak memory of the worker (bytes)": 7, "hours to Sentinel-1, at most": 2}
    old = {
        "parameters": {}, "patches": {"kept": 1}, "kept per split": {"test": 1}, "tiles": {TILES[0]: tile},
        "overlaps": [{"tiles": TILES[:2], "season": "summer 2017", "pairs of patches": 7, "pairs across splits": 2}],
        "failed tiles": {TILES[1]: "damaged"}, "rejected tiles": {}, "seconds per stage": {"decode": 1.5},
    }  # fmt: skip
    path.write_text(json.dumps(old))
    found = read_report(path)
    assert (found.format_version, found.kept_per_split, found.failed_tiles) == (1, {"test": 1}, {TILES[1]: "damaged"})
    assert found.overlaps == (overlap(7, 2),)
    record = found.tiles[TILES[0]]
    assert (record.joined_with, record.peak_memory_bytes, record.largest_gap_h) == (("b.SAFE",), 7, 2)


@pytest.mark.parametrize("content", ["[]", "{}", '{"patches": 3}', "no JSON"])
def test_what_is_not_a_report_is_refused(content: str, tmp_path: Path):
    (tmp_path / "build-report.json").write_text(content)
    with pytest.raises(BuildError, match=r"build-report\.json: ") as caught:
        read_report(tmp_path / "build-report.json")
    assert "reben build" in caught.value.hint
