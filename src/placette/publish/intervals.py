"""Local intervals: at which instants the hours, days, weeks and months of a time zone begin.

A day that changes the clocks has 23 or 25 hours; its repeated hour begins twice, its missing hour never.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from placette.model.times import MICROS_PER_S, micros_of
from placette.store.series import Interval

HOUR_US = 3_600 * MICROS_PER_S
TYPICAL_US: dict[str, int] = {"hour": HOUR_US, "day": 24 * HOUR_US, "week": 168 * HOUR_US, "month": 730 * HOUR_US}
"""Usual length of an interval in µs, to foresee how many there will be."""


def starts(start: int, end: int, interval: Interval, zone: ZoneInfo) -> list[int]:
    """Return the starts (µs UTC) of the local intervals from the one that holds ``start`` up to before ``end``.

    >>> paris = ZoneInfo("Europe/Paris")
    >>> len(starts(1774738800000000, 1774821600000000, "hour", paris))  # 29 March 2026, when clocks go forward
    23
    """
    if interval == "hour":
        offset = _local(start, zone).utcoffset() or timedelta()
        shift = offset // timedelta(microseconds=1) % HOUR_US  # zones such as +05:30 begin their hours in between
        first = (start + shift) // HOUR_US * HOUR_US - shift
        return list(range(first, end, HOUR_US))
    found = []
    day = _beginning(_local(start, zone), interval)
    while (instant := micros_of(day)) < end:
        found.append(instant)
        day = _next(day, interval)
    return found


def _local(instant: int, zone: ZoneInfo) -> datetime:
    return datetime.fromtimestamp(instant / MICROS_PER_S, zone)


def _beginning(moment: datetime, interval: Interval) -> datetime:
    day = moment.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def _next(day: datetime, interval: Interval) -> datetime:
    if interval == "month":
        return (day + timedelta(days=32)).replace(day=1)
    return day + timedelta(days=7 if interval == "week" else 1)
