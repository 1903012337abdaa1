"""The chance that a whole day passes a threshold, from the forecast of its hours: its mean, its sum, its highest hour.

Hours of one day err together: a mild night is followed by a mild morning. How they do is taken from the former issues:
where in its own band each hour of that day came (its rank, 0 to 1). Each former day's 24 ranks, read off tomorrow's
bands, are one way tomorrow may go, and the chance is the share of those ways that pass the threshold (the Schaake
shuffle, Clark et al. 2004, J. Hydrometeorol. 5, 243). Series of one property lend each other their days. Chances are
bent to what came (isotonic regression), each former day judged by the days of the others.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.exceedance import isotonic
from placette.services.forecast.terms import LEVELS, Combined, DayLimit, Floats

HOURS = 24
FURTHEST = 4.0
"""Widths of the outermost step beyond the outermost quantile: further off, a forecast had failed, and says nothing of
how far off another one will be."""
LEAST_WAYS = 12
"""Former days without which nothing is said of a whole day."""
_LEVELS = np.array(LEVELS)


def ranks(actual: Floats, quantiles: Floats) -> Floats:
    """Return where each value came within its own quantiles (… and … × levels), 0 to 1; NaN where either is missing.

    Outside of the outermost quantiles the rank fades exponentially, as ``values_at`` reads it.

    >>> ranks(np.array([5.0, 9.0]), np.array([np.linspace(0.5, 9.5, 19)] * 2)).round(3).tolist()
    [0.5, 0.9]
    """
    out = np.full(actual.shape, np.nan)
    for place in np.ndindex(actual.shape):
        row, value = quantiles[place], actual[place]
        if np.isnan(row[0]) or np.isnan(value):
            continue
        low, high = max(row[1] - row[0], 1e-9), max(row[-1] - row[-2], 1e-9)
        if value < row[0]:
            out[place] = _LEVELS[0] * 2.0 ** -min((row[0] - value) / low, FURTHEST)
        elif value > row[-1]:
            out[place] = 1 - (1 - _LEVELS[-1]) * 2.0 ** -min((value - row[-1]) / high, FURTHEST)
        else:
            out[place] = np.interp(value, row, _LEVELS)
    return out


def values_at(quantiles: Floats, rank: Floats) -> Floats:
    """Return the value at each rank (ways × hours) of the quantiles of each hour (hours × levels).

    >>> values_at(np.array([[1.0, 2.0, 3.0] + [3.0] * 16]), np.array([[0.05], [0.025], [0.1]])).tolist()
    [[1.0], [0.0], [2.0]]
    """
    out = np.full(rank.shape, np.nan)
    for hour, row in enumerate(quantiles):
        mine = rank[:, hour]
        low, high = row[1] - row[0], row[-1] - row[-2]
        within = np.interp(mine, _LEVELS, row)
        with np.errstate(divide="ignore", invalid="ignore"):
            below = row[0] + low * np.log2(np.maximum(mine, 1e-6) / _LEVELS[0])
            above = row[-1] - high * np.log2(np.maximum(1 - mine, 1e-6) / (1 - _LEVELS[-1]))
        out[:, hour] = np.select(
            [np.isnan(mine), mine < _LEVELS[0], mine > _LEVELS[-1]], [np.nan, below, above], within
        )
    return out


def of_day(values: Floats, of: Combined) -> Floats:
    """Return what is made of the hours of a day (… × hours), NaN where an hour is missing.

    >>> [round(float(of_day(np.array([60.0, 70.0]), each)), 1) for each in ("mean", "sum", "energetic", "highest")]
    [65.0, 130.0, 67.4, 70.0]
    """
    if of == "highest":
        return np.asarray(values.max(axis=-1))
    if of == "energetic":
        return np.asarray(10 * np.log10((10 ** (values / 10)).mean(axis=-1)))
    return np.asarray(values.sum(axis=-1) if of == "sum" else values.mean(axis=-1))


def chances(quantiles: Floats, ways: Floats, limits: Sequence[DayLimit]) -> list[float]:
    """Return the share of the ways (ways × 24) that a day with these quantiles (24 × levels) passes each threshold.

    NaN when there are fewer ways than ``LEAST_WAYS``, or no forecast. No chance is called impossible or sure: half a
    way is added on both sides.
    """
    ways = ways[~np.isnan(ways).any(axis=1)]
    if len(ways) < LEAST_WAYS or np.isnan(quantiles).any():
        return [float("nan")] * len(limits)
    values = values_at(quantiles, ways)
    passed = [int((of_day(values, limit.of) > limit.value).sum()) for limit in limits]
    return [(each + 0.5) / (len(ways) + 1) for each in passed]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """One threshold on the former days of the series that have it: chance and whether it came (series × issues)."""

    key: str
    series: tuple[int, ...]
    forecast: Floats
    came: Floats

    def curve(self) -> isotonic.Curve:
        """Return how chances are bent."""
        return isotonic.fit(self.forecast.ravel(), self.came.ravel())

    def bent(self) -> Floats:
        """Return each chance bent by a curve that has not seen its own day (series × issues)."""
        days = np.tile(np.arange(self.forecast.shape[1]), len(self.series))
        found = isotonic.left_out(self.forecast.ravel(), self.came.ravel(), days)
        return found.reshape(self.forecast.shape)


def judged(
    actual: Floats, made: Floats, rank: Floats, groups: Sequence[str], limits: Sequence[Sequence[DayLimit]]
) -> list[Judged]:
    """Return how the chances of former days did, per threshold; a former day's chance is made of the other days alone.

    ``actual`` and ``rank`` are issues × 24 × series, ``made`` the same by levels, ``limits`` those of each series.
    """
    told: dict[tuple[str, int], list[float]] = {}
    came: dict[tuple[str, int], Floats] = {}
    for series, several in enumerate(limits):
        for limit in several:
            day = of_day(actual[:, :, series], limit.of)
            came[limit.key, series] = np.where(np.isnan(day), np.nan, (day > limit.value).astype(np.float64))
            told[limit.key, series] = []
        for issue in range(len(actual)):
            others = ways_of(np.delete(rank, issue, axis=0), groups, series)
            for limit, one in zip(several, chances(made[issue, :, series], others, several), strict=True):
                told[limit.key, series].append(one)
    found = []
    for key in dict.fromkeys(name for name, _ in told):
        members = tuple(series for name, series in told if name == key)
        forecast = np.array([told[key, series] for series in members])
        found.append(Judged(key=key, series=members, forecast=forecast, came=np.array([came[key, s] for s in members])))
    return found


def ways_of(rank: Floats, groups: Sequence[str], series: int) -> Floats:
    """Return the former days (ways × 24) of the series of the same group, from ranks (issues × 24 × series)."""
    mine = [place for place, group in enumerate(groups) if group == groups[series]]
    return np.asarray(rank[:, :, mine].transpose(0, 2, 1).reshape(-1, rank.shape[1]))


def days_ahead(local: npt.NDArray[np.int64]) -> list[tuple[int, npt.NDArray[np.int64]]]:
    """Return the whole local days of steps (local hours since 1970): each with the places of its 24 hours.

    >>> [(day, len(places)) for day, places in days_ahead(np.arange(10, 72))]
    [(1, 24), (2, 24)]
    """
    days = local // HOURS
    return [(int(day), np.flatnonzero(days == day)) for day in np.unique(days) if (days == day).sum() == HOURS]
