"""How strong the daily, weekly and yearly rhythms of a series are, and what shape they have.

The series is taken apart into a trend, one component per rhythm and a rest, each smoothed in turn on what the others
leave, as MSTL does (Bandara, Hyndman and Bergmeir 2021, arXiv 2107.13462; STL: Cleveland et al. 1990, J. Official
Statistics 6, 3): every hour of the cycle is followed over the cycles by a local line with tricube weights, and outliers
lose weight by the bisquare of what they leave. Gaps have weight nothing, so that none need be filled. The yearly
component is three harmonics. Strength: F = max(0, 1 - Var(R) / Var(S + R)) (Wang, Smith and Hyndman 2006, Data Mining
and Knowledge Discovery 13, 335).
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.cycles.series import LocalSeries

Floats = npt.NDArray[np.float64]
Name = Literal["day", "week", "year"]
_DAYS: dict[Name, float] = {"day": 1, "week": 7, "year": 365.2425}
FEWEST: dict[Name, int] = {"day": 7, "week": 4, "year": 2}
"""Cycles a rhythm needs to be told from chance, or a year from the trend."""
_HALF: dict[Name, int] = {"day": 30, "week": 13}
"""Cycles before and after that shape a component: it may change within a season, and noise is averaged away."""
_HARMONICS = 3
_NOTHING = 1e-3
"""Share of the variance of the values below which what is left has no rhythm worth a name."""
_SWEEPS, _ROUNDS = 3, 3
_TREND_DAYS, _TREND_DAYS_YEARLY = 21, 270
"""Half width of the trend; with a yearly rhythm it must be too slow to follow the seasons."""


class Rhythm(msgspec.Struct, frozen=True, kw_only=True):
    """One rhythm: ``strength`` 0 to 1, ``shape`` per step of the cycle around 0, in the unit of the values.

    ``chance`` is the strength that noise without any rhythm would show over the same length and gaps. The shape begins
    at midnight, on Monday, or on 1 January (then per day); ``peak`` and ``trough`` are steps of it.
    """

    name: Name
    strength: float
    chance: float
    shape: Floats
    peak: int
    trough: int
    cycles: int


class Parts(msgspec.Struct, frozen=True, kw_only=True):
    """A series taken apart, whole: values = trend + seasons + rest, which is NaN where there is no value."""

    trend: Floats
    seasons: dict[Name, Floats]
    rest: Floats


def rhythms(series: LocalSeries, parts: Parts | None = None) -> list[Rhythm]:
    """Return the rhythms that the series is long enough for: a day from 7 days on, a week from 4 weeks, a year from 2.

    A series without variation has rhythms of strength 0. ``parts`` spares taking it apart again.

    >>> hours = np.arange(24 * 7 * 8)
    >>> series = LocalSeries(96, 1, 10 + 4 * np.cos((hours - 17) / 24 * 2 * np.pi))
    >>> [(each.name, round(each.strength, 2), each.cycles) for each in rhythms(series)]
    [('day', 1.0, 56), ('week', 0.0, 8)]
    >>> rhythms(series)[0].peak
    17
    """
    parts = parts or take_apart(series)
    there = series.values[~np.isnan(series.values)]
    least = _NOTHING * float(there.var()) if there.size else 0.0
    return [_rhythm(name, series, season, parts.rest, least) for name, season in parts.seasons.items()]


def take_apart(series: LocalSeries) -> Parts:
    """Return trend, seasons and rest."""
    before = _before(series)
    values = np.pad(series.values, (before, 0), constant_values=np.nan)
    names = _names(series)
    there = ~np.isnan(values)
    level = float(np.median(values[there])) if there.any() else 0.0
    known = np.where(there, values - level, 0.0)
    weights = there.astype(np.float64)
    trend = np.zeros_like(known)
    seasons = {name: np.zeros_like(known) for name in names}
    for turn in range(_ROUNDS * _SWEEPS):
        if turn and turn % _SWEEPS == 0:
            weights = there * _bisquare(known - trend - _total(seasons, known), there)
        trend = _trend(known - _total(seasons, known), weights, series.hours, "year" in names)
        for name in names:
            others = trend + _total({key: part for key, part in seasons.items() if key != name}, known)
            seasons[name] = _season(name, known - others, weights, series)
    rest = np.where(there, known - trend - _total(seasons, known), np.nan)
    return Parts(
        trend=trend[before:] + level,
        seasons={name: part[before:] for name, part in seasons.items()},
        rest=rest[before:],
    )


def strength(season: Floats, rest: Floats, least: float = 0.0) -> float:
    """Return max(0, 1 - Var(rest) / Var(season + rest)) where both have values; 0 up to a variance of ``least``.

    >>> strength(np.array([1.0, -1, 1, -1]), np.array([0.5, 0.5, -0.5, -0.5]))
    0.8
    """
    both = ~np.isnan(season + rest)
    if not both.any():
        return 0.0
    whole = float(np.var((season + rest)[both]))
    if whole <= least:
        return 0.0
    return max(0.0, 1 - float(np.var(rest[both])) / whole)


def _names(series: LocalSeries) -> list[Name]:
    days = len(series.values) * series.hours / 24
    fitting: list[Name] = [name for name in _DAYS if days >= FEWEST[name] * _DAYS[name]]
    return [name for name in fitting if name != "day" or series.hours == 1]


def _before(series: LocalSeries) -> int:
    """Return the steps between the last Monday, midnight, and the beginning of the series."""
    return (series.start - 4 * 24) % 168 // series.hours


def _total(seasons: dict[Name, Floats], like: Floats) -> Floats:
    total = np.zeros_like(like)
    for part in seasons.values():
        total += part
    return total


def _trend(values: Floats, weights: Floats, hours: int, yearly: bool) -> Floats:
    per_day = 24 // hours
    days = -(-len(values) // per_day)
    total = np.add.reduceat(values * weights, np.arange(0, len(values), per_day))
    weight = np.add.reduceat(weights, np.arange(0, len(values), per_day))
    means = np.divide(total, weight, where=weight > 0, out=np.zeros(days))
    half = min(_TREND_DAYS_YEARLY if yearly else _TREND_DAYS, max(days - 1, 1))
    smooth = _local_line(means[:, None], weight[:, None], half)[:, 0]
    middle = (np.arange(days) + 0.5) * per_day - 0.5
    return np.interp(np.arange(len(values)), middle, smooth)


def _season(name: Name, values: Floats, weights: Floats, series: LocalSeries) -> Floats:
    if name == "year":
        return _harmonics(values, weights, _DAYS["year"] * 24 / series.hours)
    matrix, weight = (_cycles(name, each, series.hours) for each in (values, weights))
    smooth = _local_line(matrix, weight, min(_HALF[name], len(matrix)))
    smooth -= smooth.mean(axis=1, keepdims=True)
    if name == "week" and series.hours == 1:
        return (smooth - _daily_part(smooth)).ravel()[: len(values)]
    return smooth.ravel()[: len(values)]


def _cycles(name: Name, values: Floats, hours: int) -> Floats:
    """Return values as cycles × steps, the last cycle filled with 0."""
    period = int(_DAYS[name] * 24 / hours)
    return np.pad(values, (0, -len(values) % period)).reshape(-1, period)


def _chance(name: Name, series: LocalSeries) -> float:
    there = np.pad(~np.isnan(series.values), (_before(series), 0)).astype(np.float64)
    if name == "year":
        return min(1.0, 2 * _HARMONICS / max(1.0, float(there.sum())))
    share = _cycles(name, there, series.hours).mean(axis=1, keepdims=True)
    return _leverage(share, min(_HALF[name], len(share)))


def _daily_part(weeks: Floats) -> Floats:
    """Return what is the same on all days of each week: it belongs to the day's rhythm and not to the week's."""
    days = weeks.reshape(len(weeks), 7, 24).mean(axis=1)
    return np.tile(days, (1, 7))


def _harmonics(values: Floats, weights: Floats, period: float) -> Floats:
    angle = 2 * np.pi * np.arange(len(values)) / period
    waves = [wave(order * angle) for order in range(1, _HARMONICS + 1) for wave in (np.cos, np.sin)]
    design = np.column_stack([np.ones(len(values)), *waves])
    normal = design.T @ (weights[:, None] * design)
    solved = np.linalg.lstsq(normal, design.T @ (weights * values), rcond=None)[0]
    found: Floats = design[:, 1:] @ solved[1:]
    return found


def _local_line(values: Floats, weights: Floats, half: int) -> Floats:
    """Follow each column over the rows by a local line; the column's mean where no row within ``half`` has weight."""
    zeroth, first, second = (_windowed(weights, half, power) for power in range(3))
    level, slope = (_windowed(weights * values, half, power) for power in range(2))
    total = weights.sum(axis=0)
    mean = np.divide((values * weights).sum(axis=0), total, where=total > 0, out=np.zeros(values.shape[1]))
    flat = np.where(zeroth > 0, level / np.where(zeroth > 0, zeroth, 1), mean)
    determinant = zeroth * second - first**2
    sloped = _sloped(zeroth, determinant, half)
    line = (second * level - first * slope) / np.where(sloped, determinant, 1)
    found: Floats = np.where(sloped, line, flat)
    return found


