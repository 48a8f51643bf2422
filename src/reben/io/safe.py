"""Sentinel-2 L2A products (`.SAFE`): what their metadata say, and where their bands lie.

Reads the naming of all baselines since 02.04 and of sen2cor, from directories and, not unpacked, from zip files.
Metadata come from anywhere: XML is parsed without entities (defusedxml), and only files of the product are opened.

Source: ESA, Sentinel-2 Products Specification Document, "Level-2A User Product" metadata; real products.
"""

import re
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from types import MappingProxyType
from typing import TYPE_CHECKING, Protocol

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import ParseError, fromstring

from reben.core.bands import BANDS, S2_BANDS
from reben.core.errors import NameFormatError, ProductError
from reben.core.names import Product

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_METADATA = re.compile(r"(?:.*/)?(?:MTD_MSIL2A|S2[A-Z]_USER_MTD_SAFL2A[^/]*)\.xml")
_IMAGE = re.compile(r".*_(?P<band>B\d[0-9A])_(?P<resolution>\d\d)m")
_FLAG = re.compile(r"(?P<indicator>[A-Z]+_(?:QUALITY|CORRECTNESS))_FLAG")
_BANDS_BY_ID = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B09", "B10", "B11", "B12")
"""Band of each `band_id` in the metadata."""
_LARGEST_METADATA = 1 << 25  # bytes; real ones have some 60,000


@dataclass(frozen=True, slots=True)
class SafeProduct:
    """What is known of a product before its pixels are read."""

    path: Path
    """Directory or zip file."""
    name: Product
    """As the metadata have it; the directory may have been renamed."""
    baseline: str
    """Processing baseline that the metadata state, such as 05.09."""
    quality: Mapping[str, str]
    """Verdict per quality indicator, such as GEOMETRIC_QUALITY: PASSED."""
    offsets: Mapping[str, int]
    """Value to be added to each band's digital numbers (BOA_ADD_OFFSET); 0 where the metadata state none."""
    images: Mapping[str, str]
    """Per band, what GDAL opens: its raster at native resolution. Bands that the product lacks are missing."""
    files: tuple[Path, ...] = ()
    """Files on the disk that hold the metadata and these rasters."""


def open_product(path: Path) -> SafeProduct:
    """Read the metadata of a product.

    Args:
        path: `.SAFE` directory, or a zip file that holds one.

    Raises:
        ProductError: if there is no L2A product, or its metadata are damaged, hostile or incomplete.
    """
    files = _open_files(path)
    found = sorted((name for name in files.names() if _METADATA.fullmatch(name)), key=lambda name: name.count("/"))
    if not found:
        raise ProductError(
            f"{path}: no MTD_MSIL2A.xml found",
            hint="give L2A products (.SAFE), as sen2cor or the Data Space makes them",
        )
    root = _parse(path, found[0], files.read(found[0]))
    folder = PurePosixPath(found[0]).parent
    images = _images(root, folder, files)
    return SafeProduct(
        path=path,
        name=_product_name(path, root),
        baseline=_text(root, "PROCESSING_BASELINE"),
        quality=MappingProxyType(dict(_quality(root))),
        offsets=MappingProxyType(_offsets(path, root)),
        images=MappingProxyType({band: files.gdal_path(name) for band, name in images.items()}),
        files=tuple(dict.fromkeys(files.on_disk(name) for name in (found[0], *images.values()))),
    )


class _Files(Protocol):
    """The files of a product, wherever they are."""

    def names(self) -> frozenset[str]:
        """Paths of all files, with forward slashes."""
        ...

    def read(self, name: str) -> bytes:
        """Content of one file."""
        ...

    def gdal_path(self, name: str) -> str:
        """What GDAL opens."""
        ...

    def on_disk(self, name: str) -> Path:
        """The file on the disk that holds it."""
        ...


class _Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> frozenset[str]:
        return frozenset(path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())

    def read(self, name: str) -> bytes:
        with (self._root / name).open("rb") as file:
            return file.read(_LARGEST_METADATA + 1)

    def gdal_path(self, name: str) -> str:
        return str(self._root / name)

    def on_disk(self, name: str) -> Path:
        return self._root / name


