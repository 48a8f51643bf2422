"""One tile, from its product to patches, reference maps and metadata rows.

Source: reBEN paper, section II.A; the order of the rules is that of this module.
"""

import shutil
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from rasterio.transform import from_origin

from reben.construct.alignment import aligned_v1_names
from reben.construct.country import Countries, nearest_country
from reben.construct.labels import MIN_LABELLED, is_labelled_enough, present_labels
from reben.construct.reference_maps import LandCoverLayer, ReferenceMap, burn
from reben.construct.split import assign_splits, frames
from reben.construct.tile_bands import TileBands, read_bands, valid_patches
from reben.core.bands import BANDS, PATCH_SIZE_M, S1_BANDS
from reben.core.errors import RasterError
from reben.core.grid import Bounds, PatchGrid, TileGround
from reben.core.names import Patch, S1Patch, Tile
from reben.io.dataset_paths import DatasetPaths
from reben.io.geotiff import read_pixels, write_reference_map
from reben.io.metadata import SCHEMA
from reben.io.patch_files import PatchFileTemplate
from reben.io.safe import open_product
from reben.io.v1_geometries import V1Geometries

Place = tuple[int, int]
"""Column and row of a patch."""


@dataclass(frozen=True)
class TileSettings:
    """All that decides what becomes of a tile, besides its product."""

    land_cover: LandCoverLayer
    countries: Countries
    v1_regions: tuple[V1Geometries, ...] | None = None
    """Footprints of v1; None keeps every valid patch, as for new areas."""
    snow: frozenset[str] = frozenset()
    """v1 names of patches with seasonal snow."""
    cloud: frozenset[str] = frozenset()
    """v1 names of patches with clouds or cloud shadows."""
    s1_dir: Path | None = None
    """Sentinel-1 patches in the published layout; None makes a data set of Sentinel-2 only."""
    s1_pairs: Mapping[str, str] = field(default_factory=dict)
    """Sentinel-1 name by v1 name."""
    patch_size_m: int = PATCH_SIZE_M
    min_labelled: float = MIN_LABELLED
    p: float = 0.25
    q: float = 0.25
    keep_raw: bool = False
    """Keep digital numbers as the product has them, without adding its processing offset."""


@dataclass(frozen=True)
class TileResult:
    """What became of a tile."""

    rows: pa.Table
    """Metadata of the patches that were written, sorted by patch id."""
    counts: Mapping[str, int]
    """Patches per fate: `kept`, and one entry per reason to drop them."""
    repaired_polygons: int


@dataclass(frozen=True, slots=True)
class _Patches:
    """Names and places of a tile's patches."""

    tile: Tile
    ground: TileGround
    grid: PatchGrid

    def patch_id(self, place: Place) -> str:
        return str(Patch(self.tile, *place, self.grid.index_width))

    def bounds(self, place: Place) -> Bounds:
        return self.grid.bounds(*place, ulx_m=self.ground.ulx_m, uly_m=self.ground.uly_m)


def build_tile(product_path: Path, settings: TileSettings, output: DatasetPaths, *, threads: int = 1) -> TileResult:
    """Write all patches of a product that stay, with their reference maps and Sentinel-1 partners.

    Args:
        product_path: L2A product.
        settings: rules and inputs.
        output: data set to write into; files of this tile are replaced.
        threads: how many GDAL may use to decode a band.

    Raises:
        ProductError: if the product is incomplete or damaged.
        LandCoverError: if a polygon has an unknown code.
        RasterError: if a Sentinel-1 patch lacks a band or is damaged.
    """
    product = open_product(product_path)
    tile = product.name.tile
    _clear(output, tile)
    bands = read_bands(product, threads=threads, keep_raw=settings.keep_raw)
    grid = PatchGrid(bands.ground.side_m, settings.patch_size_m)
    counts = {"in the grid": grid.patches_per_side**2}

    valid = valid_patches(bands, grid)
    places = [(column, row) for column, row in grid.indices() if valid[column, row]]
    counts["with invalid pixels"] = counts["in the grid"] - len(places)
    v1_names: Mapping[Place, str] = {}
    if settings.v1_regions is not None:
        v1_names = aligned_v1_names(settings.v1_regions, tile, bands.ground, grid)
        counts["without a v1 patch"] = len(places) - sum(place in v1_names for place in places)
        places = [place for place in places if place in v1_names]
    land_cover = burn(settings.land_cover, bands.ground)
    labels = dict(_labels(land_cover, settings, grid, places))
    counts["too little labelled"] = len(places) - len(labels)
    partners = _partners(settings, v1_names, list(labels))
    counts["without a Sentinel-1 partner"] = len(labels) - len(partners)
    counts["kept"] = len(partners)

    names = [name for name in partners.values() if name is not None]
    for name in names:
        _check_s1(settings, name)  # all that can be wrong is found before anything is written
    patches = _Patches(tile, bands.ground, grid)
    _write_s2(output, patches, bands, list(partners))
    _write_maps(output, patches, land_cover, list(partners))
    for name in names:
        _copy_s1(settings, output, name)
    rows = _rows(patches, settings, labels, partners, v1_names)
    return TileResult(rows, counts, land_cover.repaired)


