"""Reference maps: land-cover polygons burnt into the 10 m grid of a tile.

Source: reBEN paper, section II.A; the published maps: polygons reprojected to the tile's CRS, burnt by the pixel-centre
rule, 999 where there is none.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import pyproj
import shapely
from numpy.typing import NDArray
from rasterio.features import rasterize
from rasterio.transform import from_origin

from reben.construct.projection import project
from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.errors import LandCoverError
from reben.core.grid import TileGround
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat
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


@dataclass(frozen=True, slots=True)
class ReferenceMap:
    """Land cover of a whole tile."""

    codes: NDArray[np.uint16]
    """Code per 10 m pixel, shape (rows, columns)."""
    polygons: int
    """Polygons that were burnt."""
    repaired: int
    """Polygons among them that were invalid."""


def find_layer(path: Path, expected: LandCoverFormat = CLC2018_FORMAT) -> LandCoverLayer:
    """The one layer of a file that holds land-cover polygons.

    Raises:
        LandCoverError: if the file cannot be read, has no such layer or several, or the layer is empty or has
            another CRS.
    """
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
    _check_layer(path, layer, infos[layer], expected)
    return LandCoverLayer(path, layer, column, expected)


def burn(source: LandCoverLayer, ground: TileGround) -> ReferenceMap:
    """Land cover of a tile; where polygons overlap, the later one in the file is seen.

    Raises:
        LandCoverError: if a polygon has a code that is no number, or that the legend does not know.
    """
    codes, polygons, repaired = _polygons_of(source, ground)
    side_px = ground.side_m // REFERENCE_MAP_RESOLUTION_M
    shape = (side_px, side_px)
    if not len(codes):
        return ReferenceMap(np.full(shape, source.format.no_polygon, np.uint16), 0, 0)
    burnt: NDArray[np.uint16] = rasterize(
        zip(polygons, codes, strict=True),
        out_shape=shape,
        fill=source.format.no_polygon,
        transform=from_origin(ground.ulx_m, ground.uly_m, REFERENCE_MAP_RESOLUTION_M, REFERENCE_MAP_RESOLUTION_M),
        dtype="uint16",
    )
    return ReferenceMap(burnt, len(codes), repaired)


def _is_ignored(layer: str, expected: LandCoverFormat) -> bool:
    return any(part.lower() in layer.lower() for part in expected.ignored_layers)


def _check_layer(path: Path, layer: str, info: dict[str, object], expected: LandCoverFormat) -> None:
    """Check CRS and size of a layer.

    Raises:
        LandCoverError: if it has no or another CRS, or no polygon.
    """
    crs = info["crs"]
    if crs is None or not pyproj.CRS(crs).equals(pyproj.CRS(expected.crs), ignore_axis_order=True):
        raise LandCoverError(
            f"{path}, layer {layer}: has CRS {crs}; expected {expected.crs}",
            hint="take the file as published; one in another projection has other borders",
        )
    if not info["features"]:
        raise LandCoverError(f"{path}, layer {layer}: is empty", hint="download the file again")


def _polygons_of(source: LandCoverLayer, ground: TileGround) -> tuple[list[int], NDArray[np.object_], int]:
    """Codes and polygons around a tile, in its CRS, and how many had to be repaired.

    Raises:
        LandCoverError: if the file is damaged, or a polygon has a code that the legend does not know.
    """
    transformer = pyproj.Transformer.from_crs(source.format.crs, ground.crs, always_xy=True)
    box = transformer.transform_bounds(
        ground.ulx_m,
        ground.uly_m - ground.side_m,
        ground.ulx_m + ground.side_m,
        ground.uly_m,
        densify_pts=_DENSIFIED_EDGE_POINTS,
        direction=pyproj.enums.TransformDirection.INVERSE,
    )
    with reading_polygons(source.path, error=LandCoverError, hint=_DAMAGED_HINT):
        _, _, wkb, (texts,) = pyogrio.raw.read(source.path, layer=source.layer, columns=[source.column], bbox=box)
        polygons = shapely.from_wkb(wkb)
        invalid = ~shapely.is_valid(polygons)
        polygons[invalid] = [_polygons_in(shapely.make_valid(polygon)) for polygon in polygons[invalid]]
    return list(_codes(source, texts)), project(polygons, source.format.crs, ground.crs), int(invalid.sum())


def _polygons_in(repaired: shapely.Geometry | None) -> shapely.Geometry | None:
    """What has an area: repairing leaves spikes as lines, whose pixels would be burnt by another rule."""
    if repaired is None:
        return None
    parts = shapely.get_parts(shapely.get_parts(repaired))
    return shapely.MultiPolygon([part for part in parts if part.geom_type == "Polygon"])


def _codes(source: LandCoverLayer, texts: NDArray[np.object_]) -> Iterator[int]:
    known = {str(entry.code): entry.code for entry in source.format.legend.entries}
    for text in texts:
        code = known.get(str(text).strip().removesuffix(".0"))  # a column with gaps is read as float
        if code is None:
            raise LandCoverError(
                f"{source.path}, layer {source.layer}, column {source.column}: {str(text)!r} is no code of legend "
                f"{source.format.legend.name}"
            )
        yield code
