"""CrowdQC+: which temperatures of private weather stations can be believed, without any reference station.

Written from the description in Fenner, Bechtel, Demuzere, Kittner and Meier (2021), "CrowdQC+ – a quality-control for
crowdsourced air-temperature observations", Front. Environ. Sci. 9:720747. Temperatures are stations × hours, in Cel,
NaN where missing; every level returns flags of that shape, true where a value passed this level and those before it.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from placette.analyse.distance import distances
from placette.analyse.quality.robust import normal_quantile, qn, student_quantile

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]
Integers = npt.NDArray[np.int64]

_HOUR_US = 3_600_000_000
_DAY_US = 24 * _HOUR_US
_FEWEST = 100
"""With fewer stations the tails of the normal distribution are too thin for what a median and Qn know."""

Share = Annotated[float, Meta(gt=0, lt=1)]


class CrowdSettings(msgspec.Struct, frozen=True, kw_only=True):
    """The numbers of the paper; ``lapse`` in K/m, ``radius`` and ``height_difference`` in m."""

    low: Share = 0.01
    high: Share = 0.95
    lapse: Annotated[float, Meta(ge=0, le=0.02)] = 0.0065
    student: bool | None = None
    """Student's t in the place of the normal distribution in m2; ``None``: when there are fewer than 100 stations."""
    least_share: Share = 0.2
    least_correlation: Share = 0.9
    radius: Annotated[float, Meta(gt=0, le=50_000)] = 3000
    fewest_buddies: Annotated[int, Meta(ge=3, le=100)] = 5
    height_difference: Annotated[float, Meta(gt=0)] = 100
    alpha: Share = 0.1
    keep_isolated: bool = True
    """Pass m5 with stations that have too few buddies to be judged."""
    gap: Annotated[int, Meta(ge=0, le=24)] = 1
    """The longest gap that o1 fills, in hours."""
    complete: Share = 0.8


class Crowd(msgspec.Struct, frozen=True):
    """The stations: degrees (WGS 84) and m above sea; ``hours`` are the columns of the temperatures, µs UTC."""

    longitude: Floats
    latitude: Floats
    height: Floats
    hours: Integers


class CrowdFlags(msgspec.Struct, frozen=True):
    """The levels: m1 to m5, then o1 (``filled`` holds its temperatures) to o3; ``isolated`` is of stations."""

    m1: Bools
    m2: Bools
    m3: Bools
    m4: Bools
    m5: Bools
    isolated: Bools
    o1: Bools
    o2: Bools
    o3: Bools
    filled: Floats


_PAPER = CrowdSettings()