def _labels(
    land_cover: ReferenceMap, settings: TileSettings, grid: PatchGrid, places: Sequence[Place]
) -> Iterator[tuple[Place, list[str]]]:
    """Labels of each patch that is labelled enough."""
    legend = settings.land_cover.format.legend
    class_map = legend.class_map(land_cover.codes)
    for place in places:
        patch = class_map[grid.window(*place, 10).slices]
        if is_labelled_enough(patch, settings.min_labelled):
            yield place, present_labels(patch, legend)


def _partners(
    settings: TileSettings, v1_names: Mapping[Place, str], places: Sequence[Place]
) -> dict[Place, str | None]:
    """Sentinel-1 name of each patch that has one; without Sentinel-1, None for each."""
    if settings.s1_dir is None:
        return dict.fromkeys(places)
    found = {place: settings.s1_pairs.get(v1_names.get(place, "")) for place in places}
    return {place: name for place, name in found.items() if name is not None}


def _clear(output: DatasetPaths, tile: Tile) -> None:
    """Remove what an earlier, interrupted attempt left of this tile."""
    for folder in (output.s2, output.reference_maps):
        shutil.rmtree(folder / str(tile), ignore_errors=True)


def _write_s2(output: DatasetPaths, patches: _Patches, bands: TileBands, places: Sequence[Place]) -> None:
    tile_folder = output.s2 / str(patches.tile)
    for place in places:
        (tile_folder / patches.patch_id(place)).mkdir(parents=True)
    for name, pixels in bands.pixels.items():
        band = BANDS[name]
        side_px = band.side_px(patches.grid.patch_size_m)
        template = PatchFileTemplate(side_px, band.dtype, band.resolution_m, crs=patches.ground.crs, nodata=0)
        for place in places:
            patch_id, bounds = patches.patch_id(place), patches.bounds(place)
            part = pixels[patches.grid.window(*place, band.resolution_m).slices]
            template.write(tile_folder / patch_id / f"{patch_id}_{name}.tif", part, bounds.left_m, bounds.top_m)


def _write_maps(output: DatasetPaths, patches: _Patches, land_cover: ReferenceMap, places: Sequence[Place]) -> None:
    for place in places:
        patch_id, bounds = patches.patch_id(place), patches.bounds(place)
        folder = output.reference_maps / str(patches.tile) / patch_id
        folder.mkdir(parents=True)
        write_reference_map(
            folder / f"{patch_id}_reference_map.tif",
            np.ascontiguousarray(land_cover.codes[patches.grid.window(*place, 10).slices]),
            crs=patches.ground.crs,
            transform=from_origin(bounds.left_m, bounds.top_m, 10, 10),
        )


def _s1_files(settings: TileSettings, name: str) -> dict[str, Path]:
    """Files of a Sentinel-1 patch by band."""
    folder = (settings.s1_dir or Path()) / S1Patch.parse(name).scene / name
    return {band: folder / f"{name}_{band}.tif" for band in S1_BANDS}


def _check_s1(settings: TileSettings, name: str) -> None:
    """Read a Sentinel-1 patch.

    Raises:
        RasterError: if a band is missing, damaged or of another size.
    """
    for band, source in _s1_files(settings, name).items():
        pixels = read_pixels(source)
        side_px = BANDS[band].side_px(settings.patch_size_m)
        if pixels.shape != (side_px, side_px) or pixels.dtype != BANDS[band].numpy_dtype:
            raise RasterError(
                f"{source}: has {' x '.join(map(str, pixels.shape))} pixels of {pixels.dtype.name}; "
                f"expected {side_px} x {side_px} pixels of {BANDS[band].dtype}"
            )


def _copy_s1(settings: TileSettings, output: DatasetPaths, name: str) -> None:
    target = output.s1 / S1Patch.parse(name).scene / name
    target.mkdir(parents=True, exist_ok=True)
    for source in _s1_files(settings, name).values():
        shutil.copyfile(source, target / source.name)


def _rows(
    patches: _Patches,
    settings: TileSettings,
    labels: Mapping[Place, list[str]],
    partners: Mapping[Place, str | None],
    v1_names: Mapping[Place, str],
) -> pa.Table:
    """Metadata of the patches in `partners`, sorted by patch id."""
    places = sorted(partners, key=patches.patch_id)
    if not places:
        return SCHEMA.empty_table()
    columns, rows = np.array(places).T
    grid = patches.grid
    splits = assign_splits(columns, rows, grid, frames(grid.tile_side_m, p=settings.p, q=settings.q))
    bounds = [patches.bounds(place) for place in places]
    squares = shapely.box(*np.array([(b.left_m, b.bottom_m, b.right_m, b.top_m) for b in bounds]).T)
    v1 = [v1_names.get(place) for place in places]
    return pa.table(
        {
            "patch_id": [patches.patch_id(place) for place in places],
            "labels": [labels[place] for place in places],
            "split": splits.tolist(),
            "country": nearest_country(settings.countries, squares, patches.ground.crs),
            "s1_name": [partners[place] for place in places],
            "s2v1_name": v1,
            "contains_seasonal_snow": [name in settings.snow for name in v1],
            "contains_cloud_or_shadow": [name in settings.cloud for name in v1],
        },
        SCHEMA,
    )
