"""One tile, from its product to patches, reference maps and metadata rows.

Source: reBEN paper, section II.A; the order of the rules is that of this module.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import pyarrow as pa

from reben.construct.land_cover.source import LandCover, ReferenceMap
from reben.construct.output.tile_output import TileOutput
from reben.core.bands import PATCH_SIZE_M
from reben.core.errors import ProductError
from reben.core.grid import PatchGrid
from reben.core.names import S1PatchName
from reben.io.dataset.metadata import SCHEMA
from reben.io.l2a_product import L2aProduct
from reben.io.l2a_sources import open_l2a
from reben.io.v1_geometries import V1Geometries
from reben.rules.alignment import aligned_v1_names
from reben.rules.country import Countries, nearest_country
from reben.rules.cover import CLOUD_SHARE, SNOW_SHARE
from reben.rules.labels import MIN_LABELLED, is_labelled_enough, present_labels
from reben.rules.split_rules import ON_BORDER, REBEN_SPLIT, SplitRule, splits_in_tile
from reben.tile.bands import TileBands, join_bands, read_bands, valid_patches
from reben.tile.patches import Cell, TilePatches
from reben.tile.scene_classes import KINDS, Cover, read_cover
from reben.tile.sentinel1.partners import S1Source
from reben.work.stage_times import StageTimes

COVER_SCHEMA = pa.schema(
    [pa.field("patch_id", pa.string(), nullable=False), *(pa.field(kind, pa.float32()) for kind in KINDS)]
)
"""Of `quality.parquet`: shares from 0 to 1, by what covers the ground."""


@dataclass(frozen=True)
class TileSettings:
    """All that decides what becomes of a tile, besides its product."""

    land_cover: LandCover
    countries: Countries
    v1_regions: tuple[V1Geometries, ...] | None = None
    """Footprints of v1; None keeps every valid patch, as for new areas."""
    snow: frozenset[str] = frozenset()
    """v1 names of patches with seasonal snow."""
    cloud: frozenset[str] = frozenset()
    """v1 names of patches with clouds or cloud shadows."""
    sentinel1: S1Source | None = None
    """None makes a data set of Sentinel-2 only."""
    keep_unpaired: bool = False
    """Keep patches without a Sentinel-1 partner."""
    patch_size_m: int = PATCH_SIZE_M
    min_labelled: float = MIN_LABELLED
    split: SplitRule = REBEN_SPLIT
    keep_raw: bool = False
    """Keep digital numbers as the product has them, without adding its processing offset."""
    cloud_share: float = CLOUD_SHARE
    """From this share of clouds, shadows and cirrus on, a patch of a new area is flagged."""
    snow_share: float = SNOW_SHARE
    max_cloud: float | None = None
    """Largest share of clouds, shadows and cirrus; None keeps all patches."""

    def remarks(self) -> tuple[str, ...]:
        """What users should know of their inputs."""
        return () if self.sentinel1 is None else self.sentinel1.remarks()


@dataclass(frozen=True)
class TileResult:
    """What became of a tile."""

    patches: TilePatches
    rows: pa.Table
    """Metadata of the patches that were written, sorted by patch id."""
    counts: Mapping[str, int]
    """Patches per fate: `kept`, and one entry per reason to drop them."""
    repaired_polygons: int
    offsets: Mapping[str, int]
    """What was added to the digital numbers of bands."""
    largest_gap_h: float | None = None
    """Hours between the Sentinel-2 patches and their Sentinel-1 partners, at most."""
    s1_files: Sequence[Path] = field(default=())
    """Sentinel-1 rasters that partners were cut from."""
    cover: pa.Table | None = None
    """Shares of clouds, snow and so on of the patches that were written; None if the product does not tell them."""


def build_tile(
    product_path: Path,
    settings: TileSettings,
    output: TileOutput,
    *,
    further: Sequence[Path] = (),
    threads: int = 1,
    times: StageTimes | None = None,
) -> TileResult:
    """Write all patches of a product that stay, with their reference maps and Sentinel-1 partners.

    Args:
        product_path: L2A product.
        settings: rules and inputs.
        output: takes the patches.
        further: products of the same tile and time, which have the pixels that it lacks.
        threads: how many GDAL may use to decode a band.
        times: measures how long each stage takes.

    Raises:
        ProductError: if the product is incomplete or damaged.
        GridError: if a further product lies elsewhere.
        LandCoverError: if a polygon has an unknown code.
        RasterError: if a Sentinel-1 raster is missing, damaged or not what it should be.
    """
    times = times or StageTimes()
    product = open_l2a(product_path)
    with times.stage("decode"):
        bands = read_bands(product, threads=threads, keep_raw=settings.keep_raw)
        for path in further:
            join_bands(bands, read_bands(open_l2a(path), threads=threads, keep_raw=settings.keep_raw))
    patches = TilePatches(product.name.tile, bands.extent, PatchGrid(bands.extent.side_m, settings.patch_size_m))
    products = [product, *map(open_l2a, further)]
    cells, cover, v1_names, counts = _candidates(products, patches, bands, settings, threads=threads, times=times)
    with times.stage("land cover"):
        land_cover = settings.land_cover.on(patches.extent)
    with times.stage("labels"):
        labels = dict(_labels(land_cover, settings, patches.grid, cells))
    counts["too little labelled"] = len(cells) - len(labels)
    with times.stage("Sentinel-1"):
        partners = _write_partners(settings, output, patches, v1_names, list(labels))
    counts["without a Sentinel-1 partner"] = len(labels) - len(partners)
    counts["kept"] = len(partners)
    if settings.sentinel1 is not None and settings.keep_unpaired:
        counts["kept without a Sentinel-1 partner"] = sum(name is None for name in partners.values())

    kept = list(partners)
    with times.stage("write patches"):
        output.write_s2(patches, bands, kept)
    with times.stage("write reference maps"):
        output.write_maps(patches, land_cover, kept)
    with times.stage("metadata rows"):
        rows = _rows(patches, settings, labels, partners, v1_names, cover=cover)
    s1_names = [name for name in partners.values() if name is not None]
    s1_files = settings.sentinel1.files_of(s1_names) if settings.sentinel1 else []
    offsets = {} if settings.keep_raw else {band: offset for band, offset in product.offsets.items() if offset}
    gap_h = _largest_gap_h(patches, s1_names)
    shares = None if cover is None else _cover_rows(patches, cover, kept)
    return TileResult(patches, rows, counts, land_cover.repaired, offsets, gap_h, s1_files, shares)


def _candidates(
    products: Sequence[L2aProduct],
    patches: TilePatches,
    bands: TileBands,
    settings: TileSettings,
    *,
    threads: int,
    times: StageTimes,
) -> tuple[list[Cell], Cover | None, Mapping[Cell, str], dict[str, int]]:
    """The patches that may stay before land cover is known, what covers them, their v1 names, and how many went why.

    Raises:
        ProductError: if a scene classification is damaged, or missing where it decides.
    """
    counts = {"in the grid": patches.grid.patches_per_side**2}
    with times.stage("validity"):
        valid = valid_patches(bands, patches.grid)
    cells = [(column, row) for column, row in patches.grid.indices() if valid[column, row]]
    counts["with invalid pixels"] = counts["in the grid"] - len(cells)
    with times.stage("clouds and snow"):
        cover = read_cover(products, patches.extent, patches.grid, threads=threads)
    if settings.max_cloud is not None:
        clear = _clear_enough(cells, cover, settings.max_cloud, products[0].path)
        counts["too cloudy"] = len(cells) - len(clear)
        cells = clear
    if settings.split.by == "blocks":
        within = [cell for cell, split in _splits(patches, settings, cells).items() if split != ON_BORDER]
        counts["in blocks of two splits"] = len(cells) - len(within)
        cells = within
    v1_names: Mapping[Cell, str] = {}
    if settings.v1_regions is not None:
        with times.stage("v1 alignment"):
            v1_names = aligned_v1_names(settings.v1_regions, patches.tile, patches.extent, patches.grid)
        counts["without a v1 patch"] = len(cells) - sum(cell in v1_names for cell in cells)
        cells = [cell for cell in cells if cell in v1_names]
    return cells, cover, v1_names, counts


def _clear_enough(cells: list[Cell], cover: Cover | None, max_cloud: float, product: Path) -> list[Cell]:
    """The patches that are not too cloudy.

    Raises:
        ProductError: if the product does not tell how cloudy they are, and that decides.
    """
    if cover is None:
        raise ProductError(
            f"{product}: has no scene classification (SCL) at 20 m, so --max-cloud cannot be applied",
            hint="leave --max-cloud out, or give products of ESA or sen2cor, which have one",
        )
    hidden = cover.hidden()
    return [cell for cell in cells if hidden[cell] <= max_cloud]


def _cover_rows(patches: TilePatches, cover: Cover, cells: Sequence[Cell]) -> pa.Table:
    """Shares of each patch, sorted by patch id."""
    ordered = sorted(cells, key=patches.patch_id)
    columns = {kind: [float(share[cell]) for cell in ordered] for kind, share in cover.shares.items()}
    return pa.table({"patch_id": [patches.patch_id(cell) for cell in ordered], **columns}, COVER_SCHEMA)


def _largest_gap_h(patches: TilePatches, s1_names: Sequence[str]) -> float | None:
    """Hours between the tile and the partner that is farthest in time; None without partners."""
    times = {S1PatchName.parse(name).sensing_time for name in s1_names}
    gaps_s = [abs((time - patches.tile.sensing_time).total_seconds()) for time in times]
    return max(gaps_s) / 3600 if gaps_s else None


def _labels(
    land_cover: ReferenceMap, settings: TileSettings, grid: PatchGrid, cells: Sequence[Cell]
) -> Iterator[tuple[Cell, list[str]]]:
    """Labels of each patch that is labelled enough."""
    legend = settings.land_cover.format.legend
    class_map = legend.class_map(land_cover.codes)
    for cell in cells:
        patch = class_map[grid.window(*cell, 10).slices]
        if is_labelled_enough(patch, settings.min_labelled):
            yield cell, present_labels(patch, legend)


def _write_partners(
    settings: TileSettings,
    output: TileOutput,
    patches: TilePatches,
    v1_names: Mapping[Cell, str],
    cells: Sequence[Cell],
) -> dict[Cell, str | None]:
    """Write Sentinel-1 patches; the name of each patch's partner, None if it stays without one."""
    names: dict[Cell, str] = {}
    if settings.sentinel1 is not None:
        for cell, partner in settings.sentinel1.partners(patches, cells, v1_names):
            output.write_s1(patches, cell, partner)
            names[cell] = partner.name
    alone_stay = settings.sentinel1 is None or settings.keep_unpaired
    return {cell: names.get(cell) for cell in cells if alone_stay or cell in names}


