"""The embedded engine: one L1C product to L2A with tables of the radiative transfer code 6S.

An approximation to what ESA's processor does, physically based: Lambertian ground, one aerosol model, one aerosol
optical thickness per tile; no terrain illumination, no correction of thin clouds.
"""

import resource
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reben.core.bands import MSI_RESOLUTIONS_M, S2_BANDS
from reben.core.errors import CorrectionError, ProductError
from reben.core.grid import TileExtent
from reben.correct.l2a_product import L2aWriter, l2a_name
from reben.correct.options import CorrectOptions
from reben.correct.report import Adjacency, SixsRecord, read_sixs_record
from reben.correct.sixs.adjacency import surroundings_of
from reben.correct.sixs.adjacency_range import RANGE_M, expect_range
from reben.correct.sixs.atmosphere import find_atmosphere
from reben.correct.sixs.auxiliary import read_forecast
from reben.correct.sixs.inversion import Scale, remove_atmosphere
from reben.correct.sixs.nodes import OVERVIEW_M, Nodes
from reben.correct.sixs.overview import survey
from reben.correct.sixs.scene import classify, shares
from reben.correct.sixs.tables import Tables, load_tables
from reben.io.safe.angles import TileAngles, read_angles
from reben.io.safe.checksums import comparing
from reben.io.safe.geocoding import read_extent
from reben.io.safe.l1c import L1cProduct, open_l1c
from reben.io.tile_bands import read_tile_band
from reben.rules.quality import quality_failures
from reben.version import __version__
from reben.work import atomic
from reben.work.executors import threads_per_worker
from reben.work.stage_times import StageTimes

Bands = dict[str, NDArray[np.uint16]]


@dataclass(frozen=True, slots=True)
class SixsEngine:
    """What decides how products are corrected."""

    dem: Path | None = None
    """Digital elevation model, in metres above the sea."""
    threads: int = 1
    """Per product."""
    checksums: bool = True
    """Whether images are compared with the checksums that products carry."""
    adjacency_m: float = RANGE_M
    """How far the ground reaches whose light is taken out of its neighbours; 0 leaves all in."""

    memory_bytes = 2_500_000_000
    """That a full-size product takes."""

    def find_finished(self, l1c: Path, output: Path) -> Path | None:
        """The finished L2A product of an L1C product, if it is there.

        Raises:
            ProductError: if the L1C product cannot be read.
            CorrectionError: if the L2A product was made with another range of neighbouring light.
        """
        target = output / str(l2a_name(open_l1c(l1c).name))
        if not target.exists():
            return None
        _expect_same_range(target, self.adjacency_m)
        atomic.remove_attempts(target)
        return target

    def correct(self, l1c: Path, output: Path) -> SixsRecord:
        """Correct one product; what was done.

        Args:
            l1c: product, a `.SAFE` folder or a zip file.
            output: folder in which the L2A product is made.

        Raises:
            ProductError: if the product is damaged, incomplete, or no L1C product.
            CorrectionError: if its quality indicators failed, the sun stands too low for the tables, or the range of
                neighbouring light cannot be one.
            TargetExistsError: if the L2A product is there already, or another process is making it.
            RasterError: if the elevation model cannot be used.
        """
        expect_range(self.adjacency_m)
        product = open_l1c(l1c)
        failures = quality_failures(product.quality)
        if failures:
            raise CorrectionError(f"{product.name}: {', '.join(failures)}", hint="leave this product out")
        images = list(product.members.values()) if self.checksums else []
        with (
            comparing(product.path, images, threads=self.threads) as compared,
            atomic.new_directory(output / str(l2a_name(product.name))) as folder,
        ):
            return _correct(product, folder, self, compared)


def engine_of(options: CorrectOptions, _: Callable[[str], None]) -> SixsEngine:
    """The engine with the settings that options have."""
    threads = threads_per_worker(options.threads, options.workers, options.scheduler)
    return SixsEngine(options.dem, threads, options.checksums, options.adjacency_range)


def _expect_same_range(product: Path, range_m: float) -> None:
    """Check that a finished product is the one that would be made now.

    Raises:
        CorrectionError: if its report cannot be read, or names another range; a product without one is left alone.
    """
    hint = "remove the product to correct it again"
    record = read_sixs_record(product, hint=hint)
    made = None if record is None else record.adjacency
    if made is not None and made.range_m != range_m:
        raise CorrectionError(
            f"{product}: was corrected with an adjacency range of {made.range_m:,g} m; expected {range_m:,g} m",
            hint=f"{hint}, choose another output folder, or ask for the range that it has",
        )


