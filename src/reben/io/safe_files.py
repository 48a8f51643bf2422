"""The files of a Sentinel-2 product (`.SAFE`), unpacked or in a zip file, and the XML in them.

Metadata come from anywhere: XML is parsed without entities (defusedxml), and only files of the product are opened.
"""

import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Protocol
from xml.etree.ElementTree import TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import NameFormatError, ProductError
from reben.core.names import Product
from reben.io.small_files import DEEPEST, is_regular, read_bytes

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FLAG = re.compile(r"(?P<indicator>[A-Z]+_(?:QUALITY|CORRECTNESS))_FLAG")
_HINT = "download the product again"
_BAND_ID = re.compile(r"[0-9]{1,3}")
_LARGEST_METADATA = 1 << 25  # bytes; real ones have some 400,000


class ProductFiles(Protocol):
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
        return read_bytes(
            self._root / name, kind="metadata", error=ProductError, hint=_HINT, most_bytes=_LARGEST_METADATA
        )

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


def open_files(path: Path) -> ProductFiles:
    """The files of a directory or a zip file.

    Raises:
        ProductError: if it is neither.
    """
    if path.is_dir():
        return _Directory(path)
    if not is_regular(path):  # a pipe would wait for ever
        state = "it is a device or a pipe" if path.exists() else "it does not exist"
        raise ProductError(f"{path}: is neither a .SAFE directory nor a zip file ({state})")
    try:
        return _Zip(path, zipfile.ZipFile(path))
    except (OSError, zipfile.BadZipFile) as error:
        raise ProductError(f"{path}: is neither a .SAFE directory nor a zip file ({error})") from error


def parse_xml(path: Path, name: str, content: bytes) -> "Element":
    """The XML document.

    Raises:
        ProductError: if it is damaged, hostile or absurdly large.
    """
    if len(content) > _LARGEST_METADATA:
        raise ProductError(f"{path}: {name} has more than {_LARGEST_METADATA:,} bytes")
    try:
        parser = DefusedXMLParser(target=_ShallowBuilder(), forbid_entities=True)
        parser.feed(content)
        root: Element = parser.close()
    except (ParseError, DefusedXmlException, ValueError, LookupError) as error:  # the last: an encoding nobody knows
        raise ProductError(f"{path}: {name} is no valid XML ({error!r})", hint=_HINT) from error
    return root


class _ShallowBuilder(TreeBuilder):
    """Elements of limited depth: what walks through them may call itself once per level."""

    def __init__(self) -> None:
        super().__init__()
        self._depth = 0

    def start(self, tag: str, attrs: dict[str, str], /) -> "Element":
        self._depth += 1
        if self._depth > DEEPEST:
            raise ValueError(f"more than {DEEPEST} elements within each other")
        return super().start(tag, attrs)

    def end(self, tag: str, /) -> "Element":
        self._depth -= 1
        return super().end(tag)


def elements(root: "Element", *names: str) -> "Iterator[Element]":
    """Elements with one of these names, whatever their namespace, in the order of the document."""
    return (element for element in root.iter() if element.tag.rsplit("}", 1)[-1] in names)


def text_of(root: "Element", *names: str) -> str:
    """Text of the first such element that has one, else nothing."""
    return next((element.text.strip() for element in elements(root, *names) if element.text), "")


def quality_verdicts(root: "Element") -> Iterator[tuple[str, str]]:
    """Indicator and verdict: of `quality_check` elements, and of the flags that old baselines have instead."""
    for element in root.iter():
        tag, verdict = element.tag.rsplit("}", 1)[-1], (element.text or "").strip()
        flag = _FLAG.fullmatch(tag)
        if tag == "quality_check" and "checkType" in element.attrib:
            yield element.attrib["checkType"], verdict
        elif flag:
            yield flag["indicator"], verdict


def product_name(path: Path, root: "Element", *tags: str) -> Product:
    """Name of the product, which is the text of an element with one of these `tags`.

    Raises:
        ProductError: if the metadata have none in ESA's compact form.
    """
    uri = text_of(root, *tags)
    try:
        return Product.parse(uri)
    except NameFormatError as error:
        raise ProductError(f"{path}: the metadata name the product {uri!r} ({error})") from error


def find_metadata(files: ProductFiles, pattern: re.Pattern[str]) -> str | None:
    """The file that `pattern` matches, the one nearest to the root if there are several."""
    found = sorted((name for name in files.names() if pattern.fullmatch(name)), key=lambda name: name.count("/"))
    return found[0] if found else None


def find_images(
    root: "Element", folder: PurePosixPath, files: ProductFiles, tags: re.Pattern[str]
) -> Iterator[tuple[str, str]]:
    """Stem and file of each JPEG 2000 image that the product's own list names and that is there.

    Old baselines list names without folders; their rasters lie somewhere below the granule.

    Args:
        root: of the product's metadata.
        folder: in which the metadata lie.
        files: of the product.
        tags: what the elements of the list are called.
    """
    names = files.names()
    present = {PurePosixPath(name).name: name for name in names if name.endswith(".jp2")}
    for element in root.iter():
        if tags.fullmatch(element.tag.rsplit("}", 1)[-1]):
            listed = PurePosixPath((element.text or "").strip() + ".jp2")
            whole = (folder / listed).as_posix()
            name = whole if whole in names else present.get(listed.name)
            if name is not None:
                yield listed.stem, name


def band_offsets(path: Path, root: "Element", tag: str) -> dict[str, int]:
    """What must be added to digital numbers, per band that has such an element.

    Raises:
        ProductError: if one is no number.
    """
    offsets = {}
    for element in elements(root, tag):
        number = element.attrib.get("band_id", "")
        if _BAND_ID.fullmatch(number) and int(number) < len(MSI_RESOLUTIONS_M):
            band = tuple(MSI_RESOLUTIONS_M)[int(number)]
            try:
                offsets[band] = round(float(element.text or 0))
            except (ValueError, OverflowError) as error:
                raise ProductError(f"{path}: {tag} of {band} is {element.text!r}; expected a number") from error
    return offsets