def _leverage(weights: Floats, half: int) -> float:
    """Return what share of itself a value finds again in the line through it: what noise seems to explain."""
    zeroth, first, second = (_windowed(weights, half, power) for power in range(3))
    determinant = zeroth * second - first**2
    sloped = _sloped(zeroth, determinant, half)
    own = np.where(sloped, second / np.where(sloped, determinant, 1), 1 / np.maximum(zeroth, 1))
    total = float(weights.sum())
    return min(1.0, float((own * weights).sum()) / total) if total else 1.0


def _windowed(values: Floats, half: int, power: int) -> Floats:
    """Return the sums over the rows within ``half``, weighted by tricube and a power of the distance in rows."""
    rows = len(values)
    padded = np.pad(values, ((half, half), (0, 0)))
    total = np.zeros_like(values)
    for offset in range(-half, half + 1):
        near = (1 - (abs(offset) / (half + 1)) ** 3) ** 3
        total += near * offset**power * padded[half + offset : half + offset + rows]
    return total


def _sloped(zeroth: Floats, determinant: Floats, half: int) -> npt.NDArray[np.bool_]:
    """Say where the rows with weight lie far enough apart for a line; elsewhere a mean is taken."""
    found: npt.NDArray[np.bool_] = determinant > 0.05 * zeroth**2 * (half + 1) ** 2 / 12
    return found


