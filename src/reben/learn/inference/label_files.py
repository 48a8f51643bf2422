"""Predicted labels as a file: Parquet, GeoPackage, GeoJSON, CSV or JSON, as the ending of its name says."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain, count
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import pyarrow as pa
import pyarrow.csv as pa_csv
import pyarrow.parquet as pq
import pyogrio
import shapely
from numpy.typing import NDArray

from reben.core.classes import Legend
from reben.core.errors import ExportError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import PatchName
from reben.io.geoparquet import write_geoparquet
from reben.io.projection import project
from reben.io.qgis_outlines import OUTLINE_ENDINGS, write_probability_style
from reben.work import atomic

LABEL_ENDINGS = (".parquet", ".gpkg", ".geojson", ".csv", ".json")
_VECTOR_DRIVERS = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
_GEOGRAPHIC = "EPSG:4326"
_OWN_COLUMNS = frozenset({"patch_id", "labels", "geometry", "geom", "fid"})
"""Of the table itself, and of the formats."""


@dataclass(frozen=True)
class LabelTable:
    """What a model says of some patches, a number for each of its outputs."""

    patch_ids: Sequence[str]
    class_names: tuple[str, ...]
    probabilities: NDArray[np.float32]
    """Shape (patches, classes); of a regression, its numbers."""
    threshold: float | None
    """Probability from which on a class is a label; None if the numbers are not probabilities: there are no labels."""
    polygons: NDArray[np.object_] | None = None
    """Outlines of the patches, shapely polygons, shape (patches,); None if it is not known where they lie."""
    crs: str = _GEOGRAPHIC
    """Of the outlines."""
    logits: NDArray[np.float32] | None = None
    """Shape (patches, classes); None leaves them out of JSON, which alone has them."""

    @property
    def class_columns(self) -> list[str]:
        """The column of each class in files with columns."""
        return _columns_of(self.class_names)

    @property
    def labels(self) -> list[list[str]]:
        """Labels of each patch; none without a threshold."""
        if self.threshold is None:
            return [[] for _ in self.patch_ids]
        return [
            [name for name, p in zip(self.class_names, row, strict=True) if p >= self.threshold]
            for row in self.probabilities
        ]

    def lines(self) -> Iterator[str]:
        """A line per patch for people: its labels with their probabilities, or its numbers."""
        for patch_id, row in zip(self.patch_ids, self.probabilities, strict=True):
            shown = zip(self.class_names, row.tolist(), strict=True)
            if self.threshold is None:
                told = [f"{name} {value:.6g}" for name, value in shown]
            else:
                told = [f"{name} ({value:.2f})" for name, value in shown if value >= self.threshold]
            yield f"{patch_id}\t{'; '.join(told)}"

    def columns(self, *, flat: bool) -> pa.Table:
        """Columns patch_id, labels (with a threshold) and one per class with its probability, or per number.

        Args:
            flat: join labels with semicolons, for formats that know no lists.
        """
        labels = [";".join(found) for found in self.labels] if flat else self.labels
        kind = pa.string() if flat else pa.list_(pa.string())
        return pa.table(
            {
                "patch_id": pa.array(list(self.patch_ids), pa.string()),
                **({} if self.threshold is None else {"labels": pa.array(labels, kind)}),
                **{name: pa.array(self.probabilities[:, i]) for i, name in enumerate(self.class_columns)},
            }
        )


def _columns_of(class_names: Sequence[str]) -> list[str]:
    """A column name per class: its own, with a number where another column is called so but for upper and lower case.

    >>> _columns_of(["Forest", "labels", "forest"])
    ['Forest', 'labels (2)', 'forest (2)']
    """
    taken, columns = set(_OWN_COLUMNS), []
    for name in class_names:
        numbered = (f"{name} ({number})" for number in count(2))
        column = next(candidate for candidate in chain([name], numbered) if candidate.casefold() not in taken)
        taken.add(column.casefold())
        columns.append(column)
    return columns


def write_labels(target: Path, table: LabelTable) -> None:
    """Write a table of labels; the file appears whole or not at all.

    Parquet files get outlines as GeoParquet, GeoPackages in the CRS of the patches, GeoJSON in longitude and latitude
    (RFC 7946). Where it is not known where patches lie, Parquet files have no outlines.

    Args:
        target: file to write; its ending is one of `LABEL_ENDINGS`.
        table: what to write.

    Raises:
        ExportError: if the ending is another one, or outlines are needed and not known.
    """
    ending = target.suffix.lower()
    if ending in _VECTOR_DRIVERS:
        _write_vector(target, table, _VECTOR_DRIVERS[ending])
    elif ending == ".parquet":
        _write_parquet(target, table)
    elif ending == ".csv":
        with atomic.new_file(target) as partial:
            pa_csv.write_csv(table.columns(flat=True), partial)
    elif ending == ".json":
        atomic.write_json(target, as_json(table))
    else:
        raise ExportError(
            f"{target}: labels cannot be written as {ending or 'a file without an ending'}",
            hint=f"give a name that ends with {', '.join(LABEL_ENDINGS)}",
        )


def write_label_style(target: Path, table: LabelTable, legend: Legend) -> None:
    """Write a style beside a file with outlines, with which QGIS shows the most probable class of each patch.

    Nothing is written for files without outlines, for numbers that are no probabilities, or where there is a style.

    Args:
        target: the file, as `write_labels` wrote it.
        table: what is in it.
        legend: colours of the classes.
    """
    if table.polygons is None or table.threshold is None or target.suffix.lower() not in OUTLINE_ENDINGS:
        return
    colours = dict(zip(legend.class_names, legend.class_colours, strict=True))
    columns = zip(table.class_columns, table.class_names, strict=True)
    write_probability_style(target, {column: colours[name] for column, name in columns})


def expect_placed(target: Path, patch_ids: Iterable[str], extents: Mapping[str, TileExtent]) -> None:
    """Check, before anything is predicted, that outlines are known where the file needs them.

    Raises:
        ExportError: if it does, and it is not known where a patch lies.
    """
    if target.suffix.lower() in _VECTOR_DRIVERS:
        lost = next((patch_id for patch_id in patch_ids if _extent_of(patch_id, extents) is None), None)
        if lost is not None:
            raise _unplaced(target, lost)


def _extent_of(patch_id: str, extents: Mapping[str, TileExtent]) -> TileExtent | None:
    """Where the tile of a patch lies, if its name tells a tile whose place is known."""
    try:
        return extents.get(str(PatchName.parse(patch_id).tile))
    except ValueError:
        return None


def _unplaced(target: Path, which: str) -> ExportError:
    return ExportError(
        f"{target}: it is not known where {which} lies", hint="give --tile-extents, or write .csv or .parquet"
    )


def outlines(
    patch_ids: Sequence[str], extents: Mapping[str, TileExtent], patch_size_m: int
) -> tuple[NDArray[np.object_], str] | None:
    """Squares of patches and their CRS: that of their tiles if it is one, else longitude and latitude.

    Args:
        patch_ids: of which patches.
        extents: where each tile lies, by tile id.
        patch_size_m: side of a patch.

    Returns:
        polygons, shape (patches,), and their CRS; None if it is not known where a patch lies.
    """
    squares, systems = [], []
    for patch_id in patch_ids:
        extent = _extent_of(patch_id, extents)
        if extent is None:
            return None
        patch = PatchName.parse(patch_id)
        grid = PatchGrid(extent.side_m, patch_size_m)
        bounds = grid.bounds(patch.column, patch.row, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
        squares.append(shapely.box(bounds.left_m, bounds.bottom_m, bounds.right_m, bounds.top_m))
        systems.append(extent.crs)
    polygons = np.array(squares, object)
    if len(set(systems)) == 1:
        return polygons, systems[0]
    for crs in set(systems):
        chosen = np.array([system == crs for system in systems])
        polygons[chosen] = project(polygons[chosen], crs, _GEOGRAPHIC)
    return polygons, _GEOGRAPHIC


def _write_parquet(target: Path, table: LabelTable) -> None:
    columns = table.columns(flat=False)
    if table.polygons is not None:
        write_geoparquet(target, columns, table.polygons, table.crs)
        return
    with atomic.new_file(target) as partial:
        pq.write_table(columns, partial, compression="zstd")


def _write_vector(target: Path, table: LabelTable, driver: str) -> None:
    """Write outlines with the columns as attributes.

    Raises:
        ExportError: if it is not known where the patches lie.
    """
    if table.polygons is None:
        raise _unplaced(target, "a patch")
    polygons, crs = table.polygons, table.crs
    if driver == "GeoJSON" and crs != _GEOGRAPHIC:
        polygons, crs = project(polygons, crs, _GEOGRAPHIC), _GEOGRAPHIC
    columns = table.columns(flat=True)
    target.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(dir=target.parent, prefix=f".{target.stem}-") as folder:
        file = Path(folder) / target.name  # GDAL wants the ending
        pyogrio.raw.write(
            file,
            shapely.to_wkb(polygons),
            [columns[name].to_numpy() for name in columns.column_names],
            columns.column_names,
            geometry_type="Polygon",
            crs=crs,
            driver=driver,
            layer="labels",
        )
        written = pyogrio.read_info(file)["features"]
        if written != columns.num_rows:
            raise ExportError(f"{target}: {written} of {columns.num_rows} rows were written", hint="free some space")
        with atomic.new_file(target) as partial:
            file.replace(partial)


def as_json(table: LabelTable) -> dict[str, dict[str, object]]:
    """Per patch id: labels, and probabilities, and logits if they are known, by class; or numbers by name."""
    if table.threshold is None:
        return {
            patch_id: {"values": dict(zip(table.class_names, row.tolist(), strict=True))}
            for patch_id, row in zip(table.patch_ids, table.probabilities, strict=True)
        }
    found: dict[str, dict[str, object]] = {
        patch_id: {"labels": labels, "probabilities": dict(zip(table.class_names, row.tolist(), strict=True))}
        for patch_id, labels, row in zip(table.patch_ids, table.labels, table.probabilities, strict=True)
    }
    if table.logits is not None:
        for patch_id, row in zip(table.patch_ids, table.logits, strict=True):
            found[patch_id]["logits"] = dict(zip(table.class_names, row.tolist(), strict=True))
    return found
