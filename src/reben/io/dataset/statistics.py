"""Statistics of the bands of a data set in a file, as `reben stats` writes them."""

from math import isfinite
from pathlib import Path

from reben.core.band_statistics import BandStatistics, Statistics
from reben.core.errors import MetadataError
from reben.io.small_files import read_json


def read_statistics(path: Path) -> Statistics:
    """Means and standard deviations from a file that `reben stats` wrote.

    Raises:
        MetadataError: if the file cannot be read or has another form.
    """
    content = read_json(path, error=MetadataError, hint="make one with `reben stats`")
    try:
        bands = content["bands"]
        return {name: _usable(name, float(band["mean"]), float(band["std"])) for name, band in bands.items()}
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError) as error:
        raise MetadataError(
            f"{path}: is not a file of statistics ({error!r})", hint="make one with `reben stats`"
        ) from error


def _usable(name: str, mean: float, std: float) -> BandStatistics:
    """Statistics with which pixels can be normalised.

    Raises:
        ValueError: if they are not numbers, or nothing can be divided by the deviation.
    """
    if not (isfinite(mean) and isfinite(std) and std > 0):
        raise ValueError(f"{name} has mean {mean} and standard deviation {std}")
    return BandStatistics(mean, std)
