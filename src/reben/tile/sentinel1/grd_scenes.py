"""Sentinel-1 patches straight from GRD products: each pass is geocoded onto the tile, and cut like any other scene."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from reben.core.backscatter import Unit
from reben.core.errors import BuildError
from reben.core.names import S1PatchName
from reben.io.safe.grd.product import GrdProduct, find_grd, open_grd
from reben.tile.patches import Cell, TilePatches
from reben.tile.sentinel1.grd.choices import Choices
from reben.tile.sentinel1.grd.rasters import write_pass
from reben.tile.sentinel1.grd.tile_pass import TilePass, passes_over
from reben.tile.sentinel1.partners import S1Partner, S1Source
from reben.tile.sentinel1.scenes import find_scenes, raster_files, scene_files


@dataclass(frozen=True)
class GrdScenes:
    """GRD products, and how to geocode them."""

    products: tuple[Path, ...]
    choices: Choices

    def partners(
        self, patches: TilePatches, cells: Sequence[Cell], v1_names: Mapping[Cell, str]
    ) -> Iterator[tuple[Cell, S1Partner]]:
        """See `S1Source.partners`; passes nearest in time first, each only while patches lack a partner."""
        wanted = set(cells)
        for tile_pass in self._nearest_first(patches):
            if not wanted:
                return
            with TemporaryDirectory(prefix="reben-s1-") as folder:
                write_pass(tile_pass, patches.tile.mgrs, Path(folder))
                for cell, partner in find_scenes(Path(folder)).partners(patches, sorted(wanted), v1_names):
                    wanted.discard(cell)
                    yield cell, partner

    def files_of(self, names: Iterable[str]) -> list[Path]:
        """See `S1Source.files_of`: the images of the products of these scenes' passes."""
        used = {S1PatchName.parse(name).scene for name in names}
        products = [open_grd(path) for path in self.products]
        takes = {product.take for product in products if product.scene in used}
        return sorted(
            {image.file for product in products if product.take in takes for image in product.images.values()}
        )

    def remarks(self) -> tuple[str, ...]:
        """What users should know of the products."""
        return ()

    def _nearest_first(self, patches: TilePatches) -> list[TilePass]:
        time = patches.tile.sensing_time

        def distance(tile_pass: TilePass) -> tuple[float, str]:
            seen = tile_pass.slices[0].product.geometry.first_line.replace(tzinfo=None)
            return abs((seen - time).total_seconds()), tile_pass.scene

        products: list[GrdProduct] = [open_grd(path) for path in self.products]
        return sorted(passes_over(products, patches.extent, self.choices), key=distance)


def find_s1_scenes(
    place: Path,
    unit: Unit | None = None,
    *,
    dem: Path | None = None,
    orbits: Path | None = None,
    sea_level: bool = False,
) -> S1Source:
    """The scenes in a place, whatever they are: geocoded rasters, STAC items, or GRD products.

    Args:
        place: folder, file of items, or product.
        unit: of the values of rasters, if the user tells it.
        dem: elevation model for GRD products.
        orbits: orbit file, or folder with some, for GRD products.
        sea_level: take sea level where the elevation model has no value.

    Raises:
        BuildError: if there is none, GRD products lie beside rasters or without an elevation model, or options belong
            to the other kind.
        ProductError: if a product is not what it should be.
        RasterError: if a raster or the elevation model cannot be read.
    """
    if not place.exists() or not find_grd(place):
        if dem is not None or orbits is not None or sea_level:
            raise BuildError(
                f"{place}: holds no GRD product; --s1-dem, --s1-orbits and --s1-sea-level are for these",
                hint="leave the options out, or give .SAFE folders or zip files",
            )
        return find_scenes(place, unit)
    if unit is not None:
        raise BuildError(f"{place}: holds GRD products, whose unit is known", hint="leave --s1-unit out")
    if dem is None:
        raise BuildError(
            f"{place}: holds GRD products, which need an elevation model to be geocoded",
            hint="give --s1-dem; or geocode them once with `reben s1`, and give its output",
        )
    return find_grd_scenes(place, Choices(dem, orbits=orbits, sea_level=sea_level))


def s1_files(place: Path) -> list[Path]:
    """Files on the disk that decide what the scenes in a place are."""
    products = find_grd(place)
    if not products:
        return scene_files(place)
    return sorted(
        file
        for path in products
        for file in (path.rglob("*") if path.is_dir() else (path,))
        if file.suffix in {".tiff", ".xml", ".zip"} and file.is_file()
    )


def find_grd_scenes(place: Path, choices: Choices) -> GrdScenes:
    """All GRD products in a folder, or one product.

    Raises:
        BuildError: if there is none.
        ProductError: if one is not what it should be.
        RasterError: if the elevation model cannot be read.
    """
    products = find_grd(place)
    if not products:
        raise BuildError(f"{place}: no GRD product found", hint="give .SAFE folders or zip files of IW GRDH products")
    beside = [] if place in products else [path for path in raster_files(place) if not _is_within(path, products)]
    if beside:
        raise BuildError(
            f"{place}: holds both GRD products and geocoded rasters, such as {beside[0].name}",
            hint="give a folder of one kind",
        )
    for path in products:
        open_grd(path)
    choices.elevation()
    return GrdScenes(tuple(products), choices)


def _is_within(path: Path, products: Sequence[Path]) -> bool:
    return any(product in path.parents for product in products)