def _rows(
    patches: TilePatches,
    settings: TileSettings,
    labels: Mapping[Cell, list[str]],
    partners: Mapping[Cell, str | None],
    v1_names: Mapping[Cell, str],
    *,
    cover: Cover | None,
) -> pa.Table:
    """Metadata of the patches in `partners`, sorted by patch id."""
    cells = sorted(partners, key=patches.patch_id)
    if not cells:
        return SCHEMA.empty_table()
    splits = _splits(patches, settings, cells)
    v1 = [v1_names.get(cell) for cell in cells]
    snow, cloud = _flags(cells, v1, settings, cover)
    return pa.table(
        {
            "patch_id": [patches.patch_id(cell) for cell in cells],
            "labels": [labels[cell] for cell in cells],
            "split": [splits[cell] for cell in cells],
            "country": nearest_country(settings.countries, patches.squares(cells), patches.extent.crs),
            "s1_name": [partners[cell] for cell in cells],
            "s2v1_name": v1,
            "contains_seasonal_snow": snow,
            "contains_cloud_or_shadow": cloud,
        },
        SCHEMA,
    )


def _splits(patches: TilePatches, settings: TileSettings, cells: Sequence[Cell]) -> dict[Cell, str]:
    """Split of each patch; `train` where that follows from all patches of the data set together."""
    if not cells or not settings.split.is_known_in_tiles:
        return dict.fromkeys(cells, "train")
    columns, rows = np.array(cells).T
    found = splits_in_tile(settings.split, columns, rows, patches.grid, patches.extent)
    return dict(zip(cells, found.tolist(), strict=True))


def _flags(
    cells: Sequence[Cell], v1: Sequence[str | None], settings: TileSettings, cover: Cover | None
) -> tuple[list[bool | None], list[bool | None]]:
    """Which patches have snow, and which clouds: by the lists of v1, else by the image, else unknown."""
    if settings.v1_regions is not None:
        return [name in settings.snow for name in v1], [name in settings.cloud for name in v1]
    if cover is None:
        return [None] * len(cells), [None] * len(cells)
    hidden, snow = cover.hidden(), cover.shares["snow"]
    return (
        [bool(snow[cell] >= settings.snow_share) for cell in cells],
        [bool(hidden[cell] >= settings.cloud_share) for cell in cells],
    )
