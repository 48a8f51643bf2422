"""The ways to divide patches into training, validation and test set: reBEN's frames of tiles, and three others.

`tile-frames` is the rule of the paper: training and test ground of each tile lie kilometres apart, and overlapping
tiles share training ground only. `blocks` divides the Earth into squares, each of which belongs to one set as a whole,
so that no ground is in two sets, whichever tile shows it. `country` and `year` keep whole countries and years together:
can a model be carried over to where, or when, it has seen nothing? Both may show one ground in two sets.
"""

import hashlib
from collections import Counter
from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Literal, TypeVar

import numpy as np
import pyproj
from numpy.typing import NDArray

from reben.core.errors import SplitError
from reben.core.grid import PatchGrid, TileExtent
from reben.core.names import SPLIT_NAMES
from reben.rules.split import TEST_SHARE, VALIDATION_SHARE, assign_splits, frames

SplitBy = Literal["tile-frames", "blocks", "country", "year"]

BLOCK_KM = 30.0
"""Side of a block: as far apart as the training and test ground of neighbouring tiles are by the paper's rule."""
ON_BORDER = ""
"""Stands for the split of patches that lie in blocks of two sets."""

_EQUAL_AREA = "EPSG:6933"
"""Cylindrical, the same everywhere on Earth: blocks do not depend on tiles or zones."""
_HASH_BYTES = 8

G = TypeVar("G", bound=Hashable)


@dataclass(frozen=True, slots=True)
class SplitRule:
    """How patches are divided."""

    by: SplitBy = "tile-frames"
    p: float = TEST_SHARE
    """Share of the test set: of a tile's area, of all blocks, of all patches."""
    q: float = VALIDATION_SHARE
    """Share of the validation set."""
    block_km: float = BLOCK_KM
    seed: int = 0
    """Of what is drawn: blocks, and the order of countries."""

    @property
    def is_known_in_tiles(self) -> bool:
        """Whether the split of a patch follows from where it lies; otherwise from all patches together."""
        return self.by in {"tile-frames", "blocks"}


REBEN_SPLIT = SplitRule()
"""The rule of the paper."""


def splits_in_tile(
    rule: SplitRule, columns: NDArray[np.integer], rows: NDArray[np.integer], grid: PatchGrid, extent: TileExtent
) -> NDArray[np.str_]:
    """Split of patches of a tile, or `ON_BORDER`.

    Args:
        rule: one that is known in tiles.
        columns: shape (n,), from the west.
        rows: shape (n,), from the north.
        grid: the tile's patch grid.
        extent: where the tile lies.

    Raises:
        SplitError: if shares leave nothing for training, or the rule needs all patches.
    """
    if rule.by == "tile-frames":
        return assign_splits(columns, rows, grid, frames(grid.tile_side_m, p=rule.p, q=rule.q))
    if rule.by != "blocks":
        raise SplitError(f"the split by {rule.by} follows from all patches together")
    frames(1, p=rule.p, q=rule.q)  # checks the shares
    left, top = extent.ulx_m + grid.patch_size_m * columns, extent.uly_m - grid.patch_size_m * rows
    right, bottom = left + grid.patch_size_m, top - grid.patch_size_m
    corners = np.stack([left, right, left, right]), np.stack([top, top, bottom, bottom])
    of_corners = _block_splits(rule, *_blocks(rule, *corners, extent.crs))
    return np.where((of_corners == of_corners[0]).all(axis=0), of_corners[0], ON_BORDER)


def splits_of_groups(rule: SplitRule, groups: Sequence[G]) -> list[str]:
    """Split of all patches of a data set by country or year; all of a group are in one.

    Countries are drawn by the seed; of the years, the last are for testing, those before for validation.

    Args:
        rule: by country or year.
        groups: country or year of each patch.

    Raises:
        SplitError: if there are fewer than three groups, or shares leave nothing for training.
    """
    frames(1, p=rule.p, q=rule.q)
    counts = Counter(groups)
    if len(counts) < len(SPLIT_NAMES):
        there = ", ".join(sorted(map(str, counts)))
        raise SplitError(
            f"a split by {rule.by} needs at least {len(SPLIT_NAMES)} of them; there is {there}",
            hint="choose another --split-by",
        )
    order = sorted(counts, key=str, reverse=True)
    if rule.by == "country":
        order.sort(key=lambda group: _drawn(rule, group))
    wanted = {"test": rule.p * len(groups), "validation": rule.q * len(groups)}
    split_of: dict[G, str] = {}
    for name, share in wanted.items():
        taken = 0.0
        # One group at least, and as many as bring the share nearer; one must remain for each set that follows.
        while order[len(split_of) :] and (not taken or taken + counts[order[len(split_of)]] / 2 <= share):
            if taken and len(counts) - len(split_of) <= (2 if name == "test" else 1):
                break
            group = order[len(split_of)]
            split_of[group] = name
            taken += counts[group]
    return [split_of.get(group, "train") for group in groups]


def _blocks(
    rule: SplitRule, x_m: NDArray[np.floating], y_m: NDArray[np.floating], crs: str
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Column and row of the block of each point."""
    x, y = pyproj.Transformer.from_crs(crs, _EQUAL_AREA, always_xy=True).transform(x_m, y_m)
    side_m = rule.block_km * 1000
    return np.floor(np.asarray(x) / side_m).astype(np.int64), np.floor(np.asarray(y) / side_m).astype(np.int64)


def _block_splits(rule: SplitRule, columns: NDArray[np.int64], rows: NDArray[np.int64]) -> NDArray[np.str_]:
    """Split of each block, drawn from its place and the seed: the same in every build."""
    blocks, which = np.unique(np.stack([columns.ravel(), rows.ravel()]), axis=1, return_inverse=True)
    drawn = np.array([_drawn(rule, (int(column), int(row))) for column, row in blocks.T])
    splits = np.select([drawn < rule.p, drawn < rule.p + rule.q], ["test", "validation"], "train")
    found: NDArray[np.str_] = splits[which.reshape(-1)].reshape(columns.shape)
    return found


def _drawn(rule: SplitRule, thing: object) -> float:
    """A number from 0 to 1 that depends on the seed and the thing only."""
    digest = hashlib.blake2b(f"{rule.seed} {thing}".encode(), digest_size=_HASH_BYTES).digest()
    return float(int.from_bytes(digest, "big") / 256**_HASH_BYTES)
