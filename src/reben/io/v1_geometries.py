"""Footprints of BigEarthNet v1 patches: GeoParquet files, one per UTM zone, with `patch_name` and `geom`."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from reben.core.errors import MetadataError
from reben.core.names import V1PatchName
from reben.io.geoparquet import Rows, Summary, write_row_groups
from reben.io.small_files import is_regular, parse_json

_NAME, _TIME, _GEOMETRY = "patch_name", "sensing_time", "geom"
_COLUMNS = (_NAME, _GEOMETRY)


@dataclass(frozen=True, slots=True)
class V1Geometries:
    """Footprints in one UTM zone."""

    crs: str
    """Such as EPSG:32633."""
    names: pa.StringArray
    """v1 patch names."""
    footprints: pa.BinaryArray
    """Polygons as WKB, in `crs`."""


def read_v1_geometries(directory: Path) -> list[V1Geometries]:
    """All footprints of a directory, one entry per file.

    Raises:
        MetadataError: if there is no such file, or one has no CRS or lacks a column.
    """
    paths = sorted(directory.glob("*.parquet"))
    if not paths:
        raise MetadataError(
            f"{directory}: no GeoParquet files found", hint="expected files like bigearthnet_v1_spatial_32633.parquet"
        )
    return [_read(path) for path in paths]


def write_v1_geometries(target: Path, names: Sequence[str], polygons: NDArray[np.object_], crs: str) -> None:
    """Write footprints of one UTM zone in the form of the published files.

    Args:
        target: file to write.
        names: v1 patch names.
        polygons: shapely polygons in `crs`, shape (patches,).
        crs: such as EPSG:32633.

    Raises:
        NameFormatError: if a name is not that of a v1 patch.
    """
    times = [V1PatchName.parse(name).sensing_time.replace(tzinfo=UTC) for name in names]
    table = pa.table(
        {_NAME: pa.array(names, pa.string()), _TIME: pa.array(times, pa.timestamp("ms", "+00:00"))},
        pa.schema([pa.field(_NAME, pa.string(), nullable=False), pa.field(_TIME, pa.timestamp("ms", "+00:00"))]),
    )
    bounds = tuple(shapely.total_bounds(polygons).tolist()) if len(polygons) else None
    write_row_groups(target, [Rows(table, polygons)], Summary(crs, bounds=bounds, column=_GEOMETRY))


def zone_file(crs: str) -> str:
    """Name of the file of a UTM zone, as published.

    >>> zone_file("EPSG:32633")
    'bigearthnet_v1_spatial_32633.parquet'
    """
    return f"bigearthnet_v1_spatial_{crs.removeprefix('EPSG:')}.parquet"


def _read(path: Path) -> V1Geometries:
    if not is_regular(path):  # a pipe would wait for ever
        raise MetadataError(f"{path}: is not a regular file")
    try:
        table = pq.read_table(path, columns=list(_COLUMNS))
        geo = parse_json(table.schema.metadata[b"geo"])
        crs = pyproj.CRS(geo["columns"]["geom"]["crs"]).to_epsg()
    except (OSError, pa.ArrowException, KeyError, TypeError, ValueError, pyproj.exceptions.CRSError) as error:
        raise MetadataError(
            f"{path}: is not a GeoParquet file with the columns {', '.join(_COLUMNS)} ({error})"
        ) from error
    if crs is None or table.num_columns < len(_COLUMNS):
        raise MetadataError(f"{path}: must have the columns {', '.join(_COLUMNS)} and a CRS with an EPSG code")
    names, footprints = (table[column].combine_chunks() for column in _COLUMNS)
    return V1Geometries(f"EPSG:{crs}", names.cast(pa.string()), footprints.cast(pa.binary()))
