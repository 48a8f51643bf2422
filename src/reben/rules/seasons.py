"""Meteorological seasons of the northern hemisphere, as reBEN uses them: spring is March to May, and so on."""

from datetime import datetime
from typing import Literal, get_args

SeasonName = Literal["winter", "spring", "summer", "autumn"]
SEASONS: tuple[SeasonName, ...] = get_args(SeasonName)

_DECEMBER = 12


def meteorological_season(time: datetime) -> SeasonName:
    """Season of a date.

    >>> meteorological_season(datetime(2017, 12, 1))
    'winter'
    """
    return SEASONS[time.month % 12 // 3]


def dated_season(time: datetime) -> str:
    """Season and year of a date; a winter has the year in which it ends.

    >>> dated_season(datetime(2017, 12, 1)), dated_season(datetime(2018, 6, 30))
    ('winter 2018', 'summer 2018')
    """
    return f"{meteorological_season(time)} {time.year + (time.month == _DECEMBER)}"
