"""Where tiles lie, from a build report or a table."""

import csv
import json
from pathlib import Path

from reben.core.errors import MetadataError
from reben.core.grid import TILE_SIDE_M, TileGround

_COLUMNS = ("tile", "crs", "ulx_m", "uly_m")


def read_tile_grounds(path: Path) -> dict[str, TileGround]:
    """Ground by tile id.

    Args:
        path: `build-report.json`, or a CSV file with the columns tile, crs (such as EPSG:32633), ulx_m and uly_m (the
            upper left corner) and, if tiles have another side than Sentinel-2's, side_m.

    Raises:
        MetadataError: if the file cannot be read or lacks something.
    """
    try:
        if path.suffix == ".json":
            tiles = json.loads(path.read_text(encoding="utf-8"))["tiles"]
            return {tile: TileGround(**record["ground"]) for tile, record in tiles.items()}
        with path.open(newline="", encoding="utf-8") as file:
            return {row["tile"]: _ground(row) for row in csv.DictReader(file)}
    except (OSError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise MetadataError(
            f"{path}: cannot be read as the places of tiles ({error!r})",
            hint=f"give a build-report.json, or a CSV file with the columns {', '.join(_COLUMNS)}",
        ) from error


def _ground(row: dict[str, str]) -> TileGround:
    side_m = int(row.get("side_m") or TILE_SIDE_M)
    return TileGround(row["crs"], float(row["ulx_m"]), float(row["uly_m"]), side_m)