def _correct(
    product: L1cProduct, folder: Path, engine: SixsEngine, compared: Callable[[], tuple[str, ...]]
) -> SixsRecord:
    """Fill the folder of the product; what was done."""
    times = StageTimes()
    tables, own = load_tables(product.name.tile.mission)
    angles = read_angles(product.path, product.tile_metadata)
    with times.stage("decode"):
        extent, bands = _read_bands(product, engine.threads)
        compared_with = compared()
    nodes = Nodes(extent)
    _expect_sun(product, tables, nodes, angles)
    scales = {band: Scale(product.quantification, product.offsets[band]) for band in bands}
    with times.stage("classify"):
        zenith, azimuth = _mean_sun(angles)
        classes = classify(bands, scales, sun_zenith_rad=zenith, sun_azimuth_rad=azimuth, threads=engine.threads)
        overview = survey(bands, scales, classes)
    with times.stage("atmosphere"):
        forecast = read_forecast(product.auxiliary)
        atmosphere = find_atmosphere(overview, forecast, tables, nodes, angles, dem=engine.dem)
    writer = L2aWriter(folder, product, extent, threads=engine.threads)
    with times.stage("encode"):
        writer.write_band("SCL", classes)
    neighbours: dict[str, float] = {}
    for band in S2_BANDS:
        pixels = bands.pop(band)  # and its memory is free after this turn
        with times.stage("invert"):
            effect = tables.effect(band, nodes.directions(angles, band), atmosphere.air)
            resolution_m, range_m = MSI_RESOLUTIONS_M[band], engine.adjacency_m
            around = surroundings_of(pixels, resolution_m, range_m).around if range_m else None
            remove_atmosphere(pixels, effect, nodes, resolution_m, scales[band], around=around, threads=engine.threads)
            neighbours[band] = round(float(np.mean(effect.neighbours)), 4) if range_m else 0.0
        with times.stage("encode"):
            writer.write_band(band, pixels)
    record = SixsRecord(
        engine=f"6S tables, reben {__version__}",
        product=str(l2a_name(product.name)),
        source=str(product.name),
        compared_with=tuple(compared_with),
        fallbacks=(*atmosphere.fallbacks(), *([] if own else [f"spectral responses: those of {tables.satellite}"])),
        seconds={stage: round(seconds, 2) for stage, seconds in times.seconds.items()},
        peak_memory_bytes=resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,  # from KiB
        tables=tables.version,
        spectral_responses=tables.satellite,
        adjacency=Adjacency(range_m=engine.adjacency_m, share=neighbours),
        classes=shares(classes),
        **atmosphere.found(),  # type: ignore[arg-type]  # a record of each kind, by its field
    )
    writer.finish(record)
    return record


def _read_bands(product: L1cProduct, threads: int) -> tuple[TileExtent, Bands]:
    """All thirteen bands.

    Raises:
        ProductError: if one is damaged, or they do not cover the same ground.
    """
    extent = read_extent(product.path, product.tile_metadata)
    bands = {}
    for band, resolution_m in MSI_RESOLUTIONS_M.items():
        extent, bands[band] = read_tile_band(product.images[band], resolution_m, threads=threads, expected=extent)
    if extent is None or extent.side_m % OVERVIEW_M:
        raise ProductError(f"{product.path}: covers {extent}; expected a side that is a multiple of {OVERVIEW_M} m")
    return extent, bands


def _expect_sun(product: L1cProduct, tables: Tables, nodes: Nodes, angles: TileAngles) -> None:
    """Check that the tables reach as far.

    Raises:
        CorrectionError: if the sun stands too low.
    """
    lowest = float(nodes.directions(angles, "B02").sun_cosine.min())
    if lowest < tables.smallest_sun_cosine:
        zenith, limit = (np.degrees(np.arccos(cosine)) for cosine in (lowest, tables.smallest_sun_cosine))
        raise CorrectionError(
            f"{product.name}: the sun is {zenith:.1f} degrees from the zenith; the tables end at {limit:.1f}",
            hint="leave this product out, or correct it with --engine sen2cor",
        )


def _mean_sun(angles: TileAngles) -> tuple[float, float]:
    """Zenith angle and azimuth of the tile's mean sun, in radians."""
    east, north = float(angles.sun.east.mean()), float(angles.sun.north.mean())
    return float(np.arcsin(np.hypot(east, north))), float(np.arctan2(east, north))
