"""Meteorological seasons of the northern hemisphere, as reBEN uses them: spring is March to May, and so on."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from typing import Literal, get_args

SeasonName = Literal["winter", "spring", "summer", "autumn"]
SEASONS: tuple[SeasonName, ...] = get_args(SeasonName)

_DECEMBER, _MONTHS = 12, 3


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


def season_periods(first: date, last: date) -> Iterator[tuple[date, date]]:
    """First and last day of each season between two days; those at the ends may be cut.

    >>> [f"{start} {end}" for start, end in season_periods(date(2017, 11, 15), date(2018, 3, 2))]
    ['2017-11-15 2017-11-30', '2017-12-01 2018-02-28', '2018-03-01 2018-03-02']
    """
    start = first
    while start <= last:
        months = (start.year * 12 + start.month) // _MONTHS * _MONTHS + _MONTHS  # of the next season, from year 0
        following = date((months - 1) // 12, (months - 1) % 12 + 1, 1)
        yield start, min(last, following - timedelta(days=1))
        start = following
