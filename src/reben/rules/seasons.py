"""Meteorological seasons of the northern hemisphere, as reBEN uses them: spring is March to May, and so on."""

from datetime import datetime

SEASONS = ("winter", "spring", "summer", "autumn")


def meteorological_season(time: datetime) -> str:
    """Season of a date.

    >>> meteorological_season(datetime(2017, 12, 1))
    'winter'
    """
    return SEASONS[time.month % 12 // 3]
