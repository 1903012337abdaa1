"""What each hour should have been: similar days, the level of late, the weather, and what the hours before leave.

Everything about an hour is learnt from the hours before it alone. The middle is the median of the same hour on the last
days of the same kind; a ridge regression over the last half year, fitted anew each week, says how far the level of the
last days, the days of all kinds and the weather move it (*slow*), and how far residuals of the last hours do (*fast*).
The scale is the median absolute residual of the same hours of the last six weeks.
"""

from __future__ import annotations

import warnings

import msgspec
import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from placette.analyse.anomaly.terms import DAY, Bools, Floats, Ints, Settings, Watched, by_day, trailing_mean

WEEK = 7 * DAY
_FEWEST_SIMILAR = 3
_LEARNT_WEEKS = 26
_RIDGE = 30.0
"""Weight of the belief that nothing moves the middle, in hours of experience."""
_CLIP = 4.0
"""Residuals count at most so many scales when something is learnt from them: an anomaly must not teach."""
_SCALE_DAYS = 42
_NORMAL = 1.4826
_FLOOR = 0.35
"""No hour's scale is smaller than this share of the series' own: nights of equal counts have none."""


class Expected(msgspec.Struct, frozen=True, kw_only=True):
    """Hours × series on the learnt scale (``shape`` tells how to go back): middle and residuals.

    ``slow`` is what a day's delay and weather leave, ``fast`` what the hours before leave as well; ``raw`` is against
    the similar days alone. ``slow_scale`` and ``fast_scale`` are standard deviations of good hours.
    """

    transformed: Floats
    middle: Floats
    raw: Floats
    slow: Floats
    fast: Floats
    raw_scale: Floats
    slow_scale: Floats
    fast_scale: Floats
    offsets: Floats

    def back(self, values: Floats, series: int) -> Floats:
        """Return values of the learnt scale in the unit of a series."""
        offset = self.offsets[series]
        return np.asarray(values if np.isnan(offset) else np.exp(values) - offset)


def expected(watched: Watched, settings: Settings) -> Expected:
    """Return what every hour should have been."""
    offsets = _offsets(watched)
    z = _transformed(watched.values, offsets)
    classes = watched.day_classes()
    recent = _similar(z, np.where(classes >= 5, classes, 0), settings.similar_days)
    alike = _similar(z, classes, settings.similar_days)
    profile = np.where(np.isnan(alike), recent, alike)  # in its first weeks a Tuesday is compared with all working days
    raw = z - profile
    rough = np.maximum(_scale(raw), 1e-9)
    known = _clipped(raw, rough)
    features = [
        recent - profile,
        trailing_mean(known, DAY, 8 * DAY - 1, 0.3),
        trailing_mean(known, DAY, 3 * DAY - 1, 0.3),
        _lag(known, WEEK),
        *_weather(watched, classes, settings),
    ]
    moved = _regressed(known, features)
    slow = raw - moved
    slow_scale = _scale(slow)
    left = _clipped(slow, slow_scale)
    hours = [_lag(left, 1), _lag(left, 2), trailing_mean(left, 3, 6), _lag(left, DAY), trailing_mean(left, 1, DAY)]
    fast = slow - _regressed(left, hours)
    return Expected(
        transformed=z,
        middle=profile + moved,
        raw=raw,
        slow=slow,
        fast=fast,
        raw_scale=rough,
        slow_scale=slow_scale,
        fast_scale=_scale(fast),
        offsets=offsets,
    )


def _offsets(watched: Watched) -> Floats:
    """Return what is added before the logarithm, NaN for series that vary evenly and need none.

    Counts and concentrations vary in proportion: those are told by never being far below zero and by a long upper tail.
    """
    found = np.full(watched.values.shape[1], np.nan)
    for place, column in enumerate(watched.values.T):
        known = column[~np.isnan(column)]
        if len(known) < DAY:
            continue
        low, middle, high, top = np.quantile(known, (0.01, 0.5, 0.9, 0.99))
        if (
            top > 0
            and low > -0.1 * top
            and (watched.counted[place] or (top - middle > 2.0 * (middle - low) and low < high / 3))
        ):
            found[place] = max(0.15 * float(known.mean()), 1.0 if watched.counted[place] else 1e-6)
    return found


def _transformed(values: Floats, offsets: Floats) -> Floats:
    """Return the values on the learnt scale; what cannot be (a negative count) is as if it were missing."""
    with np.errstate(invalid="ignore", divide="ignore"):
        logs = np.log(np.where(values + 0.5 * offsets > 0, values + offsets, np.nan))
    return np.where(np.isnan(offsets), values, logs)


