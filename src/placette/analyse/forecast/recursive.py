"""Days by recursion: tomorrow from the days before it, then the day after from that, along many simulated paths.

An autoregression of all series of a panel at once, on logarithms without their weekday and in their own spread: the
newest days, means of longer stretches, the same day of last year once there is enough of it, covariates of the day and
of the day before. Ridge regression shrinks the coefficients of the panel towards none, those of a series towards the
panel's. Each path adds errors of days past, drawn for all series together, so that the spread grows by itself with the
days ahead (bootstrapped residuals: Hyndman & Athanasopoulos, Forecasting: Principles and Practice, §§ 5.5, 9.8, 12.4).
Trees answer each lead directly and cannot drift back to the usual by themselves; this part does.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast import features, naive
from placette.analyse.forecast.terms import DAY_S, Floats, Ints, Panel

LEAST_DAYS = 28
"""Below so many days the profile answers instead."""
YEAR_DAYS = 364
FURTHEST = 4.0
"""Covariates further from their mean than this many spreads are taken for this far."""


class Recursive(msgspec.Struct, frozen=True, kw_only=True):
    """What a day is explained by, how far it is shrunk, and how many paths are drawn."""

    lags: Annotated[int, msgspec.Meta(ge=1, le=28)] = 14
    stretches: tuple[int, ...] = (28, 56)
    """Days before, the mean of which is told: what the path falls back to."""
    half_life_weeks: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 26.0
    season_weeks: Annotated[int, msgspec.Meta(ge=2, le=520)] = 52
    year_after: Annotated[int, msgspec.Meta(ge=YEAR_DAYS)] = YEAR_DAYS + 182
    """Days of past from which on the same day of last year is told."""
    ridge: Annotated[float, msgspec.Meta(ge=0.001)] = 100.0
    own_ridge: Annotated[float, msgspec.Meta(ge=0.001)] = 1_000.0
    paths: Annotated[int, msgspec.Meta(ge=20, le=10_000)] = 300
    seed: int = 1


class _Calm(msgspec.Struct, frozen=True, kw_only=True):
    """A panel without its weekdays, about 0, in its own spread; 0 where missing, and before the first day."""

    x: Floats
    weight: Floats
    usual: Floats
    """What was taken off, of the days ahead (horizon × series)."""
    spread: Floats


def recursive(panel: Panel, horizon: int, levels: Floats, settings: Recursive | None = None) -> Floats:
    """Return quantiles of the days ahead (horizon × series × levels); NaN for a series without any value."""
    chosen = settings or Recursive()
    length = len(panel.values)
    if length < LEAST_DAYS:
        return naive.profile(panel, horizon, levels)
    data = features.scaled(panel)
    calm = _calm(data.z, panel, horizon, chosen)
    told = _told(panel, calm.x, horizon, chosen)
    rows = np.arange(min(_before(chosen), length // 2), length)
    given = np.stack([_given(calm.x[: t + _before(chosen)], told[:, t], chosen) for t in rows], axis=2)
    actual, weight = calm.x[_before(chosen) :][rows], calm.weight[rows]
    slopes = _slopes(given, actual, weight, chosen)
    error = np.where(weight > 0, actual - np.einsum("fct,fc->tc", given, slopes), 0.0)
    paths = _walked(calm.x, slopes, error[-YEAR_DAYS:], told[:, length:], chosen)
    quantiles = np.moveaxis(np.quantile(paths, levels, axis=2), 0, 2)
    z = quantiles * calm.spread[:, None] + calm.usual[..., None]
    made = data.back(z, data.columns[:, None])
    made[:, (calm.weight == 0).all(axis=0)] = np.nan
    return made


def _before(chosen: Recursive) -> int:
    return max(chosen.lags, *chosen.stretches)


def _calm(z: Floats, panel: Panel, horizon: int, chosen: Recursive) -> _Calm:
    length = len(z)
    weekday = (panel.clock(np.arange(length + horizon)) // DAY_S + 3) % 7
    season = _season(z, weekday[:length], chosen)[weekday]
    y = z - season[:length]
    there = ~np.isnan(y)
    weight = there * 0.5 ** (np.arange(length, 0, -1) / (7 * chosen.half_life_weeks))[:, None]
    total = np.maximum(weight.sum(axis=0), 1e-9)
    mean = (np.where(there, y, 0.0) * weight).sum(axis=0) / total
    about = np.where(there, y - mean, 0.0)
    spread = np.sqrt((about**2 * weight).sum(axis=0) / total)
    spread = np.where(spread > 1e-9, spread, 1.0)
    x = np.concatenate([np.zeros((_before(chosen), z.shape[1])), about / spread])
    return _Calm(x=x, weight=weight, usual=season[length:] + mean, spread=spread)


def _season(z: Floats, weekday: Ints, chosen: Recursive) -> Floats:
    """Return by how much each weekday (7 × series) departs from the week around it, few weeks shrunk towards none."""
    edge = np.full((3, z.shape[1]), np.nan)
    around = np.lib.stride_tricks.sliding_window_view(np.concatenate([edge, z, edge]), 7, axis=0)
    seen = (~np.isnan(around)).sum(axis=2)
    apart = (z - np.nansum(around, axis=2) / np.maximum(seen, 1))[-7 * chosen.season_weeks :]
    days = weekday[-7 * chosen.season_weeks :]
    sums = np.stack([np.nansum(apart[days == day], axis=0) for day in range(7)])
    counts = np.stack([(~np.isnan(apart[days == day])).sum(axis=0) for day in range(7)])
    season = sums / (counts + 3)
    return np.asarray(season - season.mean(axis=0))


def _told(panel: Panel, x: Floats, horizon: int, chosen: Recursive) -> Floats:
    """Return what is known of each day beforehand (covariates × days and those ahead × series)."""
    length, count = panel.values.shape
    rows = []
    for column in panel.known[: length + horizon].T:
        there = ~np.isnan(column[:length])
        past = column[:length][there]
        spread = past.std() if len(past) and past.std() > 0 else 1.0
        even = (column - (past.mean() if len(past) else 0.0)) / spread
        even = np.clip(np.where(np.isnan(even), 0.0, even), -FURTHEST, FURTHEST)
        rows += [even, np.append(even[:1], even[:-1])]
    told = np.repeat(np.array(rows).reshape(len(rows), length + horizon, 1), count, axis=2)
    if length < chosen.year_after:
        return told
    back = x[np.maximum(np.arange(length + horizon) - YEAR_DAYS, -1) + _before(chosen)]
    return np.concatenate([told, back[None]])


def _given(x: Floats, told: Floats, chosen: Recursive) -> Floats:
    """Return what explains the day after ``x`` (features × series, or × series × paths)."""
    newest = [x[-1 - lag] for lag in range(chosen.lags)]
    stretches = [x[-days:].mean(axis=0) for days in chosen.stretches]
    known = [np.broadcast_to(each.reshape(-1, *([1] * (x.ndim - 2))), x.shape[1:]) for each in told]
    return np.stack([*newest, *stretches, *known])


def _slopes(given: Floats, actual: Floats, weight: Floats, chosen: Recursive) -> Floats:
    """Return the coefficients of each series (features × series): the panel's, and its own departure from them."""
    weight = weight / max(float(weight.max()), 1e-9)
    square = np.einsum("fct,gct,tc->cfg", given, given, weight, optimize=True)
    eye = np.eye(len(given))
    together = np.linalg.solve(
        square.sum(axis=0) + chosen.ridge * eye, np.einsum("fct,tc,tc->f", given, actual, weight, optimize=True)
    )
    left = actual - np.einsum("fct,f->tc", given, together)
    right = np.einsum("fct,tc,tc->cf", given, left, weight, optimize=True)
    return np.asarray(together[:, None] + np.linalg.solve(square + chosen.own_ridge * eye, right[..., None])[..., 0].T)


def _walked(x: Floats, slopes: Floats, error: Floats, told: Floats, chosen: Recursive) -> Floats:
    """Return simulated paths (horizon × series × paths), each day with the errors of one day of the past."""
    chance, before, horizon = np.random.default_rng(chosen.seed), _before(chosen), told.shape[1]
    paths = np.zeros((before + horizon, x.shape[1], chosen.paths))
    paths[:before] = x[-before:, :, None]
    for ahead in range(horizon):
        given = _given(paths[: before + ahead], told[:, ahead], chosen)
        drawn = error[chance.integers(0, len(error), chosen.paths)].T
        paths[before + ahead] = np.einsum("fcp,fc->cp", given, slopes) + drawn
    return paths[before:]
