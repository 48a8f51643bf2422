"""Tables with a geometry per row, for GIS programs.

Source: GeoParquet 1.1.0, https://geoparquet.org/releases/v1.1.0/.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyproj
import shapely
from numpy.typing import NDArray

from reben.work import atomic

GEOMETRY = "geometry"


def write_geoparquet(target: Path, table: pa.Table, polygons: NDArray[np.object_], crs: str) -> None:
    """Write a table with a polygon per row.

    Args:
        target: file to write.
        table: all other columns.
        polygons: shapely polygons, shape (rows,).
        crs: of the polygons, such as EPSG:32633.
    """
    column = {
        "encoding": "WKB",
        "geometry_types": ["Polygon"],
        "crs": pyproj.CRS(crs).to_json_dict(),
        "bbox": [float(edge) for edge in shapely.total_bounds(polygons)] if len(polygons) else None,
    }
    described = {name: value for name, value in column.items() if value is not None}
    geo = {"version": "1.1.0", "primary_column": GEOMETRY, "columns": {GEOMETRY: described}}
    outlines = pa.array(shapely.to_wkb(polygons).tolist(), pa.binary())
    whole = table.append_column(pa.field(GEOMETRY, pa.binary(), nullable=False), outlines)
    with atomic.new_file(target) as partial:
        pq.write_table(
            whole.replace_schema_metadata({**(table.schema.metadata or {}), b"geo": json.dumps(geo).encode()}),
            partial,
            compression="zstd",
        )


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
