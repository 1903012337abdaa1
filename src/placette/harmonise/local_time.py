"""Local wall clock → UTC for whole columns, exact through every change of clock.

A zone's changes of offset are found once by asking ``zoneinfo`` day by day and bisecting to the second; columns are
then resolved by two binary searches. The meaning of an hour that comes twice or not at all is that of PEP 495.
"""

from __future__ import annotations

import difflib
import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
from numpy.typing import NDArray

from placette.model.errors import Unprocessable

Micros = NDArray[np.int64]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_DAY_S = 86_400
_YEARS = (1890, 2210)
_FIXED = re.compile(r"([+-])(\d{2}):(\d{2})")


class Instants(NamedTuple):
    """What wall clock times may mean, µs since 1970-01-01 UTC: read with the offset before and after a change.

    ``first < second``: the hour comes twice, these are both. ``first > second``: the hour does not exist; ``first`` is
    the instant at which a clock that nobody had put forward would have shown it. Equal: the ordinary case.
    """

    first: Micros
    second: Micros


class _Changes(NamedTuple):
    at: Micros
    """UTC instants of the changes, µs."""
    offset: Micros
    """Offsets from UTC, µs: one before the first change, then one after each."""


def check_zone(zone: str) -> None:
    """Raise ``Unprocessable``, with the names that come close, unless ``zone`` is an IANA name or ``±hh:mm``.

    >>> check_zone("Europe/Paris"), check_zone("+02:00")
    (None, None)
    """
    if _FIXED.fullmatch(zone) or zone in available_timezones():
        return
    close = difflib.get_close_matches(zone, available_timezones(), 3, 0.5)
    remedy = f"did you mean {' or '.join(close)}?" if close else "write an IANA name, e.g. Europe/Paris"
    raise Unprocessable(f"unknown time zone '{zone[:40]}'", remedy=remedy)


def to_utc(wall: Micros, zone: str) -> Instants:
    """Return the instants at which a clock of ``zone`` shows ``wall`` (µs since 1970-01-01 00:00 on that clock).

    >>> march = np.array([np.datetime64("2019-03-31T02:30", "us")]).view(np.int64)
    >>> first, second = to_utc(march, "Europe/Paris")
    >>> first.view("datetime64[us]").astype("datetime64[m]")
    array(['2019-03-31T01:30'], dtype='datetime64[m]')
    >>> bool(first > second)
    True
    """
    changes = _changes_over(wall, zone)
    before, after = changes.offset[:-1], changes.offset[1:]
    first = wall - changes.offset[np.searchsorted(changes.at + np.maximum(before, after), wall, side="right")]
    second = wall - changes.offset[np.searchsorted(changes.at + np.minimum(before, after), wall, side="right")]
    return Instants(first, second)


def to_wall(instants: Micros, zone: str) -> Micros:
    """Return what a clock of ``zone`` shows at ``instants`` (µs since 1970-01-01 UTC)."""
    changes = _changes_over(instants, zone)
    return instants + changes.offset[np.searchsorted(changes.at, instants, side="right")]


def _changes_over(values: Micros, zone: str) -> _Changes:
    """Return the changes of ``zone`` in the decades that ``values`` touch, and a year around them."""
    if not len(values):
        return _changes(zone, 1970, 1980)
    years = np.array([values.min(), values.max()]).view("datetime64[us]").astype("datetime64[Y]").view(np.int64) + 1970
    first, last = (int(year) for year in np.clip(years, *_YEARS))
    return _changes(zone, first // 10 * 10 - 1, last // 10 * 10 + 11)


@lru_cache(maxsize=256)
def _changes(zone: str, first_year: int, last_year: int) -> _Changes:
    fixed = _FIXED.fullmatch(zone)
    if fixed:
        minutes = int(fixed[2]) * 60 + int(fixed[3])
        return _Changes(np.empty(0, np.int64), np.array([minutes * 60_000_000 * (-1 if fixed[1] == "-" else 1)]))
    rules = ZoneInfo(zone)
    start, end = ((datetime(year, 1, 1, tzinfo=UTC) - _EPOCH).days for year in (first_year, last_year))
    at: list[int] = []
    offsets = [_offset_s(rules, start * _DAY_S)]
    for day in range(start, end):
        low, high = day * _DAY_S, (day + 1) * _DAY_S
        after = _offset_s(rules, high)
        if after == offsets[-1]:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _offset_s(rules, middle) == offsets[-1] else (low, middle)
        at.append(high)
        offsets.append(after)
    return _Changes(np.array(at, np.int64) * 1_000_000, np.array(offsets, np.int64) * 1_000_000)


def _offset_s(rules: ZoneInfo, second: int) -> int:
    offset = (_EPOCH + timedelta(seconds=second)).astimezone(rules).utcoffset()
    return round(offset.total_seconds()) if offset is not None else 0