def _bisquare(rest: Floats, there: npt.NDArray[np.bool_]) -> Floats:
    bound = 6 * float(np.median(np.abs(rest[there]))) if there.any() else 0.0
    if bound == 0:
        return np.ones_like(rest)
    found: Floats = np.maximum(0, 1 - (rest / bound) ** 2) ** 2
    return found


def _rhythm(name: Name, series: LocalSeries, season: Floats, rest: Floats, least: float) -> Rhythm:
    shape = _shape(name, series, season)
    return Rhythm(
        name=name,
        strength=strength(season, rest, least),
        chance=_chance(name, series),
        shape=shape,
        peak=int(shape.argmax()),
        trough=int(shape.argmin()),
        cycles=int(len(season) * series.hours / 24 / _DAYS[name]),
    )


def _shape(name: Name, series: LocalSeries, season: Floats) -> Floats:
    if name == "year":
        days = series.times.astype("datetime64[D]")
        step = (days - days.astype("datetime64[Y]").astype("datetime64[D]")).astype(np.int64)
        size = 366
    else:
        size = int(_DAYS[name] * 24 / series.hours)
        step = (_before(series) + np.arange(len(season))) % size
    count = np.maximum(np.bincount(step, minlength=size), 1)
    found: Floats = np.bincount(step, season, size) / count
    return found
