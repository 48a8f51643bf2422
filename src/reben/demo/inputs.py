"""What the demo starts from: an L1C product, Sentinel-1 scenes, land-cover polygons, an outline."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyogrio
import shapely
from numpy.typing import NDArray
from rasterio.features import shapes
from rasterio.transform import from_origin

from reben.core.bands import IMAGE_RESOLUTION_M, S1_BANDS
from reben.core.grid import TileExtent
from reben.demo.area import EXTENT, Area, make_area
from reben.demo.l1c import L1C_PRODUCT, write_l1c_product
from reben.io.legend_files import CLC2018_CRS, CLC2018_FORMAT
from reben.io.new_rasters import write_raster
from reben.io.projection import project
from reben.work import atomic
from reben.work.progress import Advance, unseen

_NOTICE = """Synthetic data, made by `reben demo`: nothing in this folder was observed by a satellite.

It has the form of what a real data set is made from. The country is "Nowhere".
"""
_NEAR_SCENE = "S1A_IW_GRDH_1SDV_20170630T170000"
_FAR_SCENE = "S1B_IW_GRDH_1SDV_20170705T170000"
_NEAR_SHARE = 0.8
"""Of the area's width; the scene that is nearer in time does not cover the rest."""
_SCENE_SHIFT_M = (3, -4)
"""Between the scenes' grid and that of Sentinel-2."""
_COUNTRY = "Nowhere"


@dataclass(frozen=True, slots=True)
class RawInputs:
    """Folders and files of the inputs."""

    root: Path

    @property
    def l1c(self) -> Path:
        """Folder with the L1C product."""
        return self.root / "L1C"

    @property
    def s1_scenes(self) -> Path:
        """Folder with Sentinel-1 scenes."""
        return self.root / "S1"

    @property
    def land_cover(self) -> Path:
        """Land-cover polygons in the form of CORINE Land Cover 2018."""
        return self.root / "U2018_CLC2018_V2020_20u1.gpkg"

    @property
    def countries(self) -> Path:
        """Outline of the only country."""
        return self.root / "countries.geojson"


def write_raw_inputs(
    root: Path, *, extent: TileExtent = EXTENT, workers: int = 1, progress: Advance = unseen
) -> RawInputs:
    """Make the area and write all that a data set of it is made from.

    Args:
        root: folder to make.
        extent: where the area lies; a multiple of 3 km wide.
        workers: processes that make it.
        progress: called with the number of blocks of the area just finished.

    Raises:
        TargetExistsError: if there is something at `root`.
    """
    with atomic.new_directory(root) as folder:
        area = make_area(extent, workers=workers, progress=progress)
        inputs = RawInputs(folder)
        (folder / "README.txt").write_text(_NOTICE, encoding="utf-8")
        inputs.l1c.mkdir()
        write_l1c_product(inputs.l1c, L1C_PRODUCT, extent, area.bands, threads=workers)
        inputs.s1_scenes.mkdir()
        for band in S1_BANDS:
            _write_scene(inputs.s1_scenes / f"{_NEAR_SCENE}_{band}.tif", area.bands[band], extent, share=_NEAR_SHARE)
            _write_scene(inputs.s1_scenes / f"{_FAR_SCENE}_{band}.tif", area.bands[band], extent, share=1)
        _write_land_cover(inputs.land_cover, area, extent)
        _write_country(inputs.countries, extent)
    return RawInputs(root)


def _write_scene(path: Path, pixels: NDArray[np.generic], extent: TileExtent, *, share: float) -> None:
    """The western part of the area as a geocoded scene, with a margin around it."""
    margin_px = 2
    seen = np.pad(pixels[:, : round(len(pixels) * share)], margin_px, mode="edge")
    margin_m = margin_px * IMAGE_RESOLUTION_M
    left, top = extent.ulx_m - margin_m + _SCENE_SHIFT_M[0], extent.uly_m + margin_m + _SCENE_SHIFT_M[1]
    transform = from_origin(left, top, IMAGE_RESOLUTION_M, IMAGE_RESOLUTION_M)
    write_raster(path, seen.astype(np.float32), driver="GTiff", crs=extent.crs, transform=transform, tiled=True)


def _write_land_cover(path: Path, area: Area, extent: TileExtent) -> None:
    """Polygons around the pixels of one code, in the CRS and with the columns of the published file."""
    transform = from_origin(extent.ulx_m, extent.uly_m, IMAGE_RESOLUTION_M, IMAGE_RESOLUTION_M)
    outlines, codes = zip(*shapes(area.codes, transform=transform), strict=True)
    polygons = project(np.array([shapely.geometry.shape(outline) for outline in outlines]), extent.crs, CLC2018_CRS)
    pyogrio.raw.write(
        path,
        shapely.to_wkb(polygons),
        [np.array([str(int(code)) for code in codes], dtype=object)],
        fields=np.array([CLC2018_FORMAT.code_column]),
        layer=path.stem,
        crs=CLC2018_CRS,
        geometry_type="Polygon",
    )


def _write_country(path: Path, extent: TileExtent) -> None:
    square = shapely.box(extent.ulx_m, extent.uly_m - extent.side_m, extent.ulx_m + extent.side_m, extent.uly_m)
    outline = project(np.array([square]), extent.crs, "EPSG:4326")
    pyogrio.raw.write(
        path,
        shapely.to_wkb(outline),
        [np.array([_COUNTRY], dtype=object)],
        fields=np.array(["name"]),
        crs="EPSG:4326",
        geometry_type="Polygon",
        driver="GeoJSON",
    )
