"""The files of a Sentinel-2 product (`.SAFE`), unpacked or in a zip file, and the XML in them.

Metadata come from anywhere: XML is parsed without entities (defusedxml), and only files of the product are opened.
"""

import lzma
import math
import re
import struct
import weakref
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, TYPE_CHECKING, Protocol
from xml.etree.ElementTree import TreeBuilder

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import DefusedXMLParser, ParseError

from reben.core.bands import MSI_RESOLUTIONS_M
from reben.core.errors import NameFormatError, ProductError
from reben.core.names import ProductName
from reben.io.small_files import DEEPEST, is_regular

if TYPE_CHECKING:
    from xml.etree.ElementTree import Element

_FLAG = re.compile(r"(?P<indicator>[A-Z]+_(?:QUALITY|CORRECTNESS))_FLAG")
L1C_METADATA = r"MTD_MSIL1C\.xml"
"""Pattern of the name of an L1C product's metadata."""
L2A_METADATA = r"(?:MTD_MSIL2A|S2[A-Z]_USER_MTD_SAFL2A[^/]*)\.xml"
"""Pattern of the name of an L2A product's metadata; the second was sen2cor's before 2016-12."""
TILE_METADATA = re.compile(r"(?:.*/)?GRANULE/[^/]+/MTD_TL\.xml")
_HINT = "download the product again"
_LARGEST_METADATA = 1 << 25  # bytes; real ones have some 400,000
LARGEST_OFFSET = 10_000
"""Of digital numbers; ESA's is -1,000 (baseline 04.00 and later), 10,000 is reflectance 1."""
SMALLEST_QUANTIFICATION, LARGEST_QUANTIFICATION = 1_000, 100_000
"""ESA's is 10,000; the first products had 1,000."""
_DAMAGED = "the metadata are damaged; download the product again"
_ZIP_ERRORS = (
    OSError,  # also a directory that is not an archive, and bzip2's
    EOFError,
    KeyError,  # a name that another tool wrote in another way
    NotImplementedError,  # Deflate64 and other methods
    RuntimeError,  # a password
    ValueError,  # impossible offsets, names that are not text
    OverflowError,
    struct.error,
    zipfile.BadZipFile,  # CRC-32, too
    zlib.error,
    lzma.LZMAError,
)
"""All that Python's zipfile is known to raise on damaged and unusual archives."""


class ProductFiles(Protocol):
    """The files of a product, wherever they are."""

    has_crc: bool
    """Whether reading a file to its end compares it with a CRC-32."""

    def names(self) -> frozenset[str]:
        """Paths of all files, with forward slashes."""
        ...

    def open(self, name: str) -> AbstractContextManager[IO[bytes]]:
        """One file, to be read.

        Raises (also while it is read, within the block):
            ProductError: if it cannot be read, or is not what the zip file's CRC-32 says.
        """
        ...

    def close(self) -> None:
        """Nothing more is read."""
        ...

    def gdal_path(self, name: str) -> str:
        """What GDAL opens."""
        ...

    def on_disk(self, name: str) -> Path:
        """The file on the disk that holds it."""
        ...


class _Directory:
    has_crc = False

    def __init__(self, root: Path) -> None:
        self._root = root

    def names(self) -> frozenset[str]:
        found = (path.relative_to(self._root).as_posix() for path in self._root.rglob("*") if path.is_file())
        return frozenset(name for name in found if not is_hidden(name))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        path = self._root / name
        if path.exists() and not is_regular(path):
            raise ProductError(f"{path}: is a device or a pipe; expected a file", hint=_HINT)
        try:
            with path.open("rb") as file:
                yield file
        except OSError as error:
            raise ProductError(f"{path}: cannot be read ({error.strerror or error})", hint=_HINT) from error

    def close(self) -> None:
        pass

    def gdal_path(self, name: str) -> str:
        return str(self._root / name)

    def on_disk(self, name: str) -> Path:
        return self._root / name


class _Zip:
    has_crc = True

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        self._path = path
        self._archive = archive
        weakref.finalize(self, archive.close)  # also where an exception that refers to it is kept

    def names(self) -> frozenset[str]:
        found = (info.filename for info in self._archive.infolist())  # a damaged one may be empty
        return frozenset(name for name in found if name and not name.endswith("/") and not is_hidden(name))

    @contextmanager
    def open(self, name: str) -> Iterator[IO[bytes]]:
        try:
            with self._archive.open(name) as file:
                yield file
        except _ZIP_ERRORS as error:
            raise ProductError(
                f"{self._path}: {name} cannot be read from the zip file ({str(error)[:200] or repr(error)})",
                hint="download or pack it again, without a password and not as Deflate64; or unpack it",
            ) from error

    def close(self) -> None:
        self._archive.close()

    def gdal_path(self, name: str) -> str:
        return f"/vsizip/{{{self._path.resolve()}}}/{name}"

    def on_disk(self, name: str) -> Path:  # noqa: ARG002 - the protocol's signature
        return self._path


