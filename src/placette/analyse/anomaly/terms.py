"""What is looked at, and how it is asked: a table of hourly series by the clocks of their city."""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Bools = npt.NDArray[np.bool_]

DAY = 24
_MONDAY = 3
"""1970-01-01 was a Thursday."""
SUNDAY = 6


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """What an operator may change; hours, days and metres."""

    days_per_false_alarm: Annotated[float, msgspec.Meta(ge=1, le=3650)] = 30
    """At most one alarm without cause per datastream in this many days; all detectors together."""
    similar_days: Annotated[int, msgspec.Meta(ge=4, le=26)] = 8
    """How many earlier days of the same kind an hour is compared with."""
    least_days: Annotated[int, msgspec.Meta(ge=7, le=365)] = 14
    """Days with a score that a chart needs before it may alarm; the first score comes after some four weeks."""
    remembered_days: Annotated[int, msgspec.Meta(ge=60, le=1500)] = 365
    """How far back the scores reach that a new one is ranked among."""
    neighbours: Annotated[int, msgspec.Meta(ge=0, le=20)] = 6
    """Series that move like this one are looked at, so many at the most."""
    near_m: Annotated[float, msgspec.Meta(ge=10, le=50_000)] = 3_000
    """Beyond it a series is no neighbour; not asked where positions are unknown."""
    joined_h: Annotated[int, msgspec.Meta(ge=1, le=48)] = 6
    """Alarms of one series no further apart are one anomaly."""


class Watched(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` (hours × series, NaN where missing), the first hour at local midnight of day ``first_day``.

    Days count from 1970-01-01. ``kinds`` names what each series observes (series of one kind lend each other their
    experience), ``counted`` says which cannot be negative, ``positions`` (series × 2, m, NaN unknown) where they
    stand. ``holidays`` are days that go like Sundays. ``weather`` (hours × covariates) may have no column; the series
    of which ``is_weather`` is true do without it.
    """

    values: Floats
    first_day: int
    kinds: tuple[str, ...]
    counted: tuple[bool, ...]
    positions: Floats
    holidays: frozenset[int] = frozenset()
    weather: Floats = np.empty((0, 0))
    is_weather: tuple[bool, ...] = ()

    @property
    def days(self) -> int:
        """Days that are begun."""
        return -(-len(self.values) // DAY)

    def day_classes(self) -> Ints:
        """Return the kind of each day: 0 Monday … 6 Sunday, holidays as Sundays."""
        days = self.first_day + np.arange(self.days)
        kinds = (days + _MONDAY) % 7
        kinds[np.isin(days, list(self.holidays))] = SUNDAY
        return np.asarray(kinds, np.int64)


def by_day(values: Floats) -> Floats:
    """Return hours × series as days × 24 × series; the last day is filled up with NaN.

    >>> by_day(np.zeros((30, 2))).shape
    (2, 24, 2)
    """
    missing = -len(values) % DAY
    padded = np.pad(values, ((0, missing), (0, 0)), constant_values=np.nan)
    return padded.reshape(-1, DAY, values.shape[1])


def trailing_mean(values: Floats, first: int, last: int, least: float = 0.5) -> Floats:
    """Return the mean of the values from ``last`` hours before to ``first`` hours before each hour, both included.

    NaN where less than the share ``least`` of them is known.

    >>> trailing_mean(np.arange(5.0)[:, None], 1, 2)[:, 0].tolist()
    [nan, 0.0, 0.5, 1.5, 2.5]
    """
    known = ~np.isnan(values)
    sums = np.cumsum(np.where(known, values, 0.0), axis=0)
    counts = np.cumsum(known, axis=0, dtype=np.float64)
    width = last - first + 1

    def window(total: Floats) -> Floats:
        padded = np.concatenate([np.zeros((last + 1, total.shape[1])), total])
        return np.asarray(padded[last + 1 - first :][: len(total)] - padded[: len(total)])

    number = window(counts)
    with np.errstate(divide="ignore", invalid="ignore"):
        return np.asarray(np.where(number >= max(1.0, least * width), window(sums) / number, np.nan))
