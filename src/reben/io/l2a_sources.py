"""L2A products wherever they are described: in `.SAFE` folders and zip files, or as items of STAC catalogues."""

from collections.abc import Iterable
from pathlib import Path

from reben.io.l2a_product import L2aProduct
from reben.io.safe.folders import FoundProducts, find_products
from reben.io.safe.l2a import open_product
from reben.io.stac.items import is_item, is_items_file, read_items
from reben.io.stac.products import open_item


def find_l2a(places: Iterable[Path]) -> FoundProducts:
    """Products in folders, and items in files.

    Args:
        places: folders; products themselves; files of STAC items, or single items of them.

    Raises:
        ProductError: if a file of items cannot be read.
    """
    products: list[Path] = []
    left_out: dict[str, str] = {}
    for place in places:
        if is_items_file(place):
            found = read_items(place)
            products += [item.path for item in found.items.values()]
            left_out |= {str(place / name): "is there several times" for name in found.repeated}
        elif is_item(place):
            products.append(place)
        else:
            inside = find_products([place])
            products += inside.products
            left_out |= inside.left_out
    return FoundProducts(tuple(products), left_out)


def open_l2a(path: Path) -> L2aProduct:
    """Read the metadata of a product.

    Args:
        path: `.SAFE` directory or zip file; or that of a file of STAC items, and below it the item's id.

    Raises:
        ProductError: if there is no L2A product, or its metadata are damaged, hostile, incomplete or contradictory.
    """
    return open_item(path) if is_item(path) else open_product(path)
