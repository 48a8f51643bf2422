"""What patches can be told apart by: texts with few values as numbers, and what the page is told of them."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from reben.core.errors import MetadataError
from reben.core.names import SPLIT_NAMES
from reben.core.palettes import SPLIT_COLOURS, distinct_colours
from reben.get.selection import with_names
from reben.io.dataset.metadata import FLAGS
from reben.rules.seasons import SEASONS

_UNKNOWN = "unknown"
_MOST_COLOURS = 40
"""Beyond, colours repeat: nobody could tell more of them apart."""
_WEATHER = ("clear", "seasonal snow", "cloud or shadow", "snow and cloud", "nobody has looked")


@dataclass(frozen=True, slots=True)
class Facet:
    """One way to divide patches."""

    key: str
    title: str
    values: tuple[str, ...]
    codes: NDArray[np.int32]
    """Index of each patch's value, shape (patches,)."""

    def colours(self) -> list[str]:
        """A colour per value, as CSS has it."""
        if set(self.values) <= {*SPLIT_COLOURS, _UNKNOWN}:
            return [css(SPLIT_COLOURS.get(value, (128, 128, 128))) for value in self.values]
        found = distinct_colours(min(len(self.values), _MOST_COLOURS))
        return [css(found[number % len(found)]) for number in range(len(self.values))]

    def said(self) -> dict[str, object]:
        """What the page is told."""
        return {"key": self.key, "title": self.title, "values": list(self.values), "colours": self.colours()}


def css(colour: Sequence[int]) -> str:
    """A colour as CSS has it.

    >>> css((255, 0, 16))
    '#ff0010'
    """
    return "#" + bytes(colour).hex()


def facets_of(rows: pa.Table) -> list[Facet]:
    """The facets in which patches differ or are at least known: split, country, season, date, tile, weather.

    Args:
        rows: of metadata tables.
    """
    try:
        named = with_names(rows)
    except MetadataError:
        named = rows  # names of another data set tell neither season nor tile
    found = [
        _facet(key, key.capitalize(), named[key], order)
        for key, order in (("split", SPLIT_NAMES), ("country", ()), ("season", SEASONS), ("tile", ()), ("date", ()))
        if key in named.column_names and named[key].null_count < len(named)
    ]
    weather = _weather(rows)
    return found if (weather == len(_WEATHER) - 1).all() else [*found, _used("weather", "Weather", _WEATHER, weather)]


def _facet(key: str, title: str, column: pa.ChunkedArray, order: Sequence[str]) -> Facet:
    texts = column.fill_null(_UNKNOWN)
    there = pc.unique(texts).to_pylist()
    values = (*(value for value in order if value in there), *sorted(set(there) - set(order)))
    codes = pc.index_in(texts, pa.array(values)).to_numpy().astype(np.int32)
    return Facet(key, title, values, codes)


def _weather(rows: pa.Table) -> NDArray[np.int32]:
    snow, cloud = (rows[name].fill_null(False).to_numpy().astype(np.int32) for name in FLAGS)  # noqa: FBT003 - Arrow's
    unknown = np.logical_and.reduce([rows[name].is_null().to_numpy() for name in FLAGS])
    codes: NDArray[np.int32] = np.where(unknown, len(_WEATHER) - 1, snow + 2 * cloud).astype(np.int32)
    return codes


def _used(key: str, title: str, values: Sequence[str], codes: NDArray[np.int32]) -> Facet:
    """A facet without the values that no patch has."""
    there, numbers = np.unique(codes, return_inverse=True)
    return Facet(key, title, tuple(values[code] for code in there), numbers.astype(np.int32))
