"""How the rhythms of a series went month by month: its level, and how strong day and week were in each of them.

One month is too short to take apart; the whole series is, and the variances of strength are those of the month.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.cycles.rhythm import Parts, strength
from placette.analyse.cycles.series import LocalSeries

LEAST_DAYS = 14
"""Days of values that a month needs: a strength of fewer is that of a few days' weather."""


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A month (``2026-03``): mean of its values, strength of each rhythm, share of its hours in the series with one."""

    month: str
    mean: float
    strength: dict[str, float]
    captured: float


def course(series: LocalSeries, parts: Parts) -> list[Month]:
    """Return the months that have fourteen days of values or more.

    >>> from placette.analyse.cycles.rhythm import take_apart
    >>> hours = np.arange(24 * 59)
    >>> noise = np.random.default_rng(1).normal(0, 0.5, hours.size)
    >>> series = LocalSeries(0, 1, np.where(hours < 24 * 31, np.sin(hours / 24 * 2 * np.pi), 0) + noise)
    >>> [(each.month, each.strength["day"] > 0.4) for each in course(series, take_apart(series))]
    [('1970-01', True), ('1970-02', False)]
    """
    months = series.times.astype("datetime64[M]")
    there = ~np.isnan(series.values)
    found = []
    for month in np.unique(months):
        mine = months == month
        captured = float(there[mine].mean())
        if (mine & there).sum() * series.hours >= LEAST_DAYS * 24:
            found.append(
                Month(
                    month=str(month),
                    mean=float(series.values[mine & there].mean()),
                    strength={name: strength(part[mine], parts.rest[mine]) for name, part in parts.seasons.items()},
                    captured=captured,
                )
            )
    return found
