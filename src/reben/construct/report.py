"""What a build did: a typed report, as JSON for programs and as Markdown for people."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyproj
import rasterio
import shapely
from pydantic import BaseModel

from reben.compare.leakage import Leakage
from reben.construct.overlaps import Overlap
from reben.core.errors import BuildError
from reben.core.grid import TileExtent
from reben.io.records import read_record, record_config
from reben.version import __version__

FORMAT_VERSION = 2
"""1 had keys that are phrases, such as "kept per split"; it is still read."""

_OLD_NAMES = {
    "extent": "ground",
    "joined_with": "joined with",
    "repaired_polygons": "repaired polygons",
    "largest_gap_h": "hours to Sentinel-1, at most",
    "added_to_numbers": "added to digital numbers",
    "peak_memory_bytes": "peak memory of the worker (bytes)",
    "compared_with": "compared with",
    "finished_s": "finished (seconds since 1970)",
    "kept_per_split": "kept per split",
    "kept_per_country": "kept per country",
    "kept_per_label": "kept per label",
    "seconds_per_stage": "seconds per stage",
    "rejected_tiles": "rejected tiles",
    "failed_tiles": "failed tiles",
    "left_out": "left out",
}
"""In reports of format 1."""


class _Record(BaseModel):
    model_config = record_config(_OLD_NAMES)


class TileRecord(_Record):
    """What became of a tile."""

    product: str
    joined_with: tuple[str, ...] = ()
    """Further products of the same acquisition, with the pixels that the first one lacks."""
    extent: TileExtent
    patches: dict[str, int]
    """Number of patches by what became of them."""
    repaired_polygons: int = 0
    largest_gap_h: float | None = None
    """Hours between Sentinel-2 and Sentinel-1, at most; None without scenes."""
    added_to_numbers: dict[str, int] = {}
    """Processing offset of each band, in digital numbers."""
    seconds: dict[str, float]
    """By stage."""
    peak_memory_bytes: int = 0
    """Of the worker."""
    sha256: dict[str, str]
    """Of the files of the products, by path."""
    compared_with: tuple[str, ...] = ()
    """Checksums of the product with which its images were compared."""
    finished_s: float = 0
    """When it was finished, in seconds since 1970; 0 if that is not known."""


class BuildReport(_Record):
    """What a build did."""

    format_version: int = 1
    versions: dict[str, str] = {}
    """Of what decides the bytes."""
    parameters: dict[str, Any]
    inputs: dict[str, str] = {}
    """SHA-256 of the input files, by path."""
    patches: dict[str, int]
    """Number of patches of all tiles by what became of them."""
    kept_per_split: dict[str, int] = {}
    kept_per_country: dict[str, int] = {}
    kept_per_label: dict[str, int] = {}
    overlaps: tuple[Overlap, ...]
    leakage: Leakage | None = None
    """How near the splits are to one another; None in reports of earlier versions."""
    seconds_per_stage: dict[str, float] = {}
    """Over all tiles."""
    tiles: dict[str, TileRecord]
    rejected_tiles: dict[str, tuple[str, ...]] = {}
    """Why, by tile."""
    failed_tiles: dict[str, str]
    """Error messages by tile, if errors were skipped."""
    left_out: dict[str, str] = {}
    """Why what lies beside the products was not used, by path."""
    remarks: tuple[str, ...] = ()
    seconds: float = 0
    """Of the command."""


def read_report(path: Path) -> BuildReport:
    """Read a report of this or an earlier format.

    Raises:
        BuildError: if it cannot be read.
    """
    hint = "give a build-report.json that `reben build` wrote"
    return read_record(path, BuildReport, error=BuildError, hint=hint)


def versions() -> dict[str, str]:
    """Versions of what decides the bytes of a data set."""
    return {
        "reben": __version__,
        "rasterio": rasterio.__version__,
        "GDAL": rasterio.__gdal_version__,
        "PROJ": pyproj.proj_version_str,
        "GEOS": shapely.geos_version_string,
        "pyogrio": pyogrio.__version__,
        "shapely": shapely.__version__,
        "numpy": np.__version__,
        "pyarrow": pa.__version__,
    }


def total_counts(records: Iterable[TileRecord]) -> dict[str, int]:
    """Patches per fate over all tiles."""
    totals: Counter[str] = Counter()
    for record in records:
        totals.update(record.patches)
    return dict(totals)


def kept_per(rows: pa.Table) -> dict[str, dict[str, int]]:
    """Patches per split, country and label, most frequent first."""
    columns = {
        "split": rows["split"].to_pylist(),
        "country": rows["country"].fill_null("unknown").to_pylist(),
        "label": pc.list_flatten(rows["labels"]).to_pylist(),
    }
    return {name: dict(Counter(values).most_common()) for name, values in columns.items()}


def stage_seconds(records: Iterable[TileRecord]) -> dict[str, float]:
    """Time per stage over all tiles."""
    totals: Counter[str] = Counter()
    for record in records:
        totals.update(record.seconds)
    return {stage: round(seconds, 2) for stage, seconds in totals.items()}


def as_markdown(report: BuildReport) -> str:
    """The report as a page to read."""
    kept = report.patches.get("kept", 0)
    lines = [
        f"# Build report: {kept:,} patches from {len(report.tiles)} tiles",
        "",
        "## Patches",
        "",
        *_table(("patches", "number"), report.patches),
        *_table(("split", "patches"), report.kept_per_split),
        *_table(("country", "patches"), report.kept_per_country),
        *_table(("label", "patches"), report.kept_per_label),
        "## Overlaps of tiles of one season",
        "",
        _overlap_sentence(report.overlaps),
        "",
        *_leakage_lines(report.leakage),
        *_gap_sentence(report.tiles),
    ]
    lines += _listed("Rejected tiles", {tile: ", ".join(why) for tile, why in report.rejected_tiles.items()})
    lines += _listed("Failed tiles", report.failed_tiles)
    lines += _listed("Left out", report.left_out)
    if report.remarks:
        lines += ["## Remarks", "", *(f"- {remark}" for remark in report.remarks), ""]
    lines += ["## Time", "", *_table(("stage", "seconds, all tiles"), report.seconds_per_stage)]
    lines += ["## Versions", "", ", ".join(f"{name} {version}" for name, version in report.versions.items()), ""]
    return "\n".join(lines)


def _table(head: tuple[str, str], values: Mapping[str, float]) -> list[str]:
    rows = [f"| {name} | {value:,} |" for name, value in values.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *rows, ""]


def _listed(title: str, entries: Mapping[str, str]) -> list[str]:
    return [f"## {title}", "", *(f"- {name}: {text}" for name, text in entries.items()), ""] if entries else []


def _gap_sentence(tiles: Mapping[str, TileRecord]) -> list[str]:
    gaps_h = {tile: record.largest_gap_h for tile, record in tiles.items()}
    known = {tile: gap for tile, gap in gaps_h.items() if gap is not None}
    if not known:
        return []
    tile = max(known, key=lambda name: known[name])
    return [f"Sentinel-1 and Sentinel-2 are at most {known[tile]:,.1f} hours apart ({tile}).", ""]


def _leakage_lines(found: Leakage | None) -> list[str]:
    """What splits share, and how far apart they are."""
    if found is None:
        return []
    on_training = found.test_patches_on_training_ground
    lines = [
        "## Ground that splits share",
        "",
        f"{on_training:,} of {found.patches['test']:,} test patches share ground with a training patch.",
        "",
        *_table(
            ("test patches on training ground", "number"),
            {
                "same square, same season": found.same_season.test_patches,
                "same square, other season": found.other_season.test_patches,
                "overlapping tiles, same season": found.tiles_same_season.test_patches,
                "overlapping tiles, other season": found.tiles_other_season.test_patches,
            },
        ),
        "",
    ]
    if found.distances:
        lines += [
            "| nearest patch of the other split | smallest | median | patches that touch it |",
            "|---|---:|---:|---:|",
        ]
        lines += [
            f"| {pair} | {d.smallest_m:,.0f} m | {d.median_m:,.0f} m | {d.touching:,} |"
            for pair, d in found.distances.items()
        ]
        lines += [""]
    return lines


def _overlap_sentence(found: Sequence[Overlap]) -> str:
    if not found:
        return "No two tiles of one season have patches with common ground."
    pairs = sum(overlap.pairs for overlap in found)
    across = sum(overlap.across_splits for overlap in found)
    verdict = "none of them across splits" if not across else f"**{across:,} of them across splits**"
    return f"{len(found)} pairs of tiles overlap, with {pairs:,} pairs of patches on common ground; {verdict}."
