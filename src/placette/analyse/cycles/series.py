"""A series by the clocks of its city: one value per local hour or day, NaN where there is none.

People live by the clock and not by UTC: rhythms are looked for in local time. The hour that is skipped in spring has no
value, the hour that comes twice in autumn has the mean of both.
"""

from __future__ import annotations

from datetime import UTC, datetime, tzinfo
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.datetime64]
_HOUR_US = 3_600_000_000
_MONDAY = 4
"""1970-01-05 was one, 1970-01-01 is day 0."""


class LocalSeries(msgspec.Struct, frozen=True):
    """Values per step of ``hours`` (1 or 24), the first at ``start``: whole hours since 1970-01-01, local clock."""

    start: int
    hours: Literal[1, 24]
    values: Floats

    @property
    def times(self) -> Times:
        """The local beginning of each step, as ``datetime64[h]``."""
        return (self.start + self.hours * np.arange(len(self.values))).astype("datetime64[h]")

    def between(self, first: str, last: str) -> LocalSeries:
        """Return the part from one local day to another, both included.

        >>> len(LocalSeries(0, 1, np.zeros(240)).between("1970-01-02", "1970-01-03").values)
        48
        """
        times = self.times.astype("datetime64[D]")
        inside = np.flatnonzero((times >= np.datetime64(first)) & (times <= np.datetime64(last)))
        if not inside.size:
            return LocalSeries(self.start, self.hours, np.empty(0))
        start, stop = int(inside[0]), int(inside[-1]) + 1
        return LocalSeries(self.start + self.hours * start, self.hours, self.values[start:stop])


def by_clock(times: Times, values: npt.ArrayLike, hours: Literal[1, 24] = 1) -> LocalSeries:
    """Return a series from local times in any order; several values in one step become their mean.

    >>> times = np.array(["2026-01-05T00:20", "2026-01-05T02:00", "2026-01-05T00:50"], "datetime64[m]")
    >>> by_clock(times, [1.0, 5, 3]).values.tolist()
    [2.0, nan, 5.0]
    """
    found = np.asarray(values, np.float64)
    there = ~np.isnan(found) & ~np.isnat(times)
    if not there.any():
        return LocalSeries(0, hours, np.empty(0))
    step = times[there].astype("datetime64[h]").astype(np.int64) // hours
    first, size = int(step.min()), int(step.max() - step.min()) + 1
    count = np.bincount(step - first, minlength=size)
    total = np.bincount(step - first, found[there], size)
    return LocalSeries(first * hours, hours, np.where(count > 0, total / np.maximum(count, 1), np.nan))


def local_series(
    times: npt.NDArray[np.int64], values: npt.ArrayLike, zone: tzinfo, hours: Literal[1, 24] = 1
) -> LocalSeries:
    """Return a series by the clocks of ``zone`` from times in µs UTC.

    >>> from zoneinfo import ZoneInfo
    >>> utc = np.arange(3) * 3_600_000_000 + 1_774_738_800_000_000  # 28 March 2026, 23 h UTC: the night of the change
    >>> found = local_series(utc, [1.0, 2, 3], ZoneInfo("Europe/Paris"))
    >>> found.times.astype(str).tolist(), found.values.tolist()
    (['2026-03-29T00', '2026-03-29T01', '2026-03-29T02', '2026-03-29T03'], [1.0, 2.0, nan, 3.0])
    """
    hour, place = np.unique(np.asarray(times, np.int64) // _HOUR_US, return_inverse=True)
    offsets = np.array([_offset_min(each, zone) for each in hour.tolist()], np.int64)
    local = np.asarray(times, np.int64) + offsets[place.ravel()] * 60_000_000
    return by_clock(local.astype("datetime64[us]"), values, hours)


def _offset_min(hour: int, zone: tzinfo) -> int:
    offset = datetime.fromtimestamp(hour * 3600, UTC).astimezone(zone).utcoffset()
    return 0 if offset is None else int(offset.total_seconds() // 60)


def weekday_of(dates: Times) -> npt.NDArray[np.int64]:
    """Return the weekday of dates, Monday 0.

    >>> weekday_of(np.array(["2026-07-01", "2026-07-05"], "datetime64[D]")).tolist()
    [2, 6]
    """
    found: npt.NDArray[np.int64] = (dates.astype("datetime64[D]").astype(np.int64) - _MONDAY) % 7
    return found


def days_of(series: LocalSeries) -> tuple[Times, Floats]:
    """Return the local days of an hourly series and their 24 values (days × 24), or of a daily one (days × 1)."""
    per_day = 24 // series.hours
    before = series.start % 24 // series.hours
    after = -(before + len(series.values)) % per_day
    padded = np.pad(series.values, (before, after), constant_values=np.nan)
    first = series.start // 24
    dates = np.arange(first, first + len(padded) // per_day).astype("datetime64[D]")
    return dates, padded.reshape(-1, per_day)