def crowd_flags(temperature: Floats, crowd: Crowd, settings: CrowdSettings = _PAPER) -> CrowdFlags:
    """Run every level; on 624 stations × 768 hours in seconds (docs/benchmarks.md).

    Months and days are those of UTC, and only the hours present count as theirs, as in the original.
    """
    level = _by_height(temperature, crowd, settings)
    months = crowd.hours.astype("datetime64[us]").astype("datetime64[M]").astype(np.int64)
    m1 = own_position(crowd)[:, None] & ~np.isnan(temperature)
    m2 = m1 & inside_distribution(np.where(m1, level, np.nan), settings)
    m3 = m2 & (_share(m2, months) > settings.least_share)
    kept = np.where(m3, temperature, np.nan)
    m4 = m3 & (follows_median(kept, months) >= settings.least_correlation)
    near = buddies(crowd, settings)
    isolated = near.sum(1) < settings.fewest_buddies
    m5 = m4 & agrees_with_buddies(np.where(m4, level, np.nan), near, settings)
    if settings.keep_isolated:
        m5 |= m4 & isolated[:, None]
    filled = fill_gaps(np.where(m5, temperature, np.nan), settings.gap)
    o1 = ~np.isnan(filled)
    o2 = o1 & (_share(o1, crowd.hours // _DAY_US) > settings.complete)
    o3 = o2 & (_share(o2, months) > settings.complete)
    return CrowdFlags(m1, m2, m3, m4, m5, isolated, o1, o2, o3, filled)


def own_position(crowd: Crowd) -> Bools:
    """Level m1: say of each station whether it has a position, and one that no other station has.

    Those set up at the town hall's coordinates by default are nowhere.
    """
    positions = np.column_stack([crowd.longitude, crowd.latitude])
    _, which, count = np.unique(positions, axis=0, return_inverse=True, return_counts=True)
    alone: Bools = (count[which.ravel()] == 1) & ~np.isnan(positions).any(1)
    return alone


def inside_distribution(level: Floats, settings: CrowdSettings = _PAPER) -> Bools:
    """Level m2: say whether a value's robust z among all stations of its hour lies between the two quantiles."""
    with np.errstate(invalid="ignore", divide="ignore"):
        score = (level - _median(level)) / qn(level)
    counts = np.count_nonzero(~np.isnan(level), axis=0)
    student = counts < _FEWEST if settings.student is None else np.full(len(counts), settings.student)
    low = np.full(len(counts), normal_quantile(settings.low))
    high = np.full(len(counts), normal_quantile(settings.high))
    for count in np.unique(counts[student & (counts > 1)]).tolist():
        where = student & (counts == count)
        low[where], high[where] = (student_quantile(share, count - 1) for share in (settings.low, settings.high))
    return (score > low) & (score < high)


def follows_median(kept: Floats, months: Integers) -> Floats:
    """Level m4: return Pearson's correlation of each station with the median of all, by month (NaN: undefined)."""
    found = np.full(kept.shape, np.nan)
    median = _median(kept)
    for month in np.unique(months):
        inside = months == month
        values = kept[:, inside]
        there = ~np.isnan(values)
        count = np.maximum(there.sum(1, keepdims=True), 1)
        own = np.where(there, values, 0)
        own = np.where(there, values - own.sum(1, keepdims=True) / count, 0)
        common = np.where(there, median[inside], 0)
        common = np.where(there, median[inside] - common.sum(1, keepdims=True) / count, 0)
        with np.errstate(invalid="ignore", divide="ignore"):
            strength = (own * common).sum(1) / np.sqrt((own**2).sum(1) * (common**2).sum(1))
        found[:, inside] = strength[:, None]
    return found


def buddies(crowd: Crowd, settings: CrowdSettings = _PAPER) -> Bools:
    """Return which stations (columns) are buddies of which (rows): near enough, at about the same height."""
    near: Bools = distances(crowd.longitude, crowd.latitude) <= settings.radius
    near &= ~(
        np.abs(crowd.height[:, None] - crowd.height) > settings.height_difference
    )  # an unknown height may be near
    np.fill_diagonal(near, val=False)
    return near


def agrees_with_buddies(level: Floats, near: Bools, settings: CrowdSettings = _PAPER) -> Bools:
    """Level m5: say whether a value lies where its buddies' median and Qn let it be, by Student's t."""
    agrees = np.zeros(level.shape, np.bool_)
    fewest = settings.fewest_buddies
    limit = np.full(len(level) + 1, np.nan)
    limit[fewest:] = [student_quantile(1 - settings.alpha / 2, count - 2) for count in range(fewest, len(level) + 1)]
    for station in np.flatnonzero(near.sum(1) >= fewest):
        theirs = level[near[station]]
        counts = np.count_nonzero(~np.isnan(theirs), axis=0)
        judged = np.flatnonzero((counts >= fewest) & ~np.isnan(level[station]))
        theirs = theirs[:, judged]
        with np.errstate(invalid="ignore", divide="ignore"):
            score = np.abs(level[station, judged] - _median(theirs)) / qn(theirs)
        agrees[station, judged] = score < limit[counts[judged]]
    return agrees


def fill_gaps(values: Floats, longest: int = 1) -> Floats:
    """Level o1: return the values with gaps of up to ``longest`` hours filled along a straight line.

    >>> fill_gaps(np.array([[1.0, np.nan, 3.0, np.nan, np.nan, 6.0]])).tolist()
    [[1.0, 2.0, 3.0, nan, nan, 6.0]]
    """
    filled = values.copy()
    for row in filled:
        there = np.flatnonzero(~np.isnan(row))
        lengths = np.diff(there) - 1
        short = (lengths > 0) & (lengths <= longest)
        gaps = [np.arange(start + 1, end) for start, end in zip(there[:-1][short], there[1:][short], strict=True)]
        if gaps:
            where = np.concatenate(gaps)
            row[where] = np.interp(where, there, row[there])
    return filled


def without_lag(temperature: Floats, interval_s: float, time_constant_s: float = 762.0) -> Floats:
    """Level o4: return what a slow sensor would have shown at once, from its time constant; the first hour is NaN.

    762 s is that of a Netatmo module as Coney et al. (2022) found it, 1480.5 s that of Büchau (2018).

    >>> without_lag(np.array([[20.0, 21.0]]), 3600).round(4).tolist()
    [[nan, 21.009]]
    """
    kept = np.exp(-interval_s / time_constant_s)
    found = np.full(temperature.shape, np.nan)
    found[:, 1:] = (temperature[:, 1:] - temperature[:, :-1] * kept) / (1 - kept)
    return found


def _by_height(temperature: Floats, crowd: Crowd, settings: CrowdSettings) -> Floats:
    """Return the temperatures as they would be at one common height."""
    known = ~np.isnan(crowd.height)
    height = np.where(known, crowd.height - crowd.height[known].mean(), 0) if known.any() else np.zeros(len(known))
    return temperature + settings.lapse * height[:, None]


def _share(passed: Bools, spans: Integers) -> Floats:
    """Return for each value the share of its station's hours of its span that passed."""
    _, first, which, count = np.unique(spans, return_index=True, return_inverse=True, return_counts=True)
    if not len(first):
        return np.zeros(passed.shape)
    sums = np.add.reduceat(passed, first, axis=1, dtype=np.int64)
    return (sums / count)[:, which]


def _median(values: Floats) -> Floats:
    """Return the median of each column, NaN where it has no value."""
    some = ~np.isnan(values).all(axis=0)
    found = np.full(values.shape[1], np.nan)
    found[some] = np.nanmedian(values[:, some], axis=0)
    return found