class _Zip:
    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive

    def names(self) -> frozenset[str]:
        return frozenset(info.filename for info in self._archive.infolist() if not info.is_dir())

    def read(self, name: str) -> bytes:
        with self._archive.open(name) as file:
            return file.read(_LARGEST_METADATA + 1)

    def gdal_path(self, name: str) -> str:
        return f"/vsizip/{{{self._path.resolve()}}}/{name}"

    def on_disk(self, name: str) -> Path:  # noqa: ARG002 - the protocol's signature
        return self._path


def _open_files(path: Path) -> _Files:
    """The files of a directory or a zip file.

    Raises:
        ProductError: if it is neither.
    """
    if path.is_dir():
        return _Directory(path)
    try:
        return _Zip(path, zipfile.ZipFile(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise ProductError(f"{path}: is neither a .SAFE directory nor a zip file ({error})") from error


def _parse(path: Path, name: str, content: bytes) -> "Element":
    """The XML document.

    Raises:
        ProductError: if it is damaged, hostile or absurdly large.
    """
    if len(content) > _LARGEST_METADATA:
        raise ProductError(f"{path}: {name} has more than {_LARGEST_METADATA:,} bytes")
    try:
        root: Element = fromstring(content)
    except (ParseError, DefusedXmlException, ValueError) as error:
        raise ProductError(f"{path}: {name} is no valid XML ({error!r})", hint="download the product again") from error
    return root


def _elements(root: "Element", *names: str) -> "Iterator[Element]":
    """Elements with one of these names, whatever their namespace, in the order of the document."""
    return (element for element in root.iter() if element.tag.rsplit("}", 1)[-1] in names)


def _text(root: "Element", *names: str) -> str:
    """Text of the first such element that has one, else nothing."""
    return next((element.text.strip() for element in _elements(root, *names) if element.text), "")


def _product_name(path: Path, root: "Element") -> Product:
    """Name of the product.

    Raises:
        ProductError: if the metadata have none in ESA's compact form.
    """
    uri = _text(root, "PRODUCT_URI", "PRODUCT_URI_2A")
    try:
        return Product.parse(uri)
    except NameFormatError as error:
        raise ProductError(f"{path}: the metadata name the product {uri!r} ({error})") from error


def _quality(root: "Element") -> Iterator[tuple[str, str]]:
    """Indicator and verdict: of `quality_check` elements, and of the flags that old baselines have instead."""
    for element in root.iter():
        tag, verdict = element.tag.rsplit("}", 1)[-1], (element.text or "").strip()
        flag = _FLAG.fullmatch(tag)
        if tag == "quality_check" and "checkType" in element.attrib:
            yield element.attrib["checkType"], verdict
        elif flag:
            yield flag["indicator"], verdict


def _offsets(path: Path, root: "Element") -> dict[str, int]:
    """Offset per band.

    Raises:
        ProductError: if one is no number.
    """
    offsets = dict.fromkeys(S2_BANDS, 0)
    for element in _elements(root, "BOA_ADD_OFFSET"):
        number = element.attrib.get("band_id", "")
        band = _BANDS_BY_ID[int(number)] if number.isdecimal() and int(number) < len(_BANDS_BY_ID) else None
        if band in offsets:
            try:
                offsets[band] = round(float(element.text or 0))
            except (ValueError, OverflowError) as error:
                raise ProductError(
                    f"{path}: BOA_ADD_OFFSET of {band} is {element.text!r}; expected a number"
                ) from error
    return offsets


def _images(root: "Element", folder: PurePosixPath, files: _Files) -> dict[str, str]:
    """File of each band at its native resolution, by the product's own list of files.

    Old baselines list names without folders; their rasters lie somewhere below the granule.
    """
    names = files.names()
    present = {PurePosixPath(name).name: name for name in names if name.endswith(".jp2")}
    images = {}
    for element in root.iter():
        if not re.fullmatch(r"IMAGE_(FILE|ID)(_2A)?", element.tag.rsplit("}", 1)[-1]):
            continue
        listed = PurePosixPath((element.text or "").strip() + ".jp2")
        found = _IMAGE.fullmatch(listed.stem)
        if found is None or found["band"] not in BANDS or int(found["resolution"]) != BANDS[found["band"]].resolution_m:
            continue
        whole = (folder / listed).as_posix()
        name = whole if whole in names else present.get(listed.name)
        if name is not None:
            images[found["band"]] = name
    return images
