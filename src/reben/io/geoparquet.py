"""Tables with a geometry per row, for GIS programs.

Source: GeoParquet 1.1.0, https://geoparquet.org/releases/v1.1.0/.
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import chain
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from reben.work import atomic

GEOMETRY = "geometry"
BBOX = "bbox"
LONGITUDE_LATITUDE = "OGC:CRS84"
"""Longitude and latitude in degrees, in this order, on WGS 84: what catalogues expect."""
_EDGES = ("xmin", "ymin", "xmax", "ymax")
_COVERING = {BBOX: {edge: [BBOX, edge] for edge in _EDGES}}


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows of a table with geometries, which become a row group."""

    table: pa.Table
    """All other columns."""
    polygons: NDArray[np.object_]
    """Shapely polygons or multipolygons, shape (rows,)."""
    boxes: NDArray[np.float64] | None = None
    """Bounding box of each geometry: least x and y, greatest x and y; shape (rows, 4). None leaves the column out."""


@dataclass(frozen=True, slots=True)
class Summary:
    """What a file says of all its geometries, before the first one comes."""

    crs: str
    """Such as EPSG:32633."""
    types: tuple[str, ...] = ("Polygon",)
    """Kinds of geometries that occur."""
    bounds: tuple[float, ...] | None = None
    """Least x and y, greatest x and y; None if there is no geometry."""
    column: str = GEOMETRY
    """Name of the column with the geometries."""

    def described(self, *, covered: bool) -> str:
        """The file's entry `geo`."""
        column: dict[str, Any] = {
            "encoding": "WKB",
            "geometry_types": list(self.types),
            "crs": pyproj.CRS(self.crs).to_json_dict(),
        }
        if self.bounds is not None:
            column["bbox"] = list(self.bounds)
        if covered:
            column["covering"] = _COVERING
        return json.dumps({"version": "1.1.0", "primary_column": self.column, "columns": {self.column: column}})


def write_geoparquet(target: Path, table: pa.Table, polygons: NDArray[np.object_], crs: str) -> None:
    """Write a table with a polygon per row.

    Args:
        target: file to write.
        table: all other columns.
        polygons: shapely polygons, shape (rows,).
        crs: of the polygons, such as EPSG:32633.
    """
    bounds = tuple(shapely.total_bounds(polygons).tolist()) if len(polygons) else None
    write_row_groups(target, [Rows(table, polygons)], Summary(crs, bounds=bounds))


def write_row_groups(
    target: Path, groups: Iterable[Rows], summary: Summary, *, metadata: Mapping[bytes, bytes] | None = None
) -> None:
    """Write a table with a geometry per row, one row group after the other, so that all of it never is in memory.

    Where boxes are given, they become the column `bbox`, by whose statistics readers skip whole row groups.

    Args:
        target: file to write.
        groups: one at least; all with the same columns.
        summary: of all geometries.
        metadata: further entries for the file.
    """
    remaining = iter(groups)
    first = _whole(next(remaining), summary.column)
    described = summary.described(covered=BBOX in first.column_names).encode()
    schema = first.schema.with_metadata({**(first.schema.metadata or {}), **(metadata or {}), b"geo": described})
    with atomic.new_file(target) as partial, pq.ParquetWriter(partial, schema, compression="zstd") as writer:
        for table in chain([first], (_whole(rows, summary.column) for rows in remaining)):
            writer.write_table(table.cast(schema), row_group_size=max(1, table.num_rows))


def _whole(rows: Rows, geometry: str) -> pa.Table:
    """All columns of some rows."""
    table = rows.table
    if rows.boxes is not None:
        edges = [pa.array(np.ascontiguousarray(rows.boxes[:, number])) for number in range(len(_EDGES))]
        table = table.append_column(_BBOX_FIELD, pa.StructArray.from_arrays(edges, fields=list(_BBOX_FIELD.type)))
    outlines = pa.array(shapely.to_wkb(rows.polygons).tolist(), pa.binary())
    return table.append_column(pa.field(geometry, pa.binary(), nullable=False), outlines)


_EDGE_FIELDS = [pa.field(edge, pa.float64(), nullable=False) for edge in _EDGES]
_BBOX_FIELD = pa.field(BBOX, pa.struct(_EDGE_FIELDS), nullable=False)


def is_geoparquet(path: Path) -> bool:
    """Whether a file is called as Parquet files are; GDAL as pyogrio ships it does not read them."""
    return path.suffix.lower() in {".parquet", ".geoparquet"}


def read_geoparquet(path: Path) -> tuple[pa.Table, NDArray[np.object_], str | None]:
    """Columns, polygons and CRS of a table with WKB geometries.

    Returns:
        all columns but the geometry; shapely geometries, shape (rows,); the CRS as text that pyproj takes.

    Raises:
        ValueError: if the file cannot be read, is not a GeoParquet file, or its geometries are not WKB.
    """
    with _reading():
        table = pq.read_table(path)
        name, crs = _geometry_of(table.schema)
        return table.drop_columns([name]), shapely.from_wkb(table.column(name).to_numpy()), crs


def describe_geoparquet(path: Path) -> tuple[tuple[str, ...], int, str | None]:
    """Names of all columns but the geometry, number of rows, and CRS as text that pyproj takes; no row is read.

    Raises:
        ValueError: as `read_geoparquet`.
    """
    with _reading(), pq.ParquetFile(path) as file:
        name, crs = _geometry_of(file.schema_arrow)
        return tuple(column for column in file.schema_arrow.names if column != name), file.metadata.num_rows, crs


def _geometry_of(schema: pa.Schema) -> tuple[str, str | None]:
    """Name and CRS of the column with the geometries.

    Raises:
        ValueError: if they are not WKB.
    """
    geo = json.loads((schema.metadata or {})[b"geo"])
    name: str = geo["primary_column"]
    described = geo["columns"][name]
    encoding, crs = described["encoding"], described.get("crs", "OGC:CRS84")
    if encoding != "WKB":
        raise ValueError(f"has geometries as {str(encoding)[:40]}; expected WKB")
    return name, None if crs is None else pyproj.CRS.from_user_input(crs).to_string()


@contextmanager
def _reading() -> Iterator[None]:
    """Around what reads a file.

    Raises:
        ValueError: if it cannot be read.
    """
    try:
        yield
    except (OSError, pa.ArrowException, KeyError, TypeError, AttributeError, RecursionError) as error:
        raise ValueError(f"is not a GeoParquet file, or damaged: {error}") from error
