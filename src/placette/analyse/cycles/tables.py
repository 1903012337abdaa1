"""Tables under the pictures of a rhythm: weekday × hour for a heat map, days for a calendar."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.cycles.series import Floats, LocalSeries, Times, days_of, weekday_of


class HeatMap(msgspec.Struct, frozen=True):
    """Medians of weekday × hour (7 × 24, Monday first), NaN where nothing was measured, and the days behind each."""

    medians: Floats
    counts: npt.NDArray[np.int64]


class Calendar(msgspec.Struct, frozen=True):
    """Each day's total and mean, NaN below the least share of its hours, and that share."""

    dates: Times
    totals: Floats
    means: Floats
    captured: Floats


def heat_map(series: LocalSeries) -> HeatMap:
    """Return the table of an hourly series; raises ``ValueError`` for a daily one.

    >>> table = heat_map(LocalSeries(96, 1, np.arange(24.0 * 14)))
    >>> table.medians.shape, table.medians[0, 3].item(), table.counts[6, 23].item()
    ((7, 24), 87.0, 2)
    """
    if series.hours != 1:
        raise ValueError("a heat map of hours needs an hourly series")
    dates, days = days_of(series)
    weekday = weekday_of(dates)
    medians, counts = np.full((7, 24), np.nan), np.zeros((7, 24), np.int64)
    for each in range(7):
        part = days[weekday == each]
        counts[each] = (~np.isnan(part)).sum(axis=0)
        some = counts[each] > 0
        medians[each, some] = np.nanmedian(part[:, some], axis=0) if some.any() else np.nan
    return HeatMap(medians, counts)


def calendar(series: LocalSeries, least_share: float = 0.75) -> Calendar:
    """Return the table of days, from the first to the last.

    A day's total is its mean times its hours, so that a day with a gap is not a small day.

    >>> hours = np.r_[np.full(24, 2.0), np.full(20, 3.0), np.full(28, np.nan)]
    >>> table = calendar(LocalSeries(0, 1, hours))
    >>> table.totals.tolist(), table.captured.round(2).tolist()
    ([48.0, 72.0, nan], [1.0, 0.83, 0.0])
    """
    dates, days = days_of(series)
    there = ~np.isnan(days)
    captured = there.mean(axis=1)
    sums = np.where(there, days, 0).sum(axis=1)
    enough = (captured >= least_share) & (captured > 0)
    means = np.where(enough, sums / np.maximum(there.sum(axis=1), 1), np.nan)
    return Calendar(dates, means * days.shape[1], means, captured)
