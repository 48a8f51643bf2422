"""Class maps of patches as GeoTIFFs, one per patch, where the patches lie."""

from collections.abc import Iterable, Mapping
from pathlib import Path

from reben.core.bands import REFERENCE_MAP_RESOLUTION_M
from reben.core.classes import Legend
from reben.core.errors import MetadataError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import PatchName
from reben.io.qgis_styles import write_class_style
from reben.io.tiff.class_maps import write_class_map
from reben.learn.inference.prediction import PredictedMap
from reben.work import atomic

STYLE_FILE = "predicted_maps.qml"


def write_patch_maps(
    maps: Iterable[PredictedMap], target: Path, extents: Mapping[str, TileExtent], legend: Legend
) -> int:
    """Write `<tile id>/<patch id>_predicted_map.tif` for each map; how many were written.

    `predicted_maps.qml` is a style with the names of the classes for QGIS.

    Args:
        maps: of patches.
        target: folder to make; it appears when all maps are written.
        extents: where each tile lies, by tile id.
        legend: names and colours of the classes.

    Raises:
        MetadataError: if it is not known where a tile lies.
        NameFormatError: if a patch id is none of reBEN's.
        TargetExistsError: if there is something at `target`.
    """
    written = 0
    with atomic.new_directory(target) as folder:
        for found in maps:
            patch = PatchName.parse(found.patch_id)
            tile = str(patch.tile)
            if tile not in extents:
                raise MetadataError(
                    f"{found.patch_id}: it is not known where tile {tile} lies", hint="add it to the file of tiles"
                )
            extent = extents[tile]
            grid = PatchGrid(extent.side_m, len(found.classes) * REFERENCE_MAP_RESOLUTION_M)
            bounds = grid.bounds(patch.column, patch.row, ulx_m=extent.ulx_m, uly_m=extent.uly_m)
            path = folder / tile / f"{found.patch_id}_predicted_map.tif"
            path.parent.mkdir(exist_ok=True)
            write_class_map(path, found.classes, legend, crs=extent.crs, left_m=bounds.left_m, top_m=bounds.top_m)
            written += 1
        write_class_style(folder / STYLE_FILE, legend)
    return written
