"""Sentinel-2 L2A products (`.SAFE`): what their metadata say, and where their bands lie.

Reads the naming of all baselines since 02.04 and of sen2cor, from directories and, not unpacked, from zip files.

Source: ESA, Sentinel-2 Products Specification Document, "Level-2A User Product" metadata; real products.
"""

import re
from contextlib import closing
from pathlib import Path, PurePosixPath
from types import MappingProxyType

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import ProductError
from reben.io.l2a_product import L2A_QUANTIFICATION, L2aProduct
from reben.io.safe.files import (
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
from reben.io.safe.geocoding import read_extent

_METADATA = re.compile(rf"(?:.*/)?{L2A_METADATA}")
_IMAGE = re.compile(r".*_(?P<band>B\d[0-9A]|SCL)_(?P<resolution>\d\d)m")
_SCENE_CLASSES, _SCENE_CLASSES_M = "SCL", 20
_QUANTIFICATIONS = ("BOA_QUANTIFICATION_VALUE", "L2A_BOA_QUANTIFICATION_VALUE")
_LISTED = re.compile(r"IMAGE_(FILE|ID)(_2A)?")


def open_product(path: Path) -> L2aProduct:
    """Read the metadata of a product.

    Args:
        path: `.SAFE` directory, or a zip file that holds one.

    Raises:
        ProductError: if there is no L2A product, or its metadata are damaged, hostile or incomplete.
    """
    with closing(open_files(path)) as files:
        return _read(path, files)


def _read(path: Path, files: ProductFiles) -> L2aProduct:
    metadata = find_metadata(path, files, _METADATA)
    if metadata is None:
        raise ProductError(
            f"{path}: no MTD_MSIL2A.xml found",
            hint="give L2A products (.SAFE), as `reben correct`, sen2cor or the Data Space makes them",
        )
    root = parse_xml(path, metadata, read_metadata(files, metadata))
    images = {}
    for stem, file in find_images(root, PurePosixPath(metadata).parent, files, _LISTED):
        found = _IMAGE.fullmatch(stem)
        if found and int(found["resolution"]) == _native_m(found["band"]):
            images[found["band"]] = file
    scene_classes = images.pop(_SCENE_CLASSES, None)
    read = [*images.values(), *([scene_classes] if scene_classes else [])]
    offsets = band_offsets(path, root, "BOA_ADD_OFFSET")
    granule = find_metadata(path, files, TILE_METADATA)
    return L2aProduct(
        path=path,
        name=product_name(path, root, "PRODUCT_URI", "PRODUCT_URI_2A"),
        baseline=text_of(root, "PROCESSING_BASELINE"),
        quality=MappingProxyType(dict(quality_verdicts(root))),
        offsets=MappingProxyType({band: offsets.get(band, 0) for band in S2_BANDS}),
        images=MappingProxyType({band: files.gdal_path(file) for band, file in images.items()}),
        members=MappingProxyType(images | ({_SCENE_CLASSES: scene_classes} if scene_classes else {})),
        scene_classes=files.gdal_path(scene_classes) if scene_classes else None,
        quantification=quantification(path, root, *_QUANTIFICATIONS) or L2A_QUANTIFICATION,
        extent=None if granule is None else read_extent(path, read_metadata(files, granule)),
        files=tuple(dict.fromkeys(files.on_disk(file) for file in (metadata, *read))),
    )


def _native_m(band: str) -> int:
    """Pixel size at which an image is read; 0 of bands that are not."""
    if band == _SCENE_CLASSES:
        return _SCENE_CLASSES_M
    return BANDS[band].resolution_m if band in BANDS else 0
