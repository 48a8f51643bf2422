"""Which Sentinel-2 products lie in a folder, however they were unpacked, and what else is there.

A product is a zip file, a folder named `.SAFE` (in any case), or a folder with a product's metadata in it: some
downloaders leave `.SAFE` out, others put `title.SAFE` into a folder `title`.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

from reben.io.safe.files import L1C_METADATA, L2A_METADATA, is_hidden

_SUFFIXES = {".safe", ".zip"}
_METADATA = re.compile(f"{L1C_METADATA}|{L2A_METADATA}")
_OTHER_MISSION = re.compile(r"S(?:[136][A-Z_]|5P)_")
_DEEPEST = 3


@dataclass(frozen=True)
class FoundProducts:
    """What lies in some places."""

    products: tuple[Path, ...]
    """In the order of the places, those of each sorted by name."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why what else is there was not taken, by its path."""


def is_product(path: Path) -> bool:
    """Whether something is a product by its name, or by what it holds."""
    return path.suffix.lower() in _SUFFIXES or (path.is_dir() and metadata_of(path) is not None)


def metadata_of(folder: Path) -> Path | None:
    """The file of metadata right in a product's folder; None if there is none."""
    return next((folder / name for name in sorted(_names(folder)) if _METADATA.fullmatch(name)), None)


def find_products(places: Iterable[Path]) -> FoundProducts:
    """Products in folders and in the folders in them; a place may be a product itself.

    Args:
        places: what is neither a product nor a folder holds nothing.
    """
    products: list[Path] = []
    left_out: dict[str, str] = {}
    for place in places:
        if is_product(place):
            products.append(place)
        else:
            found = _in_folder(place, _DEEPEST)
            products += found.products
            left_out |= found.left_out
    return FoundProducts(tuple(products), left_out)


def _in_folder(folder: Path, depth: int) -> FoundProducts:
    products: list[Path] = []
    left_out: dict[str, str] = {}
    for name in sorted(_names(folder)):
        path = folder / name
        reason = _reason_against(path)
        if reason:
            left_out[str(path)] = reason
        elif is_hidden(name):
            pass  # of file systems and of programs, not of users
        elif is_product(path):
            products.append(path)
        elif path.is_dir() and depth:
            inside = _in_folder(path, depth - 1)
            products += inside.products
            left_out |= inside.left_out if inside.products else {str(path): "holds no product"}
        else:
            left_out[str(path)] = "is neither a product's folder nor a zip file"
    return FoundProducts(tuple(products), left_out)


def _reason_against(path: Path) -> str:
    """Why something that is named like a product is none."""
    if path.suffix.lower() not in _SUFFIXES:
        return ""
    if is_hidden(path.name):
        return "is a hidden side file"
    return "is of another mission" if _OTHER_MISSION.match(path.name) else ""


def _names(folder: Path) -> list[str]:
    """What is in a folder; nothing if it cannot be read."""
    try:
        return [path.name for path in folder.iterdir()]
    except OSError:
        return []
