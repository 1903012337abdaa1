"""The calendar of a simulated city: wall clock, kinds of day, markets and events.

Days are counted since 1970-01-01 by the wall clock of the city's time zone; times are µs since 1970-01-01 UTC.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import numpy.typing as npt

from placette.demo.chance import Floats, Times
from placette.model.public_holidays import public_holidays

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000

Days = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]


class Clock:
    """The wall clock of a time zone over arrays, with days of 23 and 25 hours."""

    def __init__(self, zone: str) -> None:
        self._zone = ZoneInfo(zone)

    def wall(self, times: Times) -> Times:
        """Return the wall clock at each time, as µs since 1970-01-01 00:00 by that clock."""
        if not times.size:
            return times
        starts, offsets = self._changes(int(times.min()) // DAY_US, int(times.max()) // DAY_US + 1)
        found: Times = times + offsets[np.searchsorted(starts, times, side="right") - 1]
        return found

    def instant(self, days: Days, hour: float) -> Times:
        """Return the time at which the wall clock shows ``hour`` (0–24) on each day.

        An hour that does not exist on a day of 23 hours is read with the offset before the change.
        """
        wall = days * DAY_US + round(hour * HOUR_US)
        guess: Times = wall - (self.wall(wall) - wall)
        found: Times = wall - (self.wall(guess) - guess)
        return found

    def _changes(self, first: int, last: int) -> tuple[Times, Times]:
        """Return the times from which each UTC offset holds, and the offsets (µs), over these UTC days."""
        starts, offsets = [first * DAY_US], [self._offset(first * DAY_US)]
        for day in range(first, last):
            low, high = day * DAY_US, (day + 1) * DAY_US
            if self._offset(high) == offsets[-1]:
                continue
            while high - low > 1_000_000:
                middle = (low + high) // 2
                low, high = (middle, high) if self._offset(middle) == offsets[-1] else (low, middle)
            starts.append(round(high, -6))
            offsets.append(self._offset(high))
        return np.array(starts, dtype=np.int64), np.array(offsets, dtype=np.int64)

    def _offset(self, time: int) -> int:
        moment = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=time)
        offset = moment.astimezone(self._zone).utcoffset() or timedelta()
        return offset // timedelta(microseconds=1)


@lru_cache(maxsize=64)
def clock_of(zone: str) -> Clock:
    """Return the one clock of a time zone."""
    return Clock(zone)


def weekdays(days: Days) -> Days:
    """Return the weekday of each day, 0 for Monday."""
    return (days + 3) % 7


def months(days: Days) -> Days:
    """Return the month of each day, 1 to 12."""
    found: Days = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return found


def rest_days(days: Days) -> Flags:
    """Return whether each day is a Sunday or a French public holiday (code du travail, article L3133-1)."""
    first, last = _date(int(days.min())), _date(int(days.max()))
    holidays = [_day(day) for year in range(first.year, last.year + 1) for day in public_holidays(year)]
    found: Flags = (weekdays(days) == 6) | np.isin(days, holidays)
    return found


def on_dates(days: Days, *dates: tuple[int, int]) -> Flags:
    """Return whether each day is one of these (month, day) of its year."""
    years = range(_date(int(days.min())).year, _date(int(days.max())).year + 1)
    wanted = [_day(date(year, month, day)) for year in years for month, day in dates]
    found: Flags = np.isin(days, wanted)
    return found


def _date(day: int) -> date:
    return date(1970, 1, 1) + timedelta(days=day)


def _day(day: date) -> int:
    return (day - date(1970, 1, 1)).days


def fraction_of_year(times: Times) -> Floats:
    """Return how far the (tropical) year has gone at each time, 0 to 1 from 1 January."""
    found: Floats = (times / DAY_US / 365.2425) % 1
    return found
