"""Which kind of land cover a path holds."""

from pathlib import Path

from reben.construct.land_cover.items import find_items
from reben.construct.land_cover.polygons import find_layer
from reben.construct.land_cover.rasters import find_rasters, is_raster
from reben.construct.land_cover.source import LandCover
from reben.core.errors import LandCoverError
from reben.io.legend_files import CLC2018_FORMAT, LandCoverFormat
from reben.io.stac.items import holds_items


def find_land_cover(path: Path, expected: LandCoverFormat = CLC2018_FORMAT) -> LandCover:
    """The land cover in a file of polygons, a raster, a folder of rasters, or a file of STAC items.

    Args:
        path: file or folder.
        expected: legend, and what the data must look like.

    Raises:
        LandCoverError: if there is none, or it is not what it should be.
    """
    if path.is_dir():
        return find_rasters(path, expected)
    if holds_items(path):
        return find_items(path, expected)
    if not path.exists():
        raise LandCoverError(
            f"{path}: does not exist", hint="give polygons, a raster, a folder of rasters, or STAC items"
        )
    return find_rasters(path, expected) if is_raster(path) else find_layer(path, expected)


def land_cover_files(path: Path) -> list[Path]:
    """The files of land cover, sorted: the rasters in a folder, or the file itself."""
    return sorted(file for file in path.iterdir() if is_raster(file)) if path.is_dir() else [path]
