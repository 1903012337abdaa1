"""Which hours a map is made of: an hour, a day (6 to 22 h), a night (22 to 6 h) or 24 hours, by the city's clock.

Hours are counted on the local clock, from its own 1970-01-01 00:00, as ``services.panels`` counts them.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Literal, get_args
from zoneinfo import ZoneInfo

from placette.model.times import MICROS_PER_S

Period = Literal["hour", "day", "night", "24h"]
PERIODS: tuple[Period, ...] = get_args(Period)
MOST_FRAMES: dict[Period, int] = {"hour": 48, "day": 14, "night": 14, "24h": 14}
POOLED_DAYS = 7
"""So many days, nights or spans of 24 hours share one variogram."""
_HOUR_S, _DAY = 3_600, 24
_MORNING, _EVENING = 6, 22
"""Night is from 22 to 6, as French law has it for noise (decree of 24 March 2006)."""


def local_hour(instant: int, zone: ZoneInfo) -> int:
    """Return the local hour that holds an instant (µs UTC).

    >>> local_hour(0, ZoneInfo("Europe/Paris"))
    1
    """
    moment = datetime.fromtimestamp(instant // MICROS_PER_S, zone)
    offset = moment.utcoffset()
    return (instant // MICROS_PER_S + (int(offset.total_seconds()) if offset else 0)) // _HOUR_S


def instant_of(hour: int, zone: ZoneInfo) -> int:
    """Return when a local hour begins (µs UTC).

    >>> instant_of(1, ZoneInfo("Europe/Paris"))
    0
    """
    clock = datetime.fromtimestamp(hour * _HOUR_S, UTC).replace(tzinfo=zone)
    return int(clock.timestamp()) * MICROS_PER_S


def spans(period: Period, hour: int, count: int) -> list[range]:
    """Return ``count`` spans of hours, oldest first, the last being the one that holds ``hour`` or ended before it.

    >>> spans("hour", 100, 2), spans("24h", 100, 1)
    ([range(99, 100), range(100, 101)], [range(77, 101)])
    >>> spans("night", 24 * 10 + 12, 2), spans("day", 24 * 10 + 3, 1)
    ([range(214, 222), range(238, 246)], [range(222, 238)])
    """
    if period == "hour":
        return [range(each, each + 1) for each in range(hour - count + 1, hour + 1)]
    last = range(hour - _DAY + 1, hour + 1) if period == "24h" else _part(period == "night", hour)
    return [_earlier(last, days) for days in range(count - 1, -1, -1)]


def pool_of(period: Period, span: range) -> tuple[range, ...]:
    """Return the spans whose values share a variogram with this one, itself included.

    For an hour: all hours of its day (or night) and of the one before.

    >>> len(pool_of("hour", range(24, 25))), len(pool_of("hour", range(36, 37))), len(pool_of("night", range(22, 30)))
    (16, 32, 7)
    """
    if period != "hour":
        return tuple(_earlier(span, days) for days in range(POOLED_DAYS - 1, -1, -1))
    here = _part(not _MORNING <= span.start % _DAY < _EVENING, span.start)
    return tuple(range(hour, hour + 1) for part in (_earlier(here, 1), here) for hour in part)


def _part(night: bool, hour: int) -> range:
    """Return the night, or the day, that holds an hour or is the last before it."""
    begins, lasts = (_EVENING, _DAY - _EVENING + _MORNING) if night else (_MORNING, _EVENING - _MORNING)
    start = (hour - begins) // _DAY * _DAY + begins
    return range(start, start + lasts)


def _earlier(span: range, days: int) -> range:
    return range(span.start - days * _DAY, span.stop - days * _DAY)
