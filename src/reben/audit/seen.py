"""Patches as a copy shows them, with their bands under reBEN's names, and the published patch beside them."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.audit.copies.band_names import names_by_band
from reben.audit.copies.copy import CopyPatch, CopyRow
from reben.audit.resampling import Method, block_means, block_size, recover
from reben.core.bands import BANDS, PATCH_SIZE_M, Band

COARSE_PX = 20
"""Side of the grid on which bands of all resolutions can be compared: that of the 60 m bands."""


@dataclass(frozen=True, eq=False)
class SeenBand:
    """One band of a patch of a copy."""

    name: str
    """In the copy."""
    band: Band
    """That it is called."""
    pixels: NDArray[Any]
    """As the copy has them, shape (rows, columns)."""
    _recovered: dict[int, tuple[NDArray[Any], Method | None] | None] = field(default_factory=dict, repr=False)

    @property
    def is_square(self) -> bool:
        """Whether it has as many rows as columns, and a whole multiple of the coarse grid's or the other way round."""
        rows, columns = self.pixels.shape
        return bool(rows == columns and rows % COARSE_PX == 0)

    def at(self, side: int) -> tuple[NDArray[Any], Method | None] | None:
        """The image of a side of which this one was made, and how; None if it was not made so."""
        if side not in self._recovered:
            self._recovered[side] = recover(self.pixels, side) if self.is_square else None
        return self._recovered[side]

    @cached_property
    def features(self) -> NDArray[np.float64] | None:
        """What it shows on the coarse grid; see `coarse`."""
        return coarse(self.pixels) if self.is_square else None

    @property
    def native(self) -> NDArray[Any]:
        """Pixels at the resolution of the band, or without repeated ones where they were not made of such."""
        found = self.at(self.band.side_px())
        if found is not None:
            return found[0]
        rows, columns = self.pixels.shape
        step = block_size(self.pixels) if rows == columns else 1
        return self.pixels[::step, ::step]

    @property
    def has_its_resolution(self) -> bool:
        """Whether it varies as finely as the band does, and was enlarged, if at all, from that."""
        found = self.at(self.band.side_px())
        return found is not None and bool(np.ptp(found[0]) > 0) and block_size(found[0]) == 1

    @property
    def block_m(self) -> int:
        """Side of the squares of equal pixels, in metres on the ground; 0 where that says nothing."""
        if not self.is_square or len(self.pixels) < self.band.side_px() or not np.ptp(self.pixels) > 0:
            return 0
        return PATCH_SIZE_M // len(self.pixels) * block_size(self.pixels)


@dataclass(frozen=True, eq=False)
class SeenPatch:
    """One patch of a copy."""

    patch_id: str
    bands: Mapping[str, SeenBand]
    """By reBEN's names."""
    others: Mapping[str, NDArray[Any]]
    """Channels whose names say nothing, by their names."""
    mask: NDArray[Any] | None
    row: CopyRow
    truth: Mapping[str, NDArray[Any]] = field(default_factory=dict)
    """Published bands of the same patch, each at its own resolution; empty where they are not known."""
    true_map: NDArray[Any] | None = None


def seen_patch(
    patch_id: str,
    patch: CopyPatch,
    row: CopyRow,
    truth: Mapping[str, NDArray[Any]],
    true_map: NDArray[Any] | None,
) -> SeenPatch:
    """A patch with its bands under reBEN's names."""
    by_band = names_by_band(list(patch.bands))
    bands = {
        band: SeenBand(name, BANDS[band], patch.bands[name])
        for band, name in by_band.items()
        if patch.bands[name].ndim == 2 and patch.bands[name].size  # noqa: PLR2004 - rows and columns
    }
    known = {band.name for band in bands.values()}
    others = {name: pixels for name, pixels in patch.bands.items() if name not in known}
    return SeenPatch(patch_id, bands, others, patch.mask, row, truth, true_map)


def coarse(pixels: NDArray[Any]) -> NDArray[np.float64] | None:
    """Means on the coarse grid, less their mean, of length 1; None if they do not vary or cannot be made.

    Pixels that are no numbers count as the mean of the others.
    """
    if pixels.shape[0] != pixels.shape[1] or pixels.shape[0] % COARSE_PX:
        return None
    exact = pixels.astype(np.float64)
    finite = np.isfinite(exact)
    if not finite.all():
        if not finite.any():
            return None
        exact = np.where(finite, exact, exact[finite].mean())
    means = block_means(exact, COARSE_PX)
    means -= means.mean()
    length = float(np.linalg.norm(means))
    if length <= 1e-9 * max(1.0, float(np.abs(exact).max())):
        return None
    return means / length
