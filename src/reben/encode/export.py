"""A store of reBEN or of a data set like it, back to GeoTIFFs in the published layout."""

from collections.abc import Callable, Mapping
from functools import cache
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from reben.core.bands import BANDS, PATCH_SIZE_M, REFERENCE_MAP_RESOLUTION_M
from reben.core.errors import MetadataError, NameFormatError, StoreError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import PatchName, S1PatchName
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import REFERENCE_MAP_TENSOR, Store, reference_map_key
from reben.io.tiff.patch_files import PatchFileTemplate, ReferenceMapTemplate
from reben.work import atomic

_MAP_SUFFIX = reference_map_key("")


def export_store(
    store: Store,
    extents: Mapping[str, TileExtent],
    target: Path,
    *,
    patch_size_m: int = PATCH_SIZE_M,
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Write all values as GeoTIFFs, byte for byte as they are published.

    Args:
        store: Sentinel-2 patches, Sentinel-1 patches, reference maps, or some of them.
        extents: where each tile lies, by tile id.
        target: folder to make.
        patch_size_m: side of a patch.
        progress: is told how many further values are written.

    Raises:
        MetadataError: if the place of a tile is not known.
        StoreError: if a key or a value is none of reBEN's.
        TargetExistsError: if there is something at `target`.
    """
    by_mgrs = {tile.rsplit("_T", 1)[-1]: extent for tile, extent in extents.items()}
    with atomic.new_directory(target) as folder:
        paths = DatasetPaths(folder)
        for key in store:
            if key.startswith("S1"):
                s1 = _parsed(S1PatchName, key)
                extent, cell = _known(by_mgrs, s1.mgrs, key), (s1.column, s1.row)
                stem = paths.s1 / s1.scene / key / key
            else:
                patch = _parsed(PatchName, key.removesuffix(_MAP_SUFFIX))
                extent, cell = _known(extents, str(patch.tile), key), (patch.column, patch.row)
                root = paths.reference_maps if key.endswith(_MAP_SUFFIX) else paths.s2
                stem = root / str(patch.tile) / str(patch) / str(patch)
            grid = PatchGrid(extent.side_m, patch_size_m)
            bounds = grid.bounds(*cell, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
            stem.parent.mkdir(parents=True)
            for name, pixels in store[key].items():
                _write(stem, name, pixels, extent.crs, (bounds.left_m, bounds.top_m))
            progress(1)


def _parsed(kind: Any, key: str) -> Any:  # noqa: ANN401 - Patch or S1Patch
    """The name in a key.

    Raises:
        StoreError: if the key is no such name.
    """
    try:
        return kind.parse(key)
    except NameFormatError as error:
        raise StoreError(
            f"key {key!r} is none of reBEN's ({error})", hint="only such stores can be exported"
        ) from error


def _known(extents: Mapping[str, TileExtent], tile: str, key: str) -> TileExtent:
    """Where a tile lies.

    Raises:
        MetadataError: if that is not known.
    """
    if tile not in extents:
        raise MetadataError(f"{key}: it is not known where tile {tile} lies", hint="add it to the file of tiles")
    return extents[tile]


def _write(stem: Path, name: str, pixels: NDArray[Any], crs: str, corner: tuple[float, float]) -> None:
    """Write one tensor.

    Raises:
        StoreError: if it is none of reBEN's.
    """
    if name == REFERENCE_MAP_TENSOR:
        _map_template(len(pixels), crs).write(Path(f"{stem}{_MAP_SUFFIX}.tif"), pixels, *corner)
    elif name in BANDS:
        _band_template(name, len(pixels), crs).write(Path(f"{stem}_{name}.tif"), pixels, *corner)
    else:
        raise StoreError(f"{stem.name}: tensor {name!r} is none of reBEN's", hint="only such stores can be exported")


@cache
def _map_template(side_px: int, crs: str) -> ReferenceMapTemplate:
    return ReferenceMapTemplate(side_px, REFERENCE_MAP_RESOLUTION_M, crs=crs)


@cache
def _band_template(name: str, side_px: int, crs: str) -> PatchFileTemplate:
    band = BANDS[name]
    nodata = 0 if band.sensor == "s2" else None
    return PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=crs, nodata=nodata)
