"""Meteorological seasons of the northern hemisphere, as reBEN uses them: spring is March to May, and so on."""

from datetime import datetime
from typing import Literal, get_args

SeasonName = Literal["winter", "spring", "summer", "autumn"]
SEASONS: tuple[SeasonName, ...] = get_args(SeasonName)


def meteorological_season(time: datetime) -> SeasonName:
    """Season of a date.

    >>> meteorological_season(datetime(2017, 12, 1))
    'winter'
    """
    return SEASONS[time.month % 12 // 3]