def _similar(z: Floats, classes: Ints, count: int) -> Floats:
    """Return for each hour the median of the same hour on the last ``count`` days of its day's class."""
    days = by_day(z)
    found = np.full(days.shape, np.nan)
    for kind in np.unique(classes):
        mine = np.flatnonzero(classes == kind)
        if len(mine) <= _FEWEST_SIMILAR:
            continue
        column = np.concatenate([np.full((count, *days.shape[1:]), np.nan), days[mine]])
        windows = sliding_window_view(column, count, axis=0)[: len(mine)]
        found[mine] = _median(windows)
    return found.reshape(-1, z.shape[1])[: len(z)]


def _median(windows: Floats) -> Floats:
    """Return the median over the last axis where three values are known."""
    ordered = np.sort(windows, axis=-1)  # NaN goes last
    number = np.count_nonzero(~np.isnan(windows), axis=-1)
    low, high = np.maximum(number - 1, 0) // 2, number // 2
    high = np.minimum(high, ordered.shape[-1] - 1)
    take = np.take_along_axis
    middle = (take(ordered, low[..., None], -1) + take(ordered, high[..., None], -1))[..., 0] / 2
    return np.asarray(np.where(number >= _FEWEST_SIMILAR, middle, np.nan))


def _scale(residuals: Floats) -> Floats:
    """Return the scale of each hour from the same hour (and those beside it) of the six weeks before; walks weekly."""
    size = np.abs(residuals)
    days = by_day(size)
    beside = np.stack([np.roll(days, 1, axis=1), days, np.roll(days, -1, axis=1)], axis=-1)
    found = np.full(days.shape, np.nan)
    for first in range(0, len(days), 7):
        before = beside[max(0, first - _SCALE_DAYS) : first]
        if len(before) < 7:
            continue
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", RuntimeWarning)  # hours without any value have no scale
            hours = np.nanmedian(np.moveaxis(before, 3, 0).reshape(-1, *days.shape[1:]), axis=0)
            whole = np.nanmedian(before, axis=(0, 1, 3))
        found[first : first + 7] = _NORMAL * np.maximum(hours, _FLOOR * whole)
    return np.where(found > 0, found, np.nan).reshape(-1, residuals.shape[1])[: len(residuals)]


def _clipped(residuals: Floats, scale: Floats) -> Floats:
    return np.clip(residuals, -_CLIP * scale, _CLIP * scale)


def _lag(values: Floats, hours: int) -> Floats:
    found = np.full(values.shape, np.nan)
    found[hours:] = values[:-hours]
    return found


def _weather(watched: Watched, classes: Ints, settings: Settings) -> list[Floats]:
    """Return each covariate against its own similar days, on the scale of its own residuals."""
    known = watched.weather[:, ~np.isnan(watched.weather).all(axis=0)] if watched.weather.size else watched.weather
    if not known.size:
        return []
    away = known - _similar(known, classes, settings.similar_days)
    if np.isnan(away).all(axis=0).any():
        return []
    scale = np.nanstd(away, axis=0)
    away = np.clip(away / np.where(scale > 0, scale, 1.0), -_CLIP, _CLIP)
    asked = 1.0 - np.array(watched.is_weather or (False,) * watched.values.shape[1], np.float64)
    return [column[:, None] * asked for column in away.T]


def _regressed(target: Floats, features: list[Floats]) -> Floats:
    """Return what a ridge regression of the half year before each week foretells; unknown features count as zero."""
    table = np.nan_to_num(np.stack(features, axis=-1))  # hours × series × features
    known = ~np.isnan(target)
    weeks = -(-len(target) // WEEK)
    room = ((0, weeks * WEEK - len(target)), (0, 0), (0, 0))
    x = np.pad(table * known[..., None], room).reshape(weeks, WEEK, *table.shape[1:])
    y = np.pad(np.nan_to_num(target)[..., None], room).reshape(weeks, WEEK, target.shape[1])
    gram = np.einsum("whsf,whsg->wsfg", x, x, optimize=True)
    cross = np.einsum("whsf,whs->wsf", x, y, optimize=True)
    learnt = _before(gram), _before(cross)
    size = np.einsum("wsff->wsf", learnt[0])
    ridge = np.maximum(_RIDGE * size / np.maximum(_hours_before(known, weeks), 1.0)[..., None], 1e-12)
    weights = np.linalg.solve(learnt[0] + ridge[..., None] * np.eye(table.shape[-1]), learnt[1][..., None])[..., 0]
    return np.asarray(np.einsum("hsf,hsf->hs", table, np.repeat(weights, WEEK, axis=0)[: len(target)]))


def _before(weekly: Floats) -> Floats:
    """Return for each week the sum over the half year of weeks before it."""
    total = np.concatenate([np.zeros((1, *weekly.shape[1:])), np.cumsum(weekly, axis=0)])[:-1]
    late = np.maximum(np.arange(len(weekly)) - _LEARNT_WEEKS, 0)
    return np.asarray(total - total[late])


def _hours_before(known: Bools, weeks: int) -> Floats:
    room = ((0, weeks * WEEK - len(known)), (0, 0))
    return _before(np.pad(known.astype(np.float64), room).reshape(weeks, WEEK, -1).sum(axis=1))
