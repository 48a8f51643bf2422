"""Footprints of patches: squares on the ground of their tiles, also in longitude and latitude, from their ids alone.

All patches of a data set are computed at once; the published 549,488 take seconds.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely
from numpy.typing import NDArray

from reben.core.bands import PATCH_SIZE_M
from reben.core.errors import GridError, MetadataError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import CELL_PATTERN
from reben.io.dataset.tile_extents import TileExtents
from reben.io.geoparquet import LONGITUDE_LATITUDE, Summary

_CELL = r"_(?P<column>\d{2,6})_(?P<row>\d{2,6})$"
_DECIMALS = 7
"""Of degrees: about a centimetre."""
_HALF_TURN_DEG, _TURN_DEG = 180.0, 360.0
_HINT = "patch ids of reBEN's form have a place; for other tiles, give a build-report.json beside the table"


@dataclass(frozen=True, slots=True)
class Footprints:
    """Where patches lie."""

    systems: tuple[str, ...]
    """Coordinate reference systems that occur, such as EPSG:32633."""
    system: NDArray[np.int32]
    """Which of them each patch has, shape (n,)."""
    bounds_m: NDArray[np.float64]
    """Left, bottom, right and top edge in the patch's own system, in metres; shape (n, 4)."""
    rings: NDArray[np.float64]
    """Longitude and latitude of the corners in degrees, counterclockwise from the upper left one, which comes twice;
    shape (n, 5, 2)."""

    def __len__(self) -> int:
        return len(self.system)

    def polygons(self) -> NDArray[np.object_]:
        """Shapely polygons in longitude and latitude, shape (n,).

        A patch that crosses the 180th meridian is cut there into two, as RFC 7946 (section 3.1.9) asks.
        """
        outlines: NDArray[np.object_] = shapely.polygons(self.rings)
        for number in np.flatnonzero(self.crossing()):
            outlines[number] = _cut(self.rings[number])
        return outlines

    def boxes(self) -> NDArray[np.float64]:
        """Least longitude and latitude, greatest longitude and latitude; shape (n, 4).

        The box of a patch that crosses the 180th meridian goes around the whole globe: no filter by boxes misses it.
        """
        boxes = np.hstack([self.rings.min(axis=1), self.rings.max(axis=1)])
        crossing = self.crossing()
        boxes[crossing, 0], boxes[crossing, 2] = -_HALF_TURN_DEG, _HALF_TURN_DEG
        return boxes

    def summary(self) -> Summary:
        """What a file with these polygons says of all of them."""
        boxes = self.boxes()
        bounds = (*boxes[:, :2].min(axis=0).tolist(), *boxes[:, 2:].max(axis=0).tolist()) if len(boxes) else None
        types = ("Polygon", "MultiPolygon") if self.crossing().any() else ("Polygon",)
        return Summary(LONGITUDE_LATITUDE, types, bounds)

    def crossing(self) -> NDArray[np.bool_]:
        """Which patches cross the 180th meridian, shape (n,)."""
        across: NDArray[np.bool_] = np.ptp(self.rings[:, :, 0], axis=1) > _HALF_TURN_DEG
        return across

    def taken(self, rows: slice | NDArray[np.int64]) -> "Footprints":
        """Those of some patches."""
        return Footprints(self.systems, self.system[rows], self.bounds_m[rows], self.rings[rows])


def footprints_of(
    patch_ids: pa.Array | pa.ChunkedArray,
    extents: Mapping[str, TileExtent] | None = None,
    *,
    patch_size_m: int = PATCH_SIZE_M,
) -> Footprints:
    """Where patches lie.

    Args:
        patch_ids: names of reBEN's form: tile id, column and row.
        extents: where tiles lie, by tile id; as their names tell by default.
        patch_size_m: side of a patch.

    Raises:
        MetadataError: if it is not known where a patch lies; names the first one and how many there are.
    """
    tile_of_patch, tiles, cells = _taken_apart(patch_ids)
    places = _places(tiles, TileExtents({}) if extents is None else extents, patch_size_m)
    systems = tuple(dict.fromkeys(place.crs for place in places))
    system = np.array([systems.index(place.crs) for place in places], np.int32)[tile_of_patch]
    corners = np.array([(place.ulx_m, place.uly_m) for place in places], np.float64).reshape(-1, 2)[tile_of_patch]
    _expect_inside(patch_ids, cells, np.array([place.side_m for place in places])[tile_of_patch], patch_size_m)
    left, top = corners[:, 0] + patch_size_m * cells[:, 0], corners[:, 1] - patch_size_m * cells[:, 1]
    bounds = np.column_stack([left, top - patch_size_m, left + patch_size_m, top])
    return Footprints(systems, system, bounds, rings_of(bounds, systems, system))


