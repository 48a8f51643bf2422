"""Lists of products as CSV files."""

import csv
import sys
from collections.abc import Iterable, Iterator, Mapping
from importlib import resources
from pathlib import Path
from typing import TextIO

from reben.acquire.products import CatalogueProduct, expect_name
from reben.core.errors import CatalogueError
from reben.io import atomic

COLUMNS = ("name", "id", "size", "md5", "blake3", "online", "sensing", "cloud")
_NAME_COLUMNS = ("name", "tile", "product")
"""`tile` is what reBEN's published list calls it."""
_MOST_BYTES = 1 << 26


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
    products = [_parse(path, number, row) for number, row in enumerate(_rows(path), 2)]
    twice = {product.name for product in products if sum(other.name == product.name for other in products) > 1}
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


def _rows(path: Path) -> Iterator[dict[str, str]]:
    """The lines of a CSV file by column.

    Raises:
        CatalogueError: if it cannot be read.
    """
    try:
        if path.stat().st_size > _MOST_BYTES:
            raise CatalogueError(f"{path}: has more than {_MOST_BYTES:,} bytes; this is no list of products")
        with path.open(encoding="utf-8-sig", newline="") as file:
            lines = [line for line in csv.reader(file) if any(cell.strip() for cell in line)]
    except (OSError, UnicodeError, csv.Error) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise CatalogueError(f"{path}: cannot be read ({reason})", hint="give a CSV file with product names") from error
    if not lines:
        return
    columns = [cell.strip().lower() for cell in lines[0]]
    if not set(columns) & set(_NAME_COLUMNS):
        columns = ["name", *(f"column {number}" for number in range(2, len(lines[0]) + 1))]
    else:
        lines = lines[1:]
    for line in lines:
        yield dict(zip(columns, (cell.strip() for cell in line), strict=False))


def _name(row: Mapping[str, str]) -> str:
    return with_suffix(next(row[column] for column in _NAME_COLUMNS if column in row))


def _unique_names(path: Path, rows: Iterable[Mapping[str, str]]) -> dict[str, str]:
    names: dict[str, str] = {}
    for row in rows:
        name = _name(row)
        expect_name(name)
        if name in names:
            raise CatalogueError(f"{path}: {name}: listed twice", hint="remove one of the two lines")
        names[name] = row.get("id", "")
    if not names:
        raise CatalogueError(f"{path}: lists no product")
    return names


def _parse(path: Path, number: int, row: Mapping[str, str]) -> CatalogueProduct:
    """A product of a line.

    Raises:
        CatalogueError: if a value is not what it should be.
    """
    if not row.get("id"):
        raise CatalogueError(f"{path}, line {number}: has no id", hint="`reben search --names FILE` finds the ids")
    try:
        return CatalogueProduct(
            name=_name(row),
            id=row["id"],
            size=int(row["size"]) if row.get("size") else None,
            md5=row.get("md5", "").lower(),
            blake3=row.get("blake3", "").lower(),
            online=row.get("online", "true").lower() != "false",
            sensing=row.get("sensing", ""),
            cloud_pct=float(row["cloud"]) if row.get("cloud") else None,
        )
    except ValueError as error:
        raise CatalogueError(f"{path}, line {number}: {error}") from error
    except CatalogueError as error:
        raise CatalogueError(f"{path}, line {number}: {error}", hint=error.hint) from error
