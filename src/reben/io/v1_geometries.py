"""Footprints of BigEarthNet v1 patches: GeoParquet files, one per UTM zone, with `patch_name` and `geom`."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pyproj

from reben.core.errors import MetadataError
from reben.io.small_files import is_regular, parse_json

_COLUMNS = ("patch_name", "geom")


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
