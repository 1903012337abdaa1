"""The ladder for new sensors: seasonal naive, then the weighted quantiles of the same hours of the past weeks.

A forecaster that cannot beat these is not shown. They need no fit: a series of a day forecasts tomorrow.
"""

from __future__ import annotations

from statistics import NormalDist
from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast.terms import Floats, Ints, Panel, filled


def seasonal_naive(panel: Panel, horizon: int, levels: Floats, season: int = 0, context: int = 0) -> Floats:
    """Repeat the last season; the spread is that of its errors, growing with each season ahead.

    Quantiles are normal with σ_h = σ·√(⌊h/season⌋ + 1), as statsforecast has it (Hyndman & Athanasopoulos, §5.5).
    Gaps are filled forward, at least one season must be there. ``season`` in steps, that of the panel when 0;
    ``context`` keeps the newest steps alone, as benchmarks of classical methods do.

    >>> panel = Panel(values=np.array([[1.0], [3.0]] * 4), start_s=0, step_s=43_200, known=np.empty((0, 0)))
    >>> seasonal_naive(panel, 3, np.array([0.5])).ravel().tolist()
    [1.0, 3.0, 1.0]
    """
    season, past = season or panel.season, filled(panel.values)[-context:]
    point = np.tile(past[-season:], (-(-horizon // season), 1))[:horizon]
    error = past[season:] - past[:-season]
    sigma = np.sqrt((error**2).mean(axis=0))
    grown = np.sqrt(np.arange(horizon) // season + 1.0)
    z = np.array([NormalDist().inv_cdf(float(level)) for level in levels])
    return np.asarray(point[..., None] + grown[:, None, None] * sigma[None, :, None] * z)


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """Same hours of past weeks: how fast weeks fade, and how the recent level moves the whole."""

    half_life_weeks: Annotated[float, msgspec.Meta(ge=0.5, le=52)] = 4.0
    weeks: Annotated[int, msgspec.Meta(ge=2, le=104)] = 16
    other_days: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.1
    """Weight of the same hour on other days of the week: a few days of history already have a spread."""


def profile(panel: Panel, horizon: int, levels: Floats, settings: Profile | None = None) -> Floats:
    """Return the weighted quantiles of the same hour in past weeks, recent weeks and the same weekday first.

    A series without any value forecasts NaN.
    """
    chosen = settings or Profile()
    length, count = panel.values.shape
    steps = length + np.arange(min(horizon, panel.week))
    rows, weights = _same_hours(steps, length, panel, chosen)
    out = np.empty((len(steps), count, len(levels)))
    for series in range(count):
        values = np.where(weights > 0, panel.values[np.maximum(rows, 0), series], np.nan)
        out[:, series] = weighted_quantiles(values, weights, levels)
    return out[np.arange(horizon) % panel.week]


def _same_hours(steps: Ints, length: int, panel: Panel, chosen: Profile) -> tuple[Ints, Floats]:
    """Return the rows of the same hour before each step, oldest first, and their weights (steps × rows); 0 if none."""
    newest = steps - ((steps - length) // panel.day + 1) * panel.day
    rows = newest[:, None] - panel.day * np.arange((chosen.weeks + 1) * 7)[::-1]
    back = steps[:, None] - rows
    weights = 0.5 ** (back / panel.week / chosen.half_life_weeks) * np.where(back % panel.week, chosen.other_days, 1.0)
    return rows, np.where((rows >= 0) & (back <= (chosen.weeks + 1) * panel.week), weights, 0.0)


def weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Return quantiles of weighted values of each row, linear between the middles of their weights (rows × levels).

    NaN where a row has no value.

    >>> weighted_quantiles(np.array([[1.0, 2.0, 3.0, np.nan]]), np.ones((1, 4)), np.array([0.5])).tolist()
    [[2.0]]
    """
    there = ~np.isnan(values)
    order = np.argsort(values, axis=1, kind="stable")  # what is missing comes last
    ordered, w = (np.take_along_axis(each, order, axis=1) for each in (values, np.where(there, weights, 0.0)))
    total, last = w.sum(axis=1, keepdims=True), np.maximum(there.sum(axis=1) - 1, 0)[:, None]
    middle = (np.cumsum(w, axis=1) - w / 2) / np.where(total > 0, total, 1.0)
    middle = np.where(np.arange(middle.shape[1]) <= last, middle, np.inf)
    after = (middle[:, :, None] < levels).sum(axis=1)
    low, high = np.clip(after - 1, 0, last), np.clip(after, 0, last)
    (m0, m1), (v0, v1) = ([np.take_along_axis(each, at, axis=1) for at in (low, high)] for each in (middle, ordered))
    with np.errstate(invalid="ignore"):
        share = np.where(high > low, (levels - m0) / np.where(high > low, m1 - m0, 1.0), 0.0)
    return np.asarray(v0 + share * (v1 - v0))
