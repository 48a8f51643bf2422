"""One pass of the satellite over a tile: its products joined on the tile's 10 m grid, block by block."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.core.backscatter import decibels
from reben.core.bands import S1_BANDS
from reben.core.errors import GeocodingError
from reben.core.grid import TileExtent
from reben.io.elevation import ElevationModel
from reben.io.safe.grd.annotation import Annotation
from reben.io.safe.grd.orbit_file import find_orbit_file, read_orbit_file
from reben.io.safe.grd.product import GrdProduct
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.ground import ground_at
from reben.tile.sentinel1.grd.orbit import Orbit, fit_orbit
from reben.tile.sentinel1.grd.placement import PIXEL_M, Block, Placement, geoid_on, place_block
from reben.tile.sentinel1.grd.radiometry import ImagePart, read_part
from reben.tile.sentinel1.grd.range_doppler import image_place, see
from reben.tile.sentinel1.grd.resampling import bilinear
from reben.tile.sentinel1.grd.visibility import HiddenGround, find_hidden
from reben.work.ahead import mapped_ahead

BLOCK_PX = 512
_NODE_M = 3_660
"""Of the coarse grid on which it is seen whether a product shows the tile: a thirtieth of its side."""
_COARSE_M = 200.0
_HEIGHT_MARGIN_M = 500.0
"""A peak may stand this much above the coarse heights."""
_MARGIN_PX = 8


@dataclass(frozen=True, slots=True)
class Slice:
    """A product that shows some of a tile, and the part of it that does."""

    product: GrdProduct
    orbit: Orbit
    orbit_file: Path | None
    """From which the orbit is, if not from the product."""
    lines: slice
    pixels: slice


@dataclass(frozen=True, slots=True)
class Geocoded:
    """A block of the tile."""

    block: Block
    decibels: Mapping[str, NDArray[np.float32]]
    """By polarisation; NaN where there is no value."""
    incidence_deg: NDArray[np.float32]
    without_altitude: int
    """Pixels without an altitude."""
    hidden: int
    """Pixels in layover or shadow; 0 if nobody asked."""


@dataclass(frozen=True, slots=True)
class TilePass:
    """What is needed to geocode a pass onto a tile."""

    extent: TileExtent
    slices: tuple[Slice, ...]
    """In the order of time."""
    elevation: ElevationModel
    heights_m: tuple[float, float]
    """Lowest and highest height on the tile, with a margin, above the geoid."""
    choices: Choices

    @property
    def scene(self) -> str:
        """Scene id of the first product that shows the tile."""
        return self.slices[0].product.scene

    @contextmanager
    def blocks(self, *, threads: int) -> Iterator[Iterator[Geocoded]]:
        """All blocks of the tile, row by row.

        Args:
            threads: how many blocks are made at the same time.

        Raises (within the block):
            RasterError: if an image or the elevation model cannot be read.
        """
        parts = [
            {band: read_part(image, part.lines, part.pixels) for band, image in part.product.images.items()}
            for part in self.slices
        ]
        hidden = None
        if self.choices.mask_hidden:
            first = self.slices[0]
            hidden = find_hidden(first.product.geometry, first.orbit, self.extent, self.elevation)

        def make(block: Block) -> Geocoded:
            return self._make(block, parts, hidden)

        with mapped_ahead(make, _blocks(self.extent), threads=threads, depth=2 * threads) as made:
            yield made

    def _make(self, block: Block, parts: Sequence[Mapping[str, ImagePart]], hidden: HiddenGround | None) -> Geocoded:
        shape = (block.rows, block.columns)
        power = {band: np.full(shape, np.nan, np.float32) for band in S1_BANDS}
        incidence = np.full(shape, np.nan, np.float32)
        shown = [number for number, part in enumerate(self.slices) if self._may_show(part, block)]
        if not shown:
            return Geocoded(block, power, incidence, 0, 0)
        altitudes = self._altitudes(block)
        for part, images in ((self.slices[number], parts[number]) for number in shown):
            geometry = part.product.geometry
            placement = place_block(geometry, part.orbit, self.extent, block, altitudes)
            if placement is None:
                continue
            inside = _inside(geometry, placement)
            if not inside.any():
                continue
            np.copyto(incidence, placement.incidence_deg, where=inside & np.isnan(incidence))
            for band, image in images.items():
                values = _sample(image, placement, inside)
                np.copyto(power[band], values, where=np.isnan(power[band]))
        folded = np.zeros(shape, bool) if hidden is None else hidden.of(block)
        for values in power.values():
            values[folded] = np.nan
        return Geocoded(
            block,
            {band: decibels(values) for band, values in power.items()},
            incidence,
            int(np.isnan(altitudes).sum()),
            int(folded.sum()),
        )

    def _may_show(self, part: Slice, block: Block) -> bool:
        """Whether an image reaches a block, at any height of the tile."""
        x, y = (axis[[0, -1]] for axis in block.centres_m(self.extent))
        spans = _spans(part.product.geometry, part.orbit, self.extent.crs, np.meshgrid(x, y), self.heights_m)
        return spans is not None

    def _altitudes(self, block: Block) -> NDArray[np.float32]:
        """Above the geoid, NaN where unknown."""
        west = self.extent.ulx_m + PIXEL_M * block.column
        north = self.extent.uly_m - PIXEL_M * block.row
        altitudes = self.elevation.altitudes_m(self.extent.crs, west, north, (block.rows, block.columns), PIXEL_M)
        if self.elevation.above_ellipsoid:
            altitudes -= geoid_on(self.extent, block)
        return np.nan_to_num(altitudes) if self.choices.sea_level else altitudes


def passes_over(
    products: Sequence[GrdProduct],
    extent: TileExtent,
    choices: Choices,
) -> list[TilePass]:
    """The passes that show some of a tile, in the order of time.

    Args:
        products: of any passes.
        extent: of the tile.
        choices: elevation model, orbits; products that no orbit file covers keep their own orbits.

    Raises:
        GeocodingError: if the model says nothing of the tile.
        ProductError: if an orbit is damaged.
        RasterError: if the elevation model cannot be read.
    """
    elevation = choices.elevation()
    heights = _heights(extent, elevation, sea_level=choices.sea_level)
    found: dict[tuple[str, int, str], list[Slice]] = {}
    for product in sorted(products, key=lambda product: product.geometry.first_line):
        part = _slice(product, extent, heights, choices.orbits)
        if part is not None:
            found.setdefault(product.take, []).append(part)
    return [TilePass(extent, tuple(parts), elevation, heights, choices) for parts in found.values()]


def _heights(extent: TileExtent, elevation: ElevationModel, *, sea_level: bool) -> tuple[float, float]:
    """Lowest and highest height on the tile, with a margin."""
    side = round(extent.side_m / _COARSE_M)
    altitudes = elevation.altitudes_m(extent.crs, extent.ulx_m, extent.uly_m, (side, side), extent.side_m / side)
    known = altitudes[np.isfinite(altitudes)]
    if not known.size and not sea_level:
        raise GeocodingError(
            f"{elevation.files[0]}: the elevation model says nothing of the tile at {extent.ulx_m:.0f}, "
            f"{extent.uly_m:.0f} ({extent.crs})",
            hint="give a model of that place; for open sea there is --sea-level",
        )
    low, high = (float(known.min()), float(known.max())) if known.size else (0.0, 0.0)
    return min(low, 0.0) - _HEIGHT_MARGIN_M, high + _HEIGHT_MARGIN_M


def _slice(
    product: GrdProduct, extent: TileExtent, heights_m: tuple[float, float], orbits: Path | None
) -> Slice | None:
    """The part of a product that shows the tile; None if none does."""
    geometry = product.geometry
    file = None if orbits is None else find_orbit_file(orbits, geometry)
    vectors = geometry.vectors if file is None else read_orbit_file(file, geometry)
    orbit = fit_orbit(vectors, str(file or product.path))
    steps = np.linspace(0, extent.side_m, round(extent.side_m / _NODE_M) + 1)
    places = np.meshgrid(extent.ulx_m + steps, extent.uly_m - steps)
    spans = _spans(geometry, orbit, extent.crs, places, heights_m)
    return None if spans is None else Slice(product, orbit, file, *spans)


def _spans(
    geometry: Annotation,
    orbit: Orbit,
    crs: str,
    places_m: Sequence[NDArray[np.float64]],
    heights_m: tuple[float, float],
) -> tuple[slice, slice] | None:
    """Lines and pixels of an image between which places lie at any height; None if it shows none of them.

    Args:
        geometry: of the image.
        orbit: of the satellite.
        crs: of the places.
        places_m: eastings and northings.
        heights_m: lowest and highest.
    """
    ground = ground_at(crs, *places_m)
    points = np.stack([ground.places_m(height + ground.geoid_m) for height in heights_m])
    seen = see(orbit, points, ground.normals, geometry.lines * geometry.line_interval_s / 2)
    if not seen.on_the_right.all():
        return None
    lines, pixels = image_place(geometry, seen)
    rows, columns = _span(lines, geometry.lines), _span(pixels, geometry.pixels)
    return None if rows is None or columns is None else (rows, columns)


def _span(values: NDArray[np.float64], side: int) -> slice | None:
    """The pixels of an axis that are needed; None if there are none."""
    first = max(int(np.floor(values.min())) - _MARGIN_PX, 0)
    last = min(int(np.ceil(values.max())) + _MARGIN_PX, side)
    return slice(first, last) if last - first > 1 else None


def _blocks(extent: TileExtent) -> Iterator[Block]:
    side = extent.side_m // PIXEL_M
    for row in range(0, side, BLOCK_PX):
        for column in range(0, side, BLOCK_PX):
            yield Block(row, column, min(BLOCK_PX, side - row), min(BLOCK_PX, side - column))


def _inside(geometry: Annotation, placement: Placement) -> NDArray[np.bool_]:
    """Which pixels of a block the image shows; a pixel reaches half its side around its centre."""
    line, pixel = -0.5 - placement.first_line, -0.5 - placement.first_pixel
    inside: NDArray[np.bool_] = (
        (placement.lines >= line)
        & (placement.lines < line + geometry.lines)
        & (placement.pixels >= pixel)
        & (placement.pixels < pixel + geometry.pixels)
    )
    return inside


def _sample(image: ImagePart, placement: Placement, inside: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Power at the pixels of a block, NaN outside of the image."""
    spans = []
    for values, first, start, side in (
        (placement.lines, placement.first_line, image.first_line, image.numbers.shape[0]),
        (placement.pixels, placement.first_pixel, image.first_pixel, image.numbers.shape[1]),
    ):
        low, high = float(values[inside].min()) + first, float(values[inside].max()) + first
        begin = min(max(int(np.floor(low)), start), start + side - 2)
        end = min(max(int(np.floor(high)) + 2, begin + 2), start + side)
        spans.append((begin, end - begin))
    (line, lines), (pixel, pixels) = spans
    power = image.sigma_nought(line, pixel, lines, pixels)
    rows = np.where(inside, placement.lines - (line - placement.first_line), 0).astype(np.float32)
    columns = np.where(inside, placement.pixels - (pixel - placement.first_pixel), 0).astype(np.float32)
    values = bilinear(power, rows, columns)
    values[~inside] = np.nan
    return values