def open_files(path: Path) -> ProductFiles:
    """The files of a directory or a zip file; to be closed.

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
    except _ZIP_ERRORS as error:
        raise ProductError(
            f"{path}: is neither a .SAFE directory nor a zip file ({str(error)[:200]})",
            hint="download it again, or take it out of the folder",
        ) from error


def read_metadata(files: ProductFiles, name: str) -> bytes:
    """Content of a file of metadata, or the beginning of one that is too long to be that.

    Raises:
        ProductError: if it cannot be read.
    """
    with files.open(name) as file:
        return file.read(_LARGEST_METADATA + 1)


def is_hidden(name: str) -> bool:
    """Whether a file, or a folder above it, is none of a product: `._name` and `__MACOSX` are left by macOS.

    >>> is_hidden("a.SAFE/._MTD_MSIL2A.xml"), is_hidden("a.SAFE/MTD_MSIL2A.xml")
    (True, False)
    """
    return any(part.startswith(".") or part == "__MACOSX" for part in name.split("/"))


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
        raise ProductError(f"{path}: {name} is not valid XML ({error!r})", hint=_HINT) from error
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


def product_name(path: Path, root: "Element", *tags: str) -> ProductName:
    """Name of the product, which is the text of an element with one of these `tags`.

    Raises:
        ProductError: if the metadata have none in ESA's compact form.
    """
    uri = text_of(root, *tags)
    try:
        return ProductName.parse(uri)
    except NameFormatError as error:
        raise ProductError(f"{path}: the metadata name the product {uri!r} ({error})") from error


def find_metadata(path: Path, files: ProductFiles, pattern: re.Pattern[str]) -> str | None:
    """The file that `pattern` matches, the one nearest to the root if there are several.

    Raises:
        ProductError: if several are equally near: there are several products.
    """
    found = [name for name in files.names() if pattern.fullmatch(name)]
    depth = min((name.count("/") for name in found), default=0)
    nearest = sorted(name for name in found if name.count("/") == depth)
    if len(nearest) > 1:
        raise ProductError(
            f"{path}: holds {len(nearest)} products: {', '.join(nearest[:2])}{', ...' if nearest[2:] else ''}",
            hint="expected one; unpack it, and give the folder in which the products lie",
        )
    return nearest[0] if nearest else None


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
    inside = "" if folder == PurePosixPath() else f"{folder}/"
    present = {PurePosixPath(name).name: name for name in names if name.endswith(".jp2") and name.startswith(inside)}
    for element in root.iter():
        if tags.fullmatch(element.tag.rsplit("}", 1)[-1]):
            listed = PurePosixPath((element.text or "").strip() + ".jp2")
            whole = (folder / listed).as_posix()
            name = whole if whole in names else present.get(listed.name)
            if name is not None:
                yield listed.stem, name


def band_of(path: Path, element: "Element", attribute: str) -> str:
    """The band that an element is about, by its number.

    Raises:
        ProductError: if there is no such band.
    """
    number = element.attrib.get(attribute, "")
    if not re.fullmatch(r"\d{1,2}", number, re.ASCII) or int(number) >= len(MSI_RESOLUTIONS_M):
        raise ProductError(
            f"{path}: {element.tag.rsplit('}', 1)[-1]} has the {attribute} {number[:20]!r}; expected 0 to "
            f"{len(MSI_RESOLUTIONS_M) - 1}",
            hint=_DAMAGED,
        )
    return tuple(MSI_RESOLUTIONS_M)[int(number)]


def band_offsets(path: Path, root: "Element", tag: str) -> dict[str, int]:
    """What must be added to digital numbers, per band that has such an element.

    Raises:
        ProductError: if one is not a whole number in the plausible range, a band does not exist, or has two.
    """
    offsets: dict[str, int] = {}
    for element in elements(root, tag):
        band, text = band_of(path, element, "band_id"), (element.text or "").strip()
        offset = _number(text)
        if offset is None or abs(offset) > LARGEST_OFFSET or offset != int(offset):
            raise ProductError(
                f"{path}: {tag} of {band} is {text[:40]!r}; expected a whole number of {LARGEST_OFFSET:,} at most",
                hint=_DAMAGED,
            )
        if offsets.setdefault(band, int(offset)) != offset:
            raise ProductError(f"{path}: has two values of {tag} for {band}", hint=_DAMAGED)
    return offsets


def quantification(path: Path, root: "Element", *tags: str) -> float | None:
    """What digital numbers are divided by to give reflectance; None if no element says it.

    Raises:
        ProductError: if it is not a number in the plausible range.
    """
    element = next(elements(root, *tags), None)
    if element is None:
        return None
    text = (element.text or "").strip()
    value = _number(text)
    if value is None or not SMALLEST_QUANTIFICATION <= value <= LARGEST_QUANTIFICATION:
        raise ProductError(
            f"{path}: {tags[0]} is {text[:40]!r}; expected a number from {SMALLEST_QUANTIFICATION:,} to "
            f"{LARGEST_QUANTIFICATION:,}",
            hint=_DAMAGED,
        )
    return value


def _number(text: str) -> float | None:
    """The finite number that a text is."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
