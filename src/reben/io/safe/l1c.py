"""Sentinel-2 L1C products (`.SAFE`): what their metadata say, and where their bands and angles lie.

Source: ESA, Sentinel-2 Products Specification Document, "Level-1C User Product" metadata; real products.
"""

import re
from collections.abc import Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import ProductError
from reben.core.names import ProductName
from reben.io.safe.files import (
    L1C_METADATA,
    L2A_METADATA,
    TILE_METADATA,
    ProductFiles,
    band_offsets,
    find_images,
    find_metadata,
    open_files,
    parse_xml,
    product_name,
    quality_verdicts,
    quantification,
    read_metadata,
    text_of,
)

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METADATA = re.compile(rf"(?:.*/)?{L1C_METADATA}")
_L2A_METADATA = re.compile(rf"(?:.*/)?{L2A_METADATA}")
_AUXILIARY = re.compile(r"(?:.*/)?AUX_DATA/(?P<kind>AUX_[A-Z]+)[^/]*")
_IMAGE = re.compile(r".*_(?P<band>B\d[0-9A])")
_LISTED = re.compile(r"IMAGE_FILE")
_HINT = "download the product again"


@dataclass(frozen=True, slots=True)
class L1cProduct:
    """What is known of an L1C product before its pixels are read."""

    path: Path
    """Directory or zip file."""
    name: ProductName
    """As the metadata have it; the directory may have been renamed."""
    baseline: str
    """Processing baseline that the metadata state, such as 05.09."""
    start_time: str
    """PRODUCT_START_TIME as the metadata have it."""
    quality: Mapping[str, str]
    """Verdict per quality indicator, such as GEOMETRIC_QUALITY: PASSED."""
    quantification: float
    """What digital numbers, their offset added, are divided by to give reflectance."""
    offsets: Mapping[str, int]
    """RADIO_ADD_OFFSET of all 13 bands; 0 where the metadata state none."""
    images: Mapping[str, str]
    """Per band, what GDAL opens."""
    tile_metadata: bytes
    """Content of the granule's MTD_TL.xml."""
    auxiliary: Mapping[str, str]
    """Per kind of auxiliary file (AUX_ECMWFT, AUX_CAMSFO), what GDAL opens."""
    members: Mapping[str, str]
    """Per band, the raster's path in the directory or zip file."""


def open_l1c(path: Path) -> L1cProduct:
    """Read the metadata of an L1C product.

    Args:
        path: `.SAFE` directory, or a zip file that holds one.

    Raises:
        ProductError: if there is no L1C product with all thirteen bands, or its metadata are damaged or hostile.
    """
    with closing(open_files(path)) as files:
        return _read(path, files)


def _read(path: Path, files: ProductFiles) -> L1cProduct:
    metadata = find_metadata(path, files, _METADATA)
    if metadata is None:
        raise _not_l1c(path, files)
    root = parse_xml(path, metadata, read_metadata(files, metadata))
    tile_metadata = find_metadata(path, files, TILE_METADATA)
    if tile_metadata is None:
        raise ProductError(f"{path}: has no GRANULE/*/MTD_TL.xml, which holds the angles", hint=_HINT)
    offsets = band_offsets(path, root, "RADIO_ADD_OFFSET")
    name = product_name(path, root, "PRODUCT_URI")
    if name.tile.level != "L1C":
        raise ProductError(f"{path}: is {name}, which is not at level L1C")
    images = _images(path, root, PurePosixPath(metadata).parent, files)
    return L1cProduct(
        path=path,
        name=name,
        baseline=text_of(root, "PROCESSING_BASELINE"),
        start_time=text_of(root, "PRODUCT_START_TIME"),
        quality=MappingProxyType(dict(quality_verdicts(root))),
        quantification=_quantification(path, root),
        offsets=MappingProxyType({band: offsets.get(band, 0) for band in MSI_RESOLUTIONS_M}),
        images=MappingProxyType({band: files.gdal_path(name) for band, name in images.items()}),
        tile_metadata=read_metadata(files, tile_metadata),
        auxiliary=MappingProxyType(_auxiliary(files)),
        members=MappingProxyType(images),
    )


def _not_l1c(path: Path, files: ProductFiles) -> ProductError:
    """What to say of something that is not an L1C product."""
    if find_metadata(path, files, _L2A_METADATA) is not None:
        return ProductError(f"{path}: is an L2A product already", hint="give it to `reben build` as it is")
    return ProductError(f"{path}: no MTD_MSIL1C.xml found", hint="give L1C products (.SAFE), unpacked or zipped")


def _quantification(path: Path, root: "Element") -> float:
    """QUANTIFICATION_VALUE.

    Raises:
        ProductError: if it is missing or cannot be.
    """
    value = quantification(path, root, "QUANTIFICATION_VALUE")
    if value is None:
        raise ProductError(f"{path}: has no QUANTIFICATION_VALUE", hint=_HINT)
    return value


def _images(path: Path, root: "Element", folder: PurePosixPath, files: ProductFiles) -> dict[str, str]:
    """File of each band.

    Raises:
        ProductError: if a band is missing.
    """
    images = {}
    for stem, file in find_images(root, folder, files, _LISTED):
        found = _IMAGE.fullmatch(stem)
        if found and found["band"] in MSI_RESOLUTIONS_M:
            images[found["band"]] = file
    missing = [band for band in MSI_RESOLUTIONS_M if band not in images]
    if missing:
        raise ProductError(f"{path}: lacks {', '.join(missing)}", hint=_HINT)
    return images


def _auxiliary(files: ProductFiles) -> dict[str, str]:
    found = ((_AUXILIARY.fullmatch(name), name) for name in sorted(files.names()))
    return {match["kind"]: files.gdal_path(name) for match, name in found if match}
