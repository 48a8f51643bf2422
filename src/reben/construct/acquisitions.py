"""One acquisition in several products: the newest baseline is taken, and the parts of a split tile are joined.

A tile at the end of a data strip comes as two products of one data take, each of which has the pixels that the other
lacks. Two products of one baseline that show the same ground are two processings of it instead.
"""

from collections import defaultdict
from collections.abc import Hashable, Sequence
from dataclasses import dataclass, field
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from reben.core.errors import BuildError, ProductError
from reben.io.l2a_product import L2aProduct
from reben.rules.baselines import acquisition_of, superseded
from reben.tile.bands import read_bands

_OF_USERS = "99"
"""With which baselines begin that users' own programs write: N9999 (sen2cor), N9906 (`reben correct`)."""
_LOOKED_AT = "B01"
"""Band by whose valid pixels parts are told from duplicates: the smallest."""
_MOST_COMMON = 0.5
"""Share of the smaller part's valid pixels that parts may have in common; data strips overlap somewhat."""


@dataclass(frozen=True)
class Acquisitions:
    """Products by what they show."""

    tiles: dict[str, tuple[L2aProduct, ...]]
    """Parts of each tile, by tile id; most have one."""
    left_out: dict[str, str] = field(default_factory=dict)
    """Why a product is not used, by its path."""
    unreadable: dict[str, str] = field(default_factory=dict)
    """Errors of tiles whose products cannot be told apart, by tile id, if errors are skipped."""


def sort_out(products: Sequence[L2aProduct], *, skip_errors: bool = False) -> Acquisitions:
    """Decide which products become tiles.

    Args:
        products: all that there are.
        skip_errors: list tiles whose images cannot be read, and go on.

    Raises:
        BuildError: if two products show the same acquisition, and none of them is plainly the newer one.
        ProductError: if an image that tells parts from duplicates cannot be read, unless errors are skipped.
    """
    acquisitions: dict[Hashable, list[L2aProduct]] = defaultdict(list)
    for product in products:
        acquisitions[acquisition_of(product.name.tile)].append(product)
    older = superseded({product.path: product.name.tile for product in products})
    tiles: dict[str, tuple[L2aProduct, ...]] = {}
    unreadable: dict[str, str] = {}
    for members in acquisitions.values():
        _expect_comparable(members)
        parts = [product for product in members if product.path not in older]
        parts.sort(key=lambda product: (product.name.discriminator, str(product.path)))
        tile = str(parts[0].name.tile)
        try:
            _expect_parts(parts)
        except ProductError as error:
            if not skip_errors:
                raise
            unreadable[tile] = str(error)
        else:
            tiles[tile] = tuple(parts)
    return Acquisitions(tiles, {str(path): reason for path, reason in older.items()}, unreadable)


def _expect_comparable(members: Sequence[L2aProduct]) -> None:
    """Check that the baselines of one acquisition say which is newer.

    Raises:
        BuildError: if a user's own processing stands beside another one: no number says which is newer.
    """
    baselines = {product.name.tile.baseline: product for product in members}
    if len(baselines) > 1 and max(baselines).startswith(_OF_USERS):
        paths = ", ".join(str(product.path) for product in baselines.values())
        raise BuildError(
            f"the same acquisition is there in processing baselines {', '.join(sorted(baselines))}: {paths}",
            hint="keep one of them; baselines of 99 are not ESA's, so that no number says which is newer",
        )


def _expect_parts(parts: Sequence[L2aProduct]) -> None:
    """Check that products of one acquisition and baseline complete each other.

    Raises:
        BuildError: if they show the same ground.
    """
    if len(parts) < 2:  # noqa: PLR2004 - a tile that is not split needs no look at its pixels
        return
    valid = [_valid(product) for product in parts]
    for (one, first), (other, second) in combinations(zip(parts, valid, strict=True), 2):
        common = np.count_nonzero(first & second)
        if first.shape != second.shape or common > _MOST_COMMON * min(np.count_nonzero(v) for v in (first, second)):
            raise BuildError(
                f"{one.name.tile}: there are two products of the same tile and time, which show the same ground: "
                f"{one.path} and {other.path}",
                hint="keep one of them, such as the one that was processed last",
            )


def _valid(product: L2aProduct) -> NDArray[np.bool_]:
    bands = read_bands(product, [_LOOKED_AT], keep_raw=True)  # what is valid depends on neither offset nor scale
    valid: NDArray[np.bool_] = bands.pixels[_LOOKED_AT] > 0
    return valid