def rings_of(bounds_m: NDArray[np.float64], systems: tuple[str, ...], system: NDArray[np.int32]) -> NDArray[np.float64]:
    """Corners of squares in longitude and latitude, degrees, as in `Footprints`; shape (n, 5, 2).

    Args:
        bounds_m: left, bottom, right and top edge, shape (n, 4).
        systems: coordinate reference systems.
        system: which of them each square has, shape (n,).

    Raises:
        MetadataError: if a square has no place on the globe.
    """
    rings = np.empty((len(bounds_m), 5, 2))
    for number, crs in enumerate(systems):
        here = np.flatnonzero(system == number)
        edges = bounds_m[here]
        transformer = pyproj.Transformer.from_crs(crs, LONGITUDE_LATITUDE, always_xy=True)
        longitudes, latitudes = transformer.transform(edges[:, [0, 0, 2, 2, 0]], edges[:, [3, 1, 1, 3, 3]])
        rings[here] = np.stack([longitudes, latitudes], axis=-1)
    if not np.isfinite(rings).all():
        wrong = int(np.flatnonzero(~np.isfinite(rings).all(axis=(1, 2)))[0])
        raise MetadataError(f"the ground {bounds_m[wrong].tolist()} of {systems[system[wrong]]} is not on the globe")
    return rings.round(_DECIMALS)


def _taken_apart(
    patch_ids: pa.Array | pa.ChunkedArray,
) -> tuple[NDArray[np.int64], list[str], NDArray[np.int64]]:
    """Number of each patch's tile, the tiles, and column and row of each patch, shape (n, 2).

    Raises:
        MetadataError: if an id has another form.
    """
    ids = patch_ids.combine_chunks() if isinstance(patch_ids, pa.ChunkedArray) else patch_ids
    parts = pc.extract_regex(ids, _CELL)
    if parts.null_count:
        raise _unplaced(ids.filter(pc.is_null(parts)), len(ids))
    tiles = pc.replace_substring_regex(ids, CELL_PATTERN, "").dictionary_encode()
    cells = [pc.struct_field(parts, name).cast(pa.int64()).to_numpy() for name in ("column", "row")]
    return tiles.indices.to_numpy().astype(np.int64), tiles.dictionary.to_pylist(), np.column_stack(cells)


def _places(tiles: list[str], extents: Mapping[str, TileExtent], patch_size_m: int) -> list[TileExtent]:
    """Ground of each tile.

    Raises:
        MetadataError: if it is not known.
    """
    unknown = [tile for tile in tiles if _place(tile, extents) is None]
    if unknown:
        raise MetadataError(f"it is not known where {unknown[0]!r} lies ({len(unknown):,} such tiles)", hint=_HINT)
    places = [place for tile in tiles if (place := _place(tile, extents)) is not None]
    for place in places:
        try:
            PatchGrid(place.side_m, patch_size_m)
            pyproj.CRS(place.crs)
        except (GridError, pyproj.exceptions.CRSError) as error:
            raise MetadataError(f"{place}: is not the ground of a tile ({error})", hint=_HINT) from error
    return places


def _place(tile: str, extents: Mapping[str, TileExtent]) -> TileExtent | None:
    try:
        return extents[tile]
    except KeyError:
        return None


def _expect_inside(
    patch_ids: pa.Array | pa.ChunkedArray, cells: NDArray[np.int64], sides_m: NDArray[np.int64], patch_size_m: int
) -> None:
    """Check that each patch lies in its tile.

    Raises:
        MetadataError: if one does not.
    """
    outside = np.flatnonzero((cells >= (sides_m // patch_size_m)[:, None]).any(axis=1))
    if len(outside):
        patch_id = patch_ids[int(outside[0])].as_py()
        raise MetadataError(
            f"{patch_id!r} lies outside its tile ({len(outside):,} such patches); patches of {patch_size_m} m are "
            f"numbered from 0 to {int(sides_m[outside[0]]) // patch_size_m - 1}",
            hint="check the size of patches, or the names",
        )


def _unplaced(ids: pa.Array, total: int) -> MetadataError:
    return MetadataError(
        f"it is not known where {ids[0].as_py()!r} lies ({len(ids):,} of {total:,} patches have such names)", hint=_HINT
    )


def _cut(ring: NDArray[np.float64]) -> shapely.MultiPolygon:
    """Both parts of a ring that crosses the 180th meridian, each with longitudes from -180 to 180."""
    eastward = ring.copy()
    eastward[eastward[:, 0] < 0, 0] += _TURN_DEG
    whole = shapely.Polygon(eastward)
    west = shapely.intersection(whole, shapely.box(0, -90, _HALF_TURN_DEG, 90))
    east = shapely.intersection(whole, shapely.box(_HALF_TURN_DEG, -90, _TURN_DEG, 90))
    moved = shapely.transform(east, lambda xy: xy - [_TURN_DEG, 0])
    return shapely.MultiPolygon([shapely.normalize(part).reverse() for part in (west, moved)])
