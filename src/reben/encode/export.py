"""A store of reBEN or of a data set like it, back to GeoTIFFs in the published layout."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from reben.core.bands import BANDS, PATCH_SIZE_M
from reben.core.errors import MetadataError, NameFormatError, StoreError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import REFERENCE_MAP_SUFFIX, PatchName, S1PatchName
from reben.io.dataset.paths import DatasetPaths
from reben.io.store import REFERENCE_MAP_TENSOR, Store
from reben.io.tiff.patch_files import PatchFileTemplate, ReferenceMapTemplate, band_template, map_template
from reben.work import atomic
from reben.work.progress import Advance, unseen


def export_store(
    store: Store,
    extents: Mapping[str, TileExtent],
    target: Path,
    *,
    patch_size_m: int = PATCH_SIZE_M,
    progress: Advance = unseen,
) -> None:
    """Write all values as GeoTIFFs, byte for byte as they are published.

    Args:
        store: Sentinel-2 patches, Sentinel-1 patches, reference maps, or some of them.
        extents: where each tile lies, by tile id.
        target: folder to make.
        patch_size_m: side of a patch.
        progress: called with the number of values just written.

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
            else:
                patch = _parsed(PatchName, key.removesuffix(REFERENCE_MAP_SUFFIX))
                extent, cell = _known(extents, str(patch.tile), key), (patch.column, patch.row)
            grid = PatchGrid(extent.side_m, patch_size_m)
            bounds = grid.bounds(*cell, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
            for name, pixels in store[key].items():
                path, template = _file_of(paths, key, name, len(pixels), extent.crs)
                path.parent.mkdir(parents=True, exist_ok=True)
                template.write(path, pixels, bounds.left_m, bounds.top_m)
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


def _file_of(
    paths: DatasetPaths, key: str, name: str, side_px: int, crs: str
) -> tuple[Path, PatchFileTemplate | ReferenceMapTemplate]:
    """Return the file of one tensor, and what writes it.

    Raises:
        StoreError: if it is none of reBEN's.
    """
    if name == REFERENCE_MAP_TENSOR:
        return Path(paths.map_file(key.removesuffix(REFERENCE_MAP_SUFFIX))), map_template(side_px, crs)
    if name not in BANDS:
        raise StoreError(f"{key}: tensor {name!r} is none of reBEN's", hint="only such stores can be exported")
    path = paths.s1_file(key, name) if BANDS[name].sensor == "s1" else paths.s2_file(key, name)
    return Path(path), band_template(BANDS[name], side_px, crs)
