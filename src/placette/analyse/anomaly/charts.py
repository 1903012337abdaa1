"""Fifteen charts of one series, each with its own idea of what is strange: one score per hour, the larger the stranger.

A chart looks back over a window that ends at its hour. How strange a score is, its own past says (``tail``).
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly.expected import Expected, expected
from placette.analyse.anomaly.neighbours import Followed, followed
from placette.analyse.anomaly.terms import DAY, Bools, Floats, Ints, Settings, Watched, by_day, trailing_mean

WINDOWS = {
    "jump": 1,
    "surge": 1,
    "peak": 1,
    "level": 1,
    "apart": 1,
    "amount": 4,
    "hours": 6,
    "bulk": 24,
    "day": 24,
    "alone": 24,
    "week": 168,
    "noisy": 24,
    "quiet": 24,
    "clock": 48,
    "still": 6,
}
"""The charts and how many hours each looks back over; in this order everywhere."""
CHARTS = tuple(WINDOWS)
SHIFTS = (-2, -1, 1, 2)
"""Hours by which a clock is tried: those that summer time and UTC bring."""
_CLIP = 8.0
_LEAST_RUN = 4
_OFTEN_ZERO = 0.05


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """``values`` (charts × hours × series, NaN where nothing can be said); ``signs`` say up (1) or down (-1).

    ``residuals`` are what similar days, level and weather leave, ``steps`` what the hours before leave as well, in
    scales.
    ``shift`` is the clock that would fit best at each hour, h. ``runs`` counts the hours of one and the same value.
    """

    expected: Expected
    followed: Followed
    residuals: Floats
    steps: Floats
    values: Floats
    signs: Floats
    shift: Ints
    runs: Ints


def scores(watched: Watched, settings: Settings) -> Scores:
    """Return the scores of every hour by every chart, each from the hours before and the hour itself."""
    model = expected(watched, settings)
    slow = _standard(model.slow, model.slow_scale)
    fast = _standard(model.fast, model.fast_scale)
    raw = _standard(model.raw, model.raw_scale)
    others = followed(slow, watched, settings)
    level = followed(raw, watched, settings)
    runs, still = _still(watched.values, watched.counted)
    clock, shift = _clock(model)
    rough = np.log(trailing_mean(np.abs(fast), 0, DAY - 1, 0.75) + 0.02)
    amounts = _units(watched.values, model, model.middle)
    means = {
        "jump": _levelled(fast, 12),
        "surge": _levelled(_units(watched.values, model, model.transformed - model.fast), 1),
        "peak": _levelled(_height(watched.values), 1),
        "level": _levelled(_height(model.transformed), 4),
        "apart": _levelled(followed(fast, watched, settings).alone, 12),
        "amount": _levelled(trailing_mean(amounts, 0, 3, 0.6), 1),
        "bulk": _levelled(trailing_mean(amounts, 0, DAY - 1, 0.6), 1),
        "hours": _levelled(_mean(slow, 6), 12),
        "day": _levelled(_mean(slow, 24), 1),
        "alone": _levelled(_mean(others.alone, 24), 1),
        "week": _levelled(_mean(level.alone, 168), 1),
    }
    found = {name: np.abs(value) for name, value in means.items()}
    found |= {"noisy": rough, "quiet": -rough, "clock": clock, "still": still}
    nothing = np.zeros(slow.shape)
    return Scores(
        expected=model,
        followed=others,
        residuals=slow,
        steps=fast,
        values=np.stack([found[name] for name in CHARTS]),
        signs=np.stack([np.sign(means.get(name, nothing)) for name in CHARTS]),
        shift=shift,
        runs=runs,
    )


def _standard(residuals: Floats, scale: Floats) -> Floats:
    return np.asarray(residuals / scale)


def _mean(values: Floats, hours: int) -> Floats:
    return trailing_mean(np.clip(values, -_CLIP, _CLIP), 0, hours - 1, 0.6)


def _units(values: Floats, model: Expected, middle: Floats) -> Floats:
    """Return deviations in the unit of the series, by its mean deviation: what is much at noon is what counts here."""
    back = np.stack([model.back(column, place) for place, column in enumerate(middle.T)], axis=1)
    away = values - back
    size = trailing_mean(np.abs(away), DAY, 57 * DAY, 0.2)
    return np.asarray(np.clip(away / np.maximum(size, 1e-9), -60, 60))


def _height(values: Floats) -> Floats:
    """Return how high values stand among all those of the eight weeks before, whatever the hour, in deviations."""
    middle = trailing_mean(values, DAY, 57 * DAY, 0.2)
    spread = trailing_mean(values**2, DAY, 57 * DAY, 0.2) - middle**2
    return np.asarray(np.clip((values - middle) / np.sqrt(np.maximum(spread, 1e-12)), -60, 60))


def _levelled(values: Floats, groups: int) -> Floats:
    """Return values by their own reach: the percentile beyond which one in a hundred lay, up and down, by time of day.

    Nights of few people scatter more wildly than afternoons, and crowds gather faster than they vanish; without this
    the wildest hours alone would decide what is rare. ``groups`` parts of the day are told apart; the reach is that of
    the year before, found anew every two weeks.
    """
    days = by_day(values)
    parts = days.reshape(len(days), groups, DAY // groups, -1)
    reach = np.full((2, *parts.shape[:2], 1, parts.shape[3]), np.nan)
    for first in range(14, len(days), 14):
        past = np.sort(
            np.moveaxis(parts[max(0, first - 365) : first], 1, 0).reshape(groups, -1, parts.shape[3]), axis=1
        )
        number = np.count_nonzero(~np.isnan(past), axis=1)
        low, high = (np.floor(share * np.maximum(number - 1, 0)).astype(np.int64) for share in (0.01, 0.99))
        ends = [np.take_along_axis(past, at[:, None], 1)[:, 0] for at in (high, low)]
        reach[0, first : first + 14, :, 0] = np.maximum(ends[0], 0.2)
        reach[1, first : first + 14, :, 0] = np.maximum(-ends[1], 0.2)
    found = np.where(parts > 0, parts / reach[0], parts / reach[1])
    return np.asarray(found.reshape(-1, values.shape[1])[: len(values)])


def _clock(model: Expected) -> tuple[Floats, Ints]:
    """Return how much better the last two days fit a clock that goes wrong, and by how many hours."""
    scale = model.slow_scale

    def misfit(shift: int) -> Floats:
        middle = np.full(model.middle.shape, np.nan)
        if shift > 0:
            middle[:-shift] = model.middle[shift:]
        else:
            middle[-shift:] = model.middle[: len(middle) + shift]
        return np.asarray(np.minimum(((model.transformed - middle) / scale) ** 2, 16.0))

    straight = misfit(0)
    gains = np.stack([trailing_mean(straight - misfit(shift), 0, 47, 0.7) for shift in SHIFTS])
    best = np.argmax(np.nan_to_num(gains, nan=-np.inf), axis=0)
    return np.take_along_axis(gains, best[None], 0)[0], np.array(SHIFTS)[best]


def _still(values: Floats, counted: tuple[bool, ...]) -> tuple[Ints, Floats]:
    """Return how long each value has stood, h, and how unlikely it is (-log10) by how often values repeat.

    Nothing passes for hours before every counter at night, a valve is closed all winter: zeros of counts, and of series
    that are often zero, are left to the other charts.
    """
    same = np.zeros(values.shape, np.bool_)
    same[1:] = values[1:] == values[:-1]
    zeros = values == 0
    often = zeros.sum(axis=0) > _OFTEN_ZERO * np.count_nonzero(~np.isnan(values), axis=0)
    spared = (np.array(counted) | often) & zeros
    same &= ~spared
    runs = _run_lengths(same)
    chances = (np.cumsum(same & (runs <= 2), axis=0) + 0.5) / (np.cumsum(~np.isnan(values) & ~spared, axis=0) + 10.0)
    surprise = np.where(runs + 1 >= _LEAST_RUN, runs * -np.log10(np.minimum(chances, 0.99)), 0.0)
    return runs, np.where(np.isnan(values), np.nan, surprise)


def _run_lengths(same: Bools) -> Ints:
    """Return how many true values end at each place of each column.

    >>> _run_lengths(np.array([[False], [True], [True], [False], [True]]))[:, 0].tolist()
    [0, 1, 2, 0, 1]
    """
    number = np.arange(len(same))[:, None]
    last = np.maximum.accumulate(np.where(same, -1, number), axis=0)
    return np.asarray(np.where(same, number - last, 0), np.int64)
