"""A GRD product before its pixels are read: its name, and of each polarisation image, geometry, calibration and noise.

Source: ESA, Sentinel-1 Product Specification, "Product naming convention" and "SAFE structure".
"""

import re
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from reben.core.bands import S1_BANDS
from reben.core.errors import ProductError
from reben.io.safe.files import ProductFiles, is_hidden, open_files, parse_xml, read_metadata
from reben.io.safe.grd.annotation import HINT, Annotation, parse_annotation
from reben.io.safe.grd.radiometric_tables import Table, ThermalNoise, parse_calibration, parse_noise

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

MODE = "IW"
"""The mode over land, in which BigEarthNet's scenes were taken."""
_PRODUCT = re.compile(
    r"(?P<scene>S1[A-Z]_(?P<mode>IW|EW|S[1-6])_(?P<type>GRD|SLC|OCN|RAW)(?P<resolution>[FHM_])_\d[SA](?P<polarisation>[SD][VH])"
    r"_(?P<start>\d{8}T\d{6}))_\d{8}T\d{6}_\d{6}_[0-9A-F]{6}_[0-9A-F]{4}(?:_COG)?",
    re.ASCII,
)
_FILE = re.compile(
    r"(?:.*/)?(?P<folder>annotation/calibration|annotation|measurement)/(?P<kind>calibration-|noise-|)"
    r"s1[a-z]-[a-z0-9]+-grd-(?P<polarisation>vv|vh)-[^/]*\.(?P<ending>xml|tiff)"
)


@dataclass(frozen=True, slots=True)
class GrdImage:
    """One polarisation of a product."""

    raster: str
    """What GDAL opens: digital numbers (amplitude), 0 where there is nothing."""
    file: Path
    """The file on the disk that holds it."""
    annotation: Annotation
    calibration: Table
    noise: ThermalNoise


@dataclass(frozen=True, slots=True)
class GrdProduct:
    """A dual-polarised IW GRD product."""

    path: Path
    """Directory or zip file."""
    scene: str
    """Scene id up to the start time, after which patches are named."""
    images: Mapping[str, GrdImage]
    """By polarisation: VV and VH."""

    @property
    def geometry(self) -> Annotation:
        """The annotation of VV; both polarisations are taken in turn, and processed onto one grid."""
        return self.images[S1_BANDS[0]].annotation

    @property
    def take(self) -> tuple[str, int, str]:
        """Mission, orbit and data take: products that agree in them are slices of one pass."""
        return self.geometry.mission, self.geometry.orbit_number, self.geometry.data_take

    @property
    def states_noise(self) -> bool:
        """Whether thermal noise is known or has been removed; the first products state zeros."""
        return all(image.noise.is_known or image.annotation.noise_removed for image in self.images.values())


def is_grd_name(name: str) -> bool:
    """Whether a file or folder is called like a Sentinel-1 product, packed or not.

    >>> is_grd_name("S1A_IW_GRDH_1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE")
    True
    >>> is_grd_name("S1A_IW_GRDH_1SDV_20170613T165043_VV.tif")
    False
    """
    stem = name.removesuffix(".zip").removesuffix(".SAFE")
    return stem != name and _PRODUCT.fullmatch(stem) is not None


def find_grd(place: Path) -> list[Path]:
    """Products in a folder and the folders in it, or the place itself if it is called like one; sorted."""
    if is_grd_name(place.name):
        return [place]
    if not place.is_dir():
        return []
    return sorted(_products_below(place), key=lambda path: (path.name, path))


def _products_below(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if is_hidden(path.name):
            continue
        if is_grd_name(path.name):
            yield path
        elif path.is_dir() and not path.is_symlink():
            yield from _products_below(path)


def open_grd(path: Path) -> GrdProduct:
    """Read the metadata of a GRD product.

    Args:
        path: `.SAFE` directory, or a zip file that holds one.

    Raises:
        ProductError: if it is not a dual-polarised IW GRD product with VV and VH, a part of it is missing, or its
            metadata are damaged or hostile.
    """
    stem = path.name.removesuffix(".zip").removesuffix(".SAFE")
    name = _PRODUCT.fullmatch(stem)
    if name is None:
        raise ProductError(
            f"{path}: is not called like a Sentinel-1 product",
            hint="give it its name back, such as "
            "S1A_IW_GRDH_1SDV_20170613T165043_20170613T165108_017014_01C5A5_E5F8.SAFE",
        )
    if (name["mode"], name["type"], name["resolution"]) != (MODE, "GRD", "H"):
        raise ProductError(
            f"{path}: is an {name['mode']} {name['type']} product; expected {MODE} GRDH",
            hint="download the GRD product of the interferometric wide swath mode in high resolution",
        )
    if name["polarisation"] != "DV":
        raise ProductError(
            f"{path}: its polarisation is {name['polarisation']}; expected DV, which has both VV and VH",
            hint="choose a dual-polarised product: 1SDV in its name",
        )
    with closing(open_files(path)) as files:
        found = _files_of(files)
        images = {band: _image(path, files, found, band) for band in S1_BANDS}
    product = GrdProduct(path, name["scene"], MappingProxyType(images))
    _expect_one_grid(product)
    return product


def _files_of(files: ProductFiles) -> dict[tuple[str, str], str]:
    """Files by kind (annotation, calibration, noise, measurement) and polarisation."""
    found = {}
    for name in files.names():
        match = _FILE.fullmatch(name)
        if match:
            kind = match["kind"].removesuffix("-") or match["folder"]
            found[kind, match["polarisation"].upper()] = name
    return found


def _image(path: Path, files: ProductFiles, found: Mapping[tuple[str, str], str], band: str) -> GrdImage:
    missing = [kind for kind in ("annotation", "calibration", "noise", "measurement") if (kind, band) not in found]
    if missing:
        raise ProductError(f"{path}: lacks {' and '.join(missing)} of {band}", hint=HINT)

    def root(kind: str) -> tuple[str, "Element"]:
        name = found[kind, band]
        return f"{path}: {name}", parse_xml(path, name, read_metadata(files, name))

    image = GrdImage(
        files.gdal_path(found["measurement", band]),
        files.on_disk(found["measurement", band]),
        parse_annotation(*root("annotation")),
        parse_calibration(*root("calibration")),
        parse_noise(*root("noise")),
    )
    said = (image.annotation.mode, image.annotation.product_type, image.annotation.polarisation)
    if said != (MODE, "GRD", band):
        raise ProductError(f"{path}: the annotation of {band} is of {' '.join(said)}", hint=HINT)
    return image


def _expect_one_grid(product: GrdProduct) -> None:
    """Check that both polarisations have one grid.

    Raises:
        ProductError: if they differ in size or time.
    """
    grids = {
        (a.first_line, a.line_interval_s, a.pixel_spacing_m, a.lines, a.pixels)
        for a in (image.annotation for image in product.images.values())
    }
    if len(grids) != 1:
        raise ProductError(f"{product.path}: VV and VH differ in size or time", hint=HINT)
