"""What the values of a Sentinel-1 raster are, and the one way from them to backscatter in dB.

The unit is told by the user, or else by the raster's tags and names; where nothing says it, it is dB. Pixels never
decide it, but they can contradict it: half of a scene is not brighter than 0 dB, and not of negative power.
"""

import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.windows import Window

from reben.core.backscatter import FILL_VALUES, HIGHEST_DB, LOWEST_DB, Unit, decibels
from reben.core.errors import RasterError
from reben.io.remote_rasters import read_raster, shown
from reben.tile.sentinel1.scene_units import AMPLITUDE, units_in

_FILL_VALUES = np.array(FILL_VALUES, np.float32)
_UNIT_TAG = re.compile(r".*unit.*", re.IGNORECASE)
_SAMPLES_PER_SIDE, _SAMPLE_PX = 8, 32
_UNIT_HINT = "tell the unit with --s1-unit; amplitude must be converted first: 20 * log10(amplitude)"


@dataclass(frozen=True, slots=True)
class Values:
    """How the values of a band are stored."""

    unit: Unit = Unit.db
    told: bool = False
    """Whether the user, a tag or a name says so."""
    scale: float = 1.0
    offset: float = 0.0

    def scaled(self, raw: Any) -> NDArray[np.float32]:  # noqa: ANN401 - numpy has no type for masked arrays
        """Values in the band's unit, NaN where there is none: nodata, what is no number, 0 (SNAP's), fill values.

        Args:
            raw: masked array as it is stored, without scale and offset.
        """
        with np.errstate(over="ignore"):  # fill values of float64 become infinite
            stored: NDArray[np.float32] = raw.astype(np.float32).filled(np.nan)
        if (self.scale, self.offset) == (1.0, 0.0):
            values = stored
        else:
            values = (stored.astype(np.float64) * self.scale + self.offset).astype(np.float32)
        none = ~np.isfinite(values) | (values == 0)
        outside = self._outside(values)
        if outside.any():
            none |= outside & (np.isin(stored, _FILL_VALUES) | np.isin(values, _FILL_VALUES))
        values[none] = np.nan
        return values

    def decibels(self, image: str, raw: Any) -> NDArray[np.float32]:  # noqa: ANN401 - numpy has no type for masked arrays
        """Backscatter in dB, NaN where there is none; power that is not positive is none, either.

        Args:
            image: path or address of the raster, for messages.
            raw: masked array as it is stored, without scale and offset.

        Raises:
            RasterError: if a value cannot be backscatter.
        """
        values = self.scaled(raw)
        wrong = self._outside(values)
        if wrong.any():
            name = shown(image)
            raise RasterError(
                f"{name}: has a value of {values[wrong][0]:.6g}, taken as {self.unit}; backscatter lies between "
                f"{LOWEST_DB:.0f} and {HIGHEST_DB:.0f} dB",
                hint="declare the nodata value, scale and offset of the file, or tell its unit with --s1-unit",
            )
        return decibels(values) if self.unit is Unit.linear else values

    def _outside(self, values: NDArray[np.float32]) -> NDArray[np.bool_]:
        """Where values lie outside of the plausible range; power may be as small as it likes."""
        if self.unit is Unit.linear:
            return values > 10 ** (HIGHEST_DB / 10)
        return (values < LOWEST_DB) | (values > HIGHEST_DB)


def values_of(path: str, source: Any, band: int, unit: Unit | None = None) -> Values:  # noqa: ANN401 - no types
    """How the values of a band of an opened raster are stored.

    Args:
        path: of the raster.
        source: the opened raster.
        band: number, from 1.
        unit: if the user tells it.

    Raises:
        RasterError: if it is amplitude, its tags contradict each other, or scale or offset are not numbers.
    """
    scale, offset = source.scales[band - 1], source.offsets[band - 1]
    if not (np.isfinite(scale) and np.isfinite(offset) and scale != 0):
        raise RasterError(f"{path}: has a scale of {scale} and an offset of {offset}", hint="set them with gdal_edit")
    if unit is not None:
        return Values(unit, told=True, scale=scale, offset=offset)
    for texts in (_unit_tags(source, band), [source.descriptions[band - 1] or ""], [Path(path).stem]):
        said = {name for text in texts for name in units_in(text)}
        if AMPLITUDE in said:
            raise RasterError(f"{path}: is amplitude, by its tags or names", hint="convert it: 20 * log10(amplitude)")
        if len(said) > 1:
            raise RasterError(f"{path}: is in dB and linear, by its tags or names", hint="tell which with --s1-unit")
        if said:
            return Values(Unit(said.pop()), told=True, scale=scale, offset=offset)
    return Values(scale=scale, offset=offset)


def _unit_tags(source: Any, band: int) -> list[str]:  # noqa: ANN401 - rasterio has no types
    """What the raster's own metadata say of the unit."""
    tags = {**source.tags(), **source.tags(band)}
    return [source.units[band - 1] or "", *(str(value) for name, value in tags.items() if _UNIT_TAG.fullmatch(name))]


@lru_cache(maxsize=4096)
def expect_unit(image: str, band: int, values: Values, changed_ns: int) -> None:  # noqa: ARG001 - part of the key
    """Look at pixels from all over a raster: do they contradict what they are taken for?

    Args:
        image: path or address of the raster.
        band: number, from 1.
        values: what they are taken for.
        changed_ns: when the file was changed: it is looked at once.

    Raises:
        RasterError: if half of them are brighter than 0 dB, or of negative power.
        RasterioError: if the file cannot be read.
    """
    sample = read_raster(
        image,
        "GTiff",
        lambda source: np.concatenate([values.scaled(part).ravel() for part in _samples(source, band)]),
    )
    sample = sample[np.isfinite(sample)]
    if not sample.size:
        return
    middle, name = float(np.median(sample)), shown(image)
    if values.unit is Unit.linear and middle <= 0:
        raise RasterError(
            f"{name}: half of its values are {middle:.3g} or less, taken as linear power; expected positive power",
            hint="these may be decibels: tell so with --s1-unit db",
        )
    middle_db = 10 * np.log10(middle) if values.unit is Unit.linear else middle
    if middle_db >= 0:
        stated = values.unit if values.told else f"{values.unit}, as nothing says otherwise"
        raise RasterError(
            f"{name}: half of its values are {middle:.3g} or more, taken as {stated}; half of a scene lies below 0 dB",
            hint=_UNIT_HINT,
        )


def _samples(source: Any, band: int) -> list[Any]:  # noqa: ANN401 - rasterio has no types
    """Small windows on a regular grid: a whole scene would take seconds."""
    width, height = (min(_SAMPLE_PX, side) for side in (source.width, source.height))
    corners = [(column, row) for row in _starts(source.height) for column in _starts(source.width)]
    return [source.read(band, window=Window(*corner, width, height), masked=True) for corner in corners]


def _starts(side: int) -> list[int]:
    """First pixel of each window along one axis."""
    last = max(side - _SAMPLE_PX, 0)
    return sorted({last * number // (_SAMPLES_PER_SIDE - 1) for number in range(_SAMPLES_PER_SIDE)})
