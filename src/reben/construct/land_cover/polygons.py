"""Land cover in polygons: burnt into the 10 m grid of a tile.

Source: reBEN paper, section II.A; the published maps: polygons reprojected to the tile's CRS, burnt by the pixel-centre
rule, 999 where there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin

from reben.construct.land_cover.source import ReferenceMap
from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.errors import LandCoverError
from reben.core.grid import TileExtent
from reben.io.geoparquet import describe_geoparquet, is_geoparquet, read_geoparquet
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat
from reben.io.projection import project
from reben.io.vector_files import reading_polygons

_HINT = "give the GeoPackage of CORINE Land Cover 2018 (v2020_20u1)"
_DAMAGED_HINT = "the file is damaged; download or copy it again"
_DENSIFIED_EDGE_POINTS = 21  # a straight border of the tile is a curve in another projection


@dataclass(frozen=True, slots=True)
class LandCoverLayer:
    """The layer of a file that holds the polygons."""

    path: Path
    layer: str
    column: str
    """Name of the code column as the file has it."""
    format: LandCoverFormat
    crs: str
    """Of the polygons."""

    def on(self, extent: TileExtent) -> ReferenceMap:
        """Land cover of a tile; where polygons overlap, the later one in the file is seen.

        Raises:
            LandCoverError: if a polygon has a code that is not a number, or that the legend does not know.
        """
        codes, polygons, repaired = _polygons_of(self, extent)
        side_px = extent.side_m // REFERENCE_MAP_RESOLUTION_M
        shape = (side_px, side_px)
        if not len(codes):
            return ReferenceMap(np.full(shape, self.format.no_polygon, np.uint16))
        burnt: NDArray[np.uint16] = rasterize(
            zip(polygons, codes, strict=True),
            out_shape=shape,
            fill=self.format.no_polygon,
            transform=from_origin(extent.ulx_m, extent.uly_m, REFERENCE_MAP_RESOLUTION_M, REFERENCE_MAP_RESOLUTION_M),
            dtype="uint16",
        )
        return ReferenceMap(burnt, len(codes), repaired)


def find_layer(path: Path, expected: LandCoverFormat = CLC2018_FORMAT) -> LandCoverLayer:
    """The one layer of a file that holds land-cover polygons.

    Raises:
        LandCoverError: if the file cannot be read, has no such layer or several, or the layer is empty or has
            another CRS.
    """
    if is_geoparquet(path):
        return _only_table(path, expected)
    with reading_polygons(path, error=LandCoverError, hint=_HINT):
        layers = [str(name) for name, _ in pyogrio.list_layers(path)]
        infos = {layer: pyogrio.read_info(path, layer=layer) for layer in layers if not _is_ignored(layer, expected)}
    columns = {
        layer: field
        for layer, info in infos.items()
        for field in map(str, info["fields"])
        if field.lower() == expected.code_column.lower()
    }
    if len(columns) != 1:
        found = "; ".join(f"{layer}: {', '.join(map(str, info['fields']))}" for layer, info in infos.items())
        raise LandCoverError(
            f"{path}: {len(columns)} layers have a column {expected.code_column}; expected one (found {found})",
            hint="give CORINE Land Cover 2018 as published, or say with --legend what other polygons mean",
        )
    ((layer, column),) = columns.items()
    crs = _checked_crs(path, layer, infos[layer]["crs"], expected)
    if not infos[layer]["features"]:
        raise LandCoverError(f"{path}, layer {layer}: is empty", hint="download the file again")
    return LandCoverLayer(path, layer, column, expected, crs)


def _only_table(path: Path, expected: LandCoverFormat) -> LandCoverLayer:
    """The polygons of a GeoParquet file.

    Raises:
        LandCoverError: as `find_layer`.
    """
    with reading_polygons(path, error=LandCoverError, hint=_HINT):
        names, rows, crs = describe_geoparquet(path)
    columns = [name for name in names if name.lower() == expected.code_column.lower()]
    if len(columns) != 1:
        raise LandCoverError(
            f"{path}: has no column {expected.code_column} (found {', '.join(names)})",
            hint="say with --legend what the polygons mean",
        )
    if not rows:
        raise LandCoverError(f"{path}: is empty")
    return LandCoverLayer(path, "", columns[0], expected, _checked_crs(path, "", crs, expected))


def _is_ignored(layer: str, expected: LandCoverFormat) -> bool:
    return any(part.lower() in layer.lower() for part in expected.ignored_layers)


def _checked_crs(path: Path, layer: str, crs: object, expected: LandCoverFormat) -> str:
    """The CRS of the polygons: the file's own, or that of the legend where the file does not say it.

    Raises:
        LandCoverError: if there is none, or polygons that must have a certain one have another.
    """
    where = f"{path}, layer {layer}" if layer else str(path)
    found = None if crs is None else str(crs)
    if found is None and expected.any_crs and expected.crs is not None:
        return expected.crs
    if found is None and expected.any_crs:
        raise LandCoverError(f"{where}: has no CRS", hint='say it in the legend: crs = "EPSG:4326"')
    same = expected.crs is not None and found is not None
    if not expected.any_crs and not (
        same and pyproj.CRS(found).equals(pyproj.CRS(expected.crs), ignore_axis_order=True)
    ):
        raise LandCoverError(
            f"{where}: has CRS {found}; expected {expected.crs}",
            hint="take the file as published; one in another projection has other borders. For polygons of your own, "
            "give a --legend",
        )
    return str(found)


def _polygons_of(source: LandCoverLayer, extent: TileExtent) -> tuple[list[int], NDArray[np.object_], int]:
    """Codes and polygons around a tile, in its CRS, and how many had to be repaired.

    Raises:
        LandCoverError: if the file is damaged, or a polygon has a code that the legend does not know.
    """
    transformer = pyproj.Transformer.from_crs(source.crs, extent.crs, always_xy=True)
    box = transformer.transform_bounds(
        extent.ulx_m,
        extent.uly_m - extent.side_m,
        extent.ulx_m + extent.side_m,
        extent.uly_m,
        densify_pts=_DENSIFIED_EDGE_POINTS,
        direction=pyproj.enums.TransformDirection.INVERSE,
    )
    with reading_polygons(source.path, error=LandCoverError, hint=_DAMAGED_HINT):
        polygons, texts = _read(source, box)
        invalid = ~shapely.is_valid(polygons)
        polygons[invalid] = [_polygons_in(shapely.make_valid(polygon)) for polygon in polygons[invalid]]
    return list(_codes(source, texts)), project(polygons, source.crs, extent.crs), int(invalid.sum())


def _read(
    source: LandCoverLayer, box: tuple[float, float, float, float]
) -> tuple[NDArray[np.object_], NDArray[np.object_]]:
    """Polygons that touch a box in their own CRS, and what their code column holds."""
    if is_geoparquet(source.path):
        state = source.path.stat()
        tree, texts = _whole_table(source.path, source.column, state.st_size, state.st_mtime_ns)
        near = np.sort(tree.query(shapely.box(*box), predicate="intersects"))  # later polygons are burnt over earlier
        return tree.geometries[near], texts[near]
    _, _, wkb, (texts,) = pyogrio.raw.read(source.path, layer=source.layer, columns=[source.column], bbox=box)
    return shapely.from_wkb(wkb), texts


@lru_cache(maxsize=1)
def _whole_table(path: Path, column: str, *_state: int) -> tuple[shapely.STRtree, NDArray[np.object_]]:
    """Polygons and codes of a GeoParquet file, read once per worker; another state of the file is another file."""
    table, polygons, _ = read_geoparquet(path)
    return shapely.STRtree(polygons), table.column(column).to_numpy()


def _polygons_in(repaired: shapely.Geometry | None) -> shapely.Geometry | None:
    """What has an area: repairing leaves spikes as lines, whose pixels would be burnt by another rule."""
    if repaired is None:
        return None
    parts = shapely.get_parts(shapely.get_parts(repaired))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _codes(source: LandCoverLayer, texts: NDArray[np.object_]) -> Iterator[int]:
    known = source.format.codes
    for text in texts:
        code = known.get(str(text).strip().removesuffix(".0"))  # a column with gaps is read as float
        if code is None:
            layer = f", layer {source.layer}" if source.layer else ""
            raise LandCoverError(
                f"{source.path}{layer}, column {source.column}: {str(text)!r} is not a code of legend "
                f"{source.format.legend.name}",
                hint="add it to the legend, without a class if it is to stay unlabelled",
            )
        yield code
