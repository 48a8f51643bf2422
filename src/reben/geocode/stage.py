"""Geocoding as a stage: products and tiles in, one folder per pass and tile out, each there whole or not at all."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from reben.core.errors import GeocodingError, RebenError
from reben.core.grid import TileExtent
from reben.core.mgrs import tile_extent
from reben.geocode.options import GeocodeOptions
from reben.geocode.report import REPORT_FILE, GeocodingReport, Parameters, read_report
from reben.io.safe.grd.product import GrdProduct, find_grd, open_grd
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.placement import PIXEL_M
from reben.tile.sentinel1.grd.rasters import write_pass
from reben.tile.sentinel1.grd.tile_pass import TilePass, passes_over
from reben.version import __version__
from reben.work.atomic import new_directory, write_text
from reben.work.context import Context
from reben.work.executors import threads_per_worker
from reben.work.progress import Advance, unseen

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(slots=True)
class GeocodeResult:
    """What became of products and tiles."""

    made: list[Path] = field(default_factory=list)
    """Folders of scenes."""
    present: list[Path] = field(default_factory=list)
    """Folders that were there already."""
    failed: dict[str, str] = field(default_factory=dict)
    """Why a product or a tile was skipped, by its name."""


def geocode(
    places: Sequence[Path],
    tiles: Sequence[str],
    output: Path,
    options: GeocodeOptions,
    context: Context | None = None,
) -> GeocodeResult:
    """Bring GRD products onto the 10 m grids of tiles, as sigma nought in dB.

    Each pass over each tile becomes a folder, named after the first product that shows the tile and after the tile.
    Folders that the same options would give are left alone, so that the same command resumes.

    Args:
        places: products (`.SAFE` or `.zip`), or folders with some.
        tiles: names, such as 33UUP.
        output: folder for the scenes.
        options: elevation model, and how.
        context: shows progress and warnings.

    Raises:
        GeocodingError: if there is no product, or no product shows a tile.
        RebenError: what was wrong with a product or the elevation model, unless errors are skipped.
    """
    run = _Run(output, options, context or Context(), GeocodeResult())
    extents = {tile: tile_extent(tile) for tile in tiles}
    run.choices.elevation()
    products = _open_all(places, run)
    with run.context.progress("geocoding") as begin:
        advance = begin(sum(extent.side_m // PIXEL_M for extent in extents.values()))
        for tile, extent in extents.items():
            try:
                run.geocode_tile(products, tile, extent, advance)
            except RebenError as error:
                run.skip(tile, error)
    return run.result


@dataclass(frozen=True, slots=True)
class _Run:
    """What does not change while products are geocoded."""

    output: Path
    options: GeocodeOptions
    context: Context
    result: GeocodeResult

    @property
    def choices(self) -> Choices:
        options = self.options
        return Choices(options.dem, options.above_ellipsoid, options.orbits, options.sea_level, options.mask_hidden)

    def skip(self, name: str, error: RebenError) -> None:
        """Note an error.

        Raises:
            RebenError: the error, if the work is to stop there.
        """
        if self.options.on_error == "stop":
            raise error
        self.result.failed[name] = str(error)

    def geocode_tile(self, products: Sequence[GrdProduct], tile: str, extent: TileExtent, advance: Advance) -> None:
        """Make the scenes of a tile.

        Raises:
            RebenError: if none can be made, or one not.
        """
        passes = passes_over(products, extent, self.choices)
        if not passes:
            raise GeocodingError(
                f"{tile}: none of {len(products)} products shows the tile",
                hint="give products of that place, or leave the tile out",
            )
        for number, tile_pass in enumerate(passes):
            self._make(tile_pass, tile, advance if number == 0 else unseen)

    def _make(self, tile_pass: TilePass, tile: str, advance: Advance) -> None:
        """Write a scene, if it is not there."""
        target = self.output / f"{tile_pass.scene}_{tile}"
        parameters = _parameters(tile_pass, self.options)
        if target.exists():
            if read_report(target).parameters != parameters:
                raise GeocodingError(
                    f"{target}: was made of other products or with other options",
                    hint="remove it, or choose another --output",
                )
            self.result.present.append(target)
            advance(tile_pass.extent.side_m // PIXEL_M)
            return
        self.output.mkdir(parents=True, exist_ok=True)
        threads = threads_per_worker(self.options.threads, 1)
        with new_directory(target) as folder:
            written = write_pass(
                tile_pass, tile, folder, incidence=self.options.incidence, threads=threads, progress=advance
            )
            report = GeocodingReport(
                reben=__version__,
                scene=tile_pass.scene,
                tile=tile,
                parameters=parameters,
                pixels=written.pixels,
                with_value=dict(written.with_value),
                without_altitude=written.without_altitude,
                hidden=written.hidden,
            )
            write_text(folder / REPORT_FILE, report.model_dump_json(indent=2) + "\n")
        self.result.made.append(target)
        if gaps := report.gaps():
            self.context.tell(f"note: {gaps}")


def _open_all(places: Sequence[Path], run: _Run) -> list[GrdProduct]:
    """The products, each acquisition once.

    Raises:
        GeocodingError: if there is none, or one is given twice.
        ProductError: if one is not what it should be, unless errors are skipped.
    """
    found: dict[tuple[str, datetime], GrdProduct] = {}
    for path in _find_all(places):
        try:
            product = open_grd(path)
        except RebenError as error:
            run.skip(path.name, error)
            continue
        acquisition = product.geometry.mission, product.geometry.first_line
        other = found.setdefault(acquisition, product)
        if other.path != path:
            raise GeocodingError(f"{other.path} and {path} are the same acquisition", hint="remove one of them")
        if not product.states_noise:
            run.context.tell(f"note: {path.name}: states no thermal noise, so that none is removed")
    if not found and not run.result.failed:
        raise GeocodingError(
            f"{', '.join(map(str, places))}: no GRD product found",
            hint="give .SAFE folders or zip files of IW GRDH products, or folders that hold some",
        )
    return list(found.values())


def _find_all(places: Sequence[Path]) -> Iterator[Path]:
    for place in places:
        if not place.exists():
            raise GeocodingError(f"{place}: does not exist", hint="give .SAFE folders or zip files of IW GRDH products")
        yield from find_grd(place)


def _parameters(tile_pass: TilePass, options: GeocodeOptions) -> Parameters:
    return Parameters(
        products=[part.product.path.name for part in tile_pass.slices],
        orbit_files=[None if part.orbit_file is None else part.orbit_file.name for part in tile_pass.slices],
        dem=str(tile_pass.choices.dem.resolve()),
        above_ellipsoid=tile_pass.elevation.above_ellipsoid,
        sea_level=options.sea_level,
        mask_hidden=options.mask_hidden,
        incidence=options.incidence,
    )
