"""Statistics of the bands of a data set: mean, standard deviation, extremes, percentiles.

One pass over the values, in parallel. Reflectance is counted value by value, so that everything follows exactly from
whole numbers. Of backscatter, sums are kept in float64 and joined pairwise (Chan, Golub and LeVeque, 1979), and
percentiles are read off a histogram with steps of 0.001 dB.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from reben.core.backscatter import implausibility
from reben.core.bands import Band
from reben.core.errors import StoreError
from reben.data.patches import Patches
from reben.data.stored_bands import is_foreign
from reben.io.store import Store
from reben.work.processes import worker_pool
from reben.work.progress import Advance, unseen

PERCENTILES = (1, 2, 5, 25, 50, 75, 95, 98, 99)
_PATCHES_PER_TASK = 1024
_STEP_DB = 0.001
_LOWEST_DB, _HIGHEST_DB = -120.0, 80.0


@dataclass(frozen=True, slots=True)
class BandSummary:
    """Statistics of one band, in the units of the stored pixels."""

    pixels: int
    mean: float
    std: float
    """Of all pixels (divided by their number)."""
    min: float
    max: float
    percentiles: Mapping[int, float]
    """Nearest value at or above each share; none for bands of other data sets that are not small whole numbers."""


@dataclass(frozen=True)
class _Tally:
    """What is known of some pixels of a band."""

    pixels: int
    mean: float
    squares: float
    """Sum of the squared distances from the mean."""
    min: float
    max: float
    histogram: NDArray[np.int64]

    def joined(self, other: "_Tally") -> "_Tally":
        pixels = self.pixels + other.pixels
        difference = other.mean - self.mean
        return _Tally(
            pixels,
            self.mean + difference * other.pixels / pixels,
            self.squares + other.squares + difference**2 * self.pixels * other.pixels / pixels,
            min(self.min, other.min),
            max(self.max, other.max),
            self.histogram + other.histogram,
        )


def summarise(
    store: Store,
    patches: Patches,
    bands: Sequence[Band],
    *,
    workers: int = 1,
    progress: Advance = unseen,
) -> dict[str, BandSummary]:
    """Statistics of some bands over some patches; the same for any number of workers.

    Args:
        store: where the pixels are.
        patches: which patches.
        bands: which bands.
        workers: processes.
        progress: called with the number of patches just finished.

    Raises:
        StoreError: if a patch or a band is missing, or a pixel is not a number, or one of Sentinel-1 cannot be in dB.
    """
    names = list(zip(patches.ids.to_pylist(), patches.s1_names.to_pylist(), strict=True))
    chunks = [names[first : first + _PATCHES_PER_TASK] for first in range(0, len(names), _PATCHES_PER_TASK)]
    tallies: dict[str, _Tally] = {}
    count = partial(_count, store, tuple(bands))
    with worker_pool(workers, preload=[__name__]) as pool:
        for chunk, found in zip(chunks, pool.map(count, chunks) if workers > 1 else map(count, chunks), strict=True):
            for name, tally in found.items():
                tallies[name] = tallies[name].joined(tally) if name in tallies else tally
            progress(len(chunk))
    return {band.name: _summary(band, tallies[band.name]) for band in bands}


def _count(store: Store, bands: Sequence[Band], names: Sequence[tuple[str, str]]) -> dict[str, _Tally]:
    """Tallies of some patches."""
    found = {}
    patch_ids, s1_names = zip(*names, strict=True)
    for sensor, keys in (("s2", patch_ids), ("s1", s1_names)):
        own = [band for band in bands if band.sensor == sensor]
        if own:
            stacks = [store.tensors(key, tuple(band.name for band in own)) for key in keys]
            _expect_usable(store, own, dict(zip(keys, stacks, strict=True)))
            for number, band in enumerate(own):
                found[band.name] = _tally(np.concatenate([stack[number].ravel() for stack in stacks]))
    return found


def _expect_usable(store: Store, bands: Sequence[Band], stacks: Mapping[str, Sequence[NDArray[Any]]]) -> None:
    """Check the pixels of some patches.

    Raises:
        StoreError: if one is not a number, or one of Sentinel-1 cannot be in dB; its patch and band are named.
    """
    for key, stack in stacks.items():
        for band, pixels in zip(bands, stack, strict=True):
            if band.sensor == "s1":
                wrong = implausibility(pixels)
            elif pixels.dtype.kind == "f" and not np.isfinite(pixels).all():
                wrong = "has a value that is not a number; expected finite pixels"
            else:
                wrong = None
            if wrong is not None:
                raise StoreError(
                    f"{store.path}: {key}, band {band.name}: {wrong}",
                    hint="`reben store check` lists all such patches; build or encode them again",
                )


def _tally(pixels: NDArray[Any]) -> _Tally:
    """Of all pixels of a band, each of which is a number."""
    if _is_counted(pixels.dtype):
        histogram = np.bincount(pixels, minlength=1 << 16)
    elif pixels.dtype != np.float32:
        histogram = np.zeros(0, np.int64)
    else:
        edges = int((_HIGHEST_DB - _LOWEST_DB) / _STEP_DB)
        steps = np.ceil((pixels.astype(np.float64) - _LOWEST_DB) / _STEP_DB).clip(0, edges).astype(np.int64)
        histogram = np.bincount(steps, minlength=edges + 1)
    wide = pixels.astype(np.float64)
    mean = float(wide.mean())
    return _Tally(len(wide), mean, float(((wide - mean) ** 2).sum()), float(wide.min()), float(wide.max()), histogram)


def _is_counted(dtype: np.dtype[Any]) -> bool:
    """Whether pixels are whole numbers of at most 16 bits, which are counted value by value."""
    return dtype.kind == "u" and dtype.itemsize <= np.dtype(np.uint16).itemsize


def _summary(band: Band, tally: _Tally) -> BandSummary:
    counted = _is_counted(band.numpy_dtype)
    mean, variance = tally.mean, tally.squares / tally.pixels
    if not counted and is_foreign(band):  # the histogram is one of decibels
        return BandSummary(tally.pixels, mean, float(np.sqrt(variance)), tally.min, tally.max, {})
    ranks = np.searchsorted(np.cumsum(tally.histogram), np.array(PERCENTILES) / 100 * tally.pixels)
    values = ranks if counted else _LOWEST_DB + ranks * _STEP_DB
    if counted:
        numbers = np.arange(len(tally.histogram))
        mean = int((tally.histogram * numbers).sum()) / tally.pixels
        squares = sum(int(count) * int(value) ** 2 for value, count in enumerate(tally.histogram) if count)
        variance = (squares * tally.pixels - int((tally.histogram * numbers).sum()) ** 2) / tally.pixels**2
    percentiles = {share: round(float(value), 3) for share, value in zip(PERCENTILES, values, strict=True)}
    return BandSummary(tally.pixels, mean, float(np.sqrt(variance)), tally.min, tally.max, percentiles)


def as_json(summaries: Mapping[str, BandSummary]) -> dict[str, Any]:
    """For a file that `read_statistics` reads."""
    return {
        "bands": {
            name: {
                "mean": summary.mean,
                "std": summary.std,
                "min": summary.min,
                "max": summary.max,
                "pixels": summary.pixels,
                "percentiles": {str(share): value for share, value in summary.percentiles.items()},
            }
            for name, summary in summaries.items()
        }
    }
