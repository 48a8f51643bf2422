"""What a build did: for programs (JSON) and for people (Markdown)."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyogrio
import pyproj
import rasterio
import shapely

from reben.version import __version__

Report = dict[str, Any]


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


def total_counts(records: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    """Patches per fate over all tiles."""
    totals: Counter[str] = Counter()
    for record in records:
        totals.update(record["patches"])
    return dict(totals)


def kept_per(rows: pa.Table) -> dict[str, dict[str, int]]:
    """Patches per split, country and label, most frequent first."""
    columns = {
        "split": rows["split"].to_pylist(),
        "country": rows["country"].to_pylist(),
        "label": pc.list_flatten(rows["labels"]).to_pylist(),
    }
    return {name: dict(Counter(values).most_common()) for name, values in columns.items()}


def stage_seconds(records: Iterable[Mapping[str, Any]]) -> dict[str, float]:
    """Time per stage over all tiles."""
    totals: Counter[str] = Counter()
    for record in records:
        totals.update(record["seconds"])
    return {stage: round(seconds, 2) for stage, seconds in totals.items()}


def as_markdown(report: Report) -> str:
    """The report as a page to read."""
    kept = report["patches"].get("kept", 0)
    lines = [
        f"# Build report: {kept:,} patches from {len(report['tiles'])} tiles",
        "",
        "## Patches",
        "",
        *_table(("patches", "number"), report["patches"]),
        *_table(("split", "patches"), report["kept per split"]),
        *_table(("country", "patches"), report["kept per country"]),
        *_table(("label", "patches"), report["kept per label"]),
        "## Overlaps of tiles of one season",
        "",
        _overlap_sentence(report["overlaps"]),
        "",
        *_gap_sentence(report["tiles"]),
    ]
    lines += _listed("Rejected tiles", {tile: ", ".join(why) for tile, why in report["rejected tiles"].items()})
    lines += _listed("Failed tiles", report["failed tiles"])
    lines += _listed("Left out", report.get("left out", {}))
    if report.get("remarks"):
        lines += ["## Remarks", "", *(f"- {remark}" for remark in report["remarks"]), ""]
    lines += ["## Time", "", *_table(("stage", "seconds, all tiles"), report["seconds per stage"])]
    lines += ["## Versions", "", ", ".join(f"{name} {version}" for name, version in report["versions"].items()), ""]
    return "\n".join(lines)


def _table(head: tuple[str, str], values: Mapping[str, float]) -> list[str]:
    rows = [f"| {name} | {value:,} |" for name, value in values.items()]
    return [f"| {head[0]} | {head[1]} |", "|---|---:|", *rows, ""]


def _listed(title: str, entries: Mapping[str, str]) -> list[str]:
    return [f"## {title}", "", *(f"- {name}: {text}" for name, text in entries.items()), ""] if entries else []


def _gap_sentence(tiles: Mapping[str, Mapping[str, Any]]) -> list[str]:
    gaps_h = {tile: record.get("hours to Sentinel-1, at most") for tile, record in tiles.items()}
    known = {tile: gap for tile, gap in gaps_h.items() if gap is not None}
    if not known:
        return []
    tile = max(known, key=lambda name: known[name])
    return [f"Sentinel-1 and Sentinel-2 are at most {known[tile]:,.1f} hours apart ({tile}).", ""]


def _overlap_sentence(found: list[dict[str, Any]]) -> str:
    if not found:
        return "No two tiles of one season have patches with common ground."
    pairs = sum(overlap["pairs of patches"] for overlap in found)
    across = sum(overlap["pairs across splits"] for overlap in found)
    verdict = "none of them across splits" if not across else f"**{across:,} of them across splits**"
    return f"{len(found)} pairs of tiles overlap, with {pairs:,} pairs of patches on common ground; {verdict}."
