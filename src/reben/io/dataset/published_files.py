"""The patches of a store as the GeoTIFFs that they are published as: names in the layout, content byte for byte."""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from reben.core.bands import BANDS, PATCH_SIZE_M
from reben.core.errors import GridError, MetadataError, NameFormatError, StoreError
from reben.core.grid import Bounds, PatchGrid, TileExtent
from reben.core.mgrs import tile_extent
from reben.core.names import REFERENCE_MAP_SUFFIX, PatchName, S1PatchName
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import REFERENCE_MAP_TENSOR
from reben.io.tiff.patch_files import band_template, map_template

_PATHS = DatasetPaths(Path())
_KNOWN_PLACES = 4_096


class PublishedFiles:
    """Makes files of values; several threads may ask at the same time.

    Args:
        store: tensors by key: a store, or what gives the same.
        extents: where each tile lies, by tile id; Sentinel-2's own tiles are also known by their names.
        patch_size_m: side of a patch.
    """

    def __init__(
        self,
        store: Mapping[str, dict[str, NDArray[Any]]],
        extents: Mapping[str, TileExtent],
        *,
        patch_size_m: int = PATCH_SIZE_M,
    ) -> None:
        self._store = store
        self._extents = extents
        self._by_mgrs = {tile.rsplit("_T", 1)[-1]: extent for tile, extent in extents.items()}
        self._patch_size_m = patch_size_m
        self._place = lru_cache(_KNOWN_PLACES)(self._place_of)  # a patch and its map lie on the same ground

    def of(self, key: str) -> Iterator[tuple[str, bytes]]:
        """The files of one value: path below the root of the data set, and content.

        Raises:
            MetadataError: if the place of its tile is not known.
            StoreError: if the key or the value is none of reBEN's.
            RasterError: if a tensor has another size or data type than the files of its band.
        """
        bounds, crs = self._place(key.removesuffix(REFERENCE_MAP_SUFFIX))
        for name, pixels in self._store[key].items():
            yield _file(key, name, pixels, bounds, crs)

    def _place_of(self, name: str) -> tuple[Bounds, str]:
        """Where a patch lies, from the name of its Sentinel-2 or Sentinel-1 part."""
        if name.startswith("S1"):
            s1 = _parsed(S1PatchName, name)
            extent, column, row = self._known_by_mgrs(s1.mgrs, name), s1.column, s1.row
        else:
            patch = _parsed(PatchName, name)
            if str(patch.tile) not in self._extents:
                raise _unknown(name, str(patch.tile))
            extent, column, row = self._extents[str(patch.tile)], patch.column, patch.row
        grid = PatchGrid(extent.side_m, self._patch_size_m)
        return grid.bounds(column, row, ulx_m=extent.ulx_m, uly_m=extent.uly_m), extent.crs

    def _known_by_mgrs(self, mgrs: str, name: str) -> TileExtent:
        if mgrs in self._by_mgrs:
            return self._by_mgrs[mgrs]
        try:
            return tile_extent(mgrs)
        except GridError as error:
            raise _unknown(name, mgrs) from error


def _file(key: str, name: str, pixels: NDArray[Any], bounds: Bounds, crs: str) -> tuple[str, bytes]:
    """Path and content of the file of one tensor.

    Raises:
        StoreError: if it is none of reBEN's.
    """
    if name == REFERENCE_MAP_TENSOR:
        path = _PATHS.map_file(key.removesuffix(REFERENCE_MAP_SUFFIX))
        return path, map_template(len(pixels), crs).file(pixels, bounds.left_m, bounds.top_m)
    if name not in BANDS:
        raise StoreError(
            f"{key}: tensor {name!r} is none of reBEN's", hint="only stores of reBEN's patches become GeoTIFFs"
        )
    path = _PATHS.s1_file(key, name) if BANDS[name].sensor == "s1" else _PATHS.s2_file(key, name)
    return path, band_template(BANDS[name], len(pixels), crs).file(pixels, bounds.left_m, bounds.top_m)


def _parsed(kind: Any, name: str) -> Any:  # noqa: ANN401 - PatchName or S1PatchName
    """The name in a key.

    Raises:
        StoreError: if the key is no such name.
    """
    try:
        return kind.parse(name)
    except NameFormatError as error:
        raise StoreError(
            f"key {name!r} is none of reBEN's ({error})", hint="only stores of reBEN's patches become GeoTIFFs"
        ) from error


def _unknown(name: str, tile: str) -> MetadataError:
    return MetadataError(f"{name}: it is not known where tile {tile} lies", hint="give its place with --tile-extents")
