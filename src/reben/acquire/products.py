"""Products as the catalogue describes them, and lists of products as CSV files."""

import csv
import re
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from importlib import resources
from pathlib import Path
from typing import Any, TextIO

from reben.core.errors import CatalogueError
from reben.io.small_files import read_csv
from reben.work import atomic

_NAME = re.compile(r"[A-Za-z0-9][\w.-]{0,199}", re.ASCII)
_ID = re.compile(r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}")
_CHECKSUMS = {"MD5": re.compile(r"[0-9a-f]{32}"), "BLAKE3": re.compile(r"[0-9a-f]{64}")}
_HINT = "this is not an answer of a Copernicus catalogue, or its form has changed"


@dataclass(frozen=True, slots=True)
class CatalogueProduct:
    """A product, and what is needed to tell whether a download is whole."""

    name: str
    """With `.SAFE`."""
    id: str
    """UUID under which it is downloaded."""
    size: int | None = None
    """Bytes of its zip file; None where it is not known."""
    md5: str = ""
    """Checksum of its zip file, lower-case hexadecimal digits; empty where there is none."""
    blake3: str = ""
    online: bool = True
    """Whether it can be downloaded right now."""
    sensing: str = ""
    """Start of the acquisition, ISO 8601, UTC."""
    cloud_pct: float | None = None

    def __post_init__(self) -> None:
        """Refuse what must not become part of an address or a file name.

        Raises:
            CatalogueError: if name, id, size or a checksum do not have the form they should have.
        """
        expect_name(self.name)
        if not _ID.fullmatch(self.id):
            raise CatalogueError(f"{self.name}: {self.id!r} is not an id; expected a UUID", hint=_HINT)
        if self.size is not None and self.size <= 0:
            raise CatalogueError(f"{self.name}: has a size of {self.size} bytes", hint=_HINT)
        for kind, value in (("MD5", self.md5), ("BLAKE3", self.blake3)):
            if value and not _CHECKSUMS[kind].fullmatch(value):
                raise CatalogueError(f"{self.name}: {value!r} is not a valid {kind} checksum", hint=_HINT)

    @property
    def stem(self) -> str:
        """The name without `.SAFE`."""
        return self.name.removesuffix(".SAFE")


def expect_name(name: str) -> None:
    """Check that a text can be the name of a product: letters, digits, `_`, `-` and points.

    Raises:
        CatalogueError: if not.
    """
    if not _NAME.fullmatch(name) or ".." in name:
        raise CatalogueError(
            f"{name!r} is not a product name",
            hint="expected one like S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE",
        )


def parse_product(entry: object) -> CatalogueProduct:
    """A product out of an OData answer.

    Raises:
        CatalogueError: if a part that matters is missing or has another type than it should have.
    """
    try:
        return _parse(entry)
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError) as error:
        reason = f"{error} is missing" if isinstance(error, KeyError) else str(error)
        raise CatalogueError(f"a product of the catalogue cannot be read: {reason}", hint=_HINT) from error


def _parse(entry: Any) -> CatalogueProduct:  # noqa: ANN401 - JSON
    size, online = entry.get("ContentLength") or None, entry["Online"]  # 0: the catalogue does not know
    if not (size is None or type(size) is int) or type(online) is not bool:
        raise TypeError("ContentLength must be a number, Online true or false")
    checksums = dict(_checksums(entry))
    return CatalogueProduct(
        name=str(entry["Name"]),
        id=str(entry["Id"]),
        size=size,
        md5=checksums.get("MD5", ""),
        blake3=checksums.get("BLAKE3", ""),
        online=online,
        sensing=str((entry.get("ContentDate") or {}).get("Start", "")),
        cloud_pct=_cloud_pct(entry),
    )


