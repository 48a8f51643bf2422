"""Where tiles lie, from a build report, a table, or their names."""

from collections.abc import Iterator, Mapping, Sequence
from math import isfinite
from pathlib import Path
from typing import Any

from reben.core.errors import GridError, MetadataError, NameFormatError
from reben.core.grid import TILE_SIDE_M, TileExtent
from reben.core.mgrs import tile_extent
from reben.core.names import TileName
from reben.io.dataset.paths import DatasetPaths
from reben.io.small_files import MOST_REPORT_BYTES, read_csv, read_json

_COLUMNS = ("tile", "crs", "ulx_m", "uly_m")
_HINT = f"give a build-report.json, or a CSV file with the columns {', '.join(_COLUMNS)}"
_LARGEST_SIDE_M = 1_000_000


class TileExtents(Mapping[str, TileExtent]):
    """Where tiles lie: as a file says, else as the names of Sentinel-2's tiles tell.

    Args:
        known: by tile id.
    """

    def __init__(self, known: Mapping[str, TileExtent]) -> None:
        self._known = known

    def __getitem__(self, tile: str) -> TileExtent:
        if tile in self._known:
            return self._known[tile]
        try:
            return tile_extent(TileName.parse(tile).mgrs)
        except (NameFormatError, GridError) as error:
            raise KeyError(tile) from error

    def __iter__(self) -> Iterator[str]:
        return iter(self._known)

    def __len__(self) -> int:
        return len(self._known)


def find_tile_extents(file: Path | None, metadata: Sequence[Path] = ()) -> TileExtents:
    """Where tiles lie: as `file` says, or the build report beside the metadata tables, or as their names tell.

    Raises:
        MetadataError: if a file cannot be read.
    """
    reports = [DatasetPaths(table.parent).report for table in metadata]
    chosen = [file] if file is not None else [report for report in dict.fromkeys(reports) if report.exists()]
    return TileExtents({tile: extent for path in chosen for tile, extent in read_tile_extents(path).items()})


def read_tile_extents(path: Path) -> dict[str, TileExtent]:
    """Ground by tile id.

    Args:
        path: `build-report.json`, or a CSV file with the columns tile, crs (such as EPSG:32633), ulx_m and uly_m (the
            upper left corner) and, if tiles have another side than Sentinel-2's, side_m.

    Raises:
        MetadataError: if the file cannot be read or lacks something.
    """
    if path.suffix == ".json":
        return _of_report(path)
    return dict(_of_table(path))


def _of_report(path: Path) -> dict[str, TileExtent]:
    report = read_json(path, error=MetadataError, hint=_HINT, most_bytes=MOST_REPORT_BYTES)
    try:
        return {tile: _extent(record.get("extent") or record["ground"]) for tile, record in report["tiles"].items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise MetadataError(f"{path}: cannot be read as the places of tiles ({error!r})", hint=_HINT) from error


def _of_table(path: Path) -> Iterator[tuple[str, TileExtent]]:
    """Tile and ground of each line.

    Raises:
        MetadataError: at the first line that lacks something, or has a value that is none.
    """
    columns: list[str] = []
    for row in read_csv(path, error=MetadataError, hint=_HINT):
        cells = [cell.strip() for cell in row.cells]
        if not columns:
            columns = [cell.lower() for cell in cells]
            continue
        values = dict(zip(columns, cells, strict=False))
        missing = [name for name in _COLUMNS if not values.get(name)]
        if missing:
            raise MetadataError(f"{row.place}: has no {', '.join(missing)}", hint=_HINT)
        try:
            yield values["tile"], _extent(values)
        except (ValueError, OverflowError) as error:
            raise MetadataError(f"{row.place}: {error}", hint=_HINT) from error


def _extent(values: Mapping[str, Any]) -> TileExtent:
    """A ground out of texts or numbers.

    Raises:
        ValueError, TypeError, OverflowError: if a value is none.
    """
    ulx_m, uly_m, side_m = (float(values.get(name) or 0) for name in ("ulx_m", "uly_m", "side_m"))
    if not (isfinite(ulx_m) and isfinite(uly_m) and 0 <= side_m <= _LARGEST_SIDE_M):
        raise ValueError(f"upper left corner {ulx_m}, {uly_m} and side {side_m} m are no place of a tile")
    return TileExtent(str(values["crs"]), ulx_m, uly_m, int(side_m) or TILE_SIDE_M)