def _checksums(entry: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for checksum in entry.get("Checksum") or ():
        if checksum.get("Algorithm") in _CHECKSUMS:
            yield checksum["Algorithm"], str(checksum["Value"]).lower()


def _cloud_pct(entry: Mapping[str, Any]) -> float | None:
    for attribute in entry.get("Attributes") or ():
        if attribute.get("Name") == "cloudCover":
            return float(attribute["Value"])
    return None


COLUMNS = ("name", "id", "size", "md5", "blake3", "online", "sensing", "cloud")
_NAME_COLUMNS = ("name", "tile", "product")
"""`tile` is what reBEN's published list calls it."""
_MOST_BYTES = 1 << 26
_WHOLE = re.compile(r"[0-9]{1,15}")
_PERCENT = re.compile(r"[0-9]{1,3}(?:[.,][0-9]{1,20})?")


def read_names(path: Path) -> dict[str, str]:
    """Product names of a CSV file, in their order, each with its id if there is a column `id`.

    The names stand in the column `name`, `tile` or `product`; a file without such a column is a list of names, one a
    line.

    Raises:
        CatalogueError: if the file cannot be read, or a name is none or occurs twice.
    """
    return _unique_names(path, _rows(path))


def reben_names() -> dict[str, str]:
    """The 125 Sentinel-2 L1C products of which reBEN was made, with their ids.

    Source: the published list of reBEN's tiles, `bigearthnet_s2_tile_ids.csv`.
    """
    with resources.as_file(resources.files("reben.acquire") / "reben_products.csv") as path:
        return read_names(path)


def read_products(path: Path) -> list[CatalogueProduct]:
    """Products of a list that `reben search` wrote, or of any CSV file with columns for name and id.

    Raises:
        CatalogueError: if the file cannot be read, or a value is not what it should be.
    """
    products = [_product_of(row) for row in _rows(path)]
    twice = [name for name, times in Counter(product.name for product in products).items() if times > 1]
    if twice:
        raise CatalogueError(f"{path}: {', '.join(sorted(twice))}: listed twice", hint="remove one of the two lines")
    if not products:
        raise CatalogueError(f"{path}: lists no product")
    return products


def write_products(target: Path | None, products: Iterable[CatalogueProduct]) -> None:
    """Write a list to a file, or to standard output."""
    if target is None:
        _write(sys.stdout, products)
        return
    with atomic.new_file(target) as partial, partial.open("w", encoding="utf-8", newline="") as file:
        _write(file, products)


def with_suffix(name: str) -> str:
    """A product name with `.SAFE`.

    >>> with_suffix("S1A_X"), with_suffix("S1A_X.SAFE")
    ('S1A_X.SAFE', 'S1A_X.SAFE')
    """
    return name if name.endswith(".SAFE") else f"{name}.SAFE"


def _write(file: TextIO, products: Iterable[CatalogueProduct]) -> None:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(COLUMNS)
    for product in products:
        online, cloud = str(product.online).lower(), "" if product.cloud_pct is None else f"{product.cloud_pct:.2f}"
        size = "" if product.size is None else product.size
        writer.writerow([product.name, product.id, size, product.md5, product.blake3, online, product.sensing, cloud])


@dataclass(frozen=True, slots=True)
class _Row:
    """A line of a list."""

    place: str
    """File and line."""
    cells: dict[str, str]
    """By column, in lower case."""

    def name(self) -> str:
        """The product's name.

        Raises:
            CatalogueError: if it is none.
        """
        column = next((column for column in _NAME_COLUMNS if column in self.cells), None)
        if column is None:
            raise CatalogueError(f"{self.place}: has no name", hint=f"expected the columns {', '.join(COLUMNS)}")
        name = with_suffix(self.cells[column])
        try:
            expect_name(name)
        except CatalogueError as error:
            raise CatalogueError(
                f"{self.place}, column {column}: {error}",
                hint="expected a name such as S2A_MSIL1C_20170613T101031_N0205_R022_T33UUP_20170613T101608.SAFE",
            ) from error
        return name

    def size(self) -> int | None:
        """Bytes, if they are given.

        Raises:
            CatalogueError: if they are not whole numbers.
        """
        text = self.cells.get("size", "")
        if text and not _WHOLE.fullmatch(text):
            raise CatalogueError(
                f"{self.place}, column size: {text!r} is not a whole number of bytes",
                hint="spreadsheets round large numbers (7.5E+08): format the column as a number without decimals "
                "before it is saved, or empty it: then the size is not compared",
            )
        return int(text) if text else None

    def cloud_pct(self) -> float | None:
        """Share of clouds in percent, if it is given.

        Raises:
            CatalogueError: if it is not a number from 0 to 100.
        """
        text = self.cells.get("cloud", "")
        if text and not _PERCENT.fullmatch(text):
            raise CatalogueError(
                f"{self.place}, column cloud: {text!r} is not a percentage", hint="expected a number such as 12.5"
            )
        return float(text.replace(",", ".")) if text else None  # many spreadsheets write a decimal comma


def _rows(path: Path) -> Iterator[_Row]:
    """The lines of a CSV file by column.

    Raises:
        CatalogueError: if it cannot be read.
    """
    columns: list[str] = []
    for row in read_csv(path, error=CatalogueError, hint="give a CSV file with product names", most_bytes=_MOST_BYTES):
        cells = [cell.strip() for cell in row.cells]
        if not columns:
            columns = [cell.lower() for cell in cells]
            if set(columns) & set(_NAME_COLUMNS):
                continue
            columns = ["name", *(f"column {number}" for number in range(2, len(cells) + 1))]
        yield _Row(row.place, dict(zip(columns, cells, strict=False)))


def _unique_names(path: Path, rows: Iterable[_Row]) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows:
        name = row.name()
        if name in names:
            raise CatalogueError(f"{row.place}: {name}: listed twice", hint="remove one of the two lines")
        names[name] = row.cells.get("id", "")
    if not names:
        raise CatalogueError(f"{path}: lists no product")
    return names


def _product_of(row: _Row) -> CatalogueProduct:
    """A product of a line.

    Raises:
        CatalogueError: if a value is not what it should be.
    """
    cells = row.cells
    if not cells.get("id"):
        raise CatalogueError(f"{row.place}: has no id", hint="`reben search --names FILE` finds the ids")
    try:
        return CatalogueProduct(
            name=row.name(),
            id=cells["id"],
            size=row.size(),
            md5=cells.get("md5", "").lower(),
            blake3=cells.get("blake3", "").lower(),
            online=cells.get("online", "true").lower() != "false",
            sensing=cells.get("sensing", ""),
            cloud_pct=row.cloud_pct(),
        )
    except CatalogueError as error:
        if str(error).startswith(row.place):
            raise
        raise CatalogueError(f"{row.place}: {error}", hint="expected a list as `reben search` writes it") from error
