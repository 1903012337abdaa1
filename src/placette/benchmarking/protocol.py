"""How the authors score: every window by itself, then their mean.

fev-bench averages per item or target within a window, then over windows; GIFT-Eval over all windows and series, and
divides the sum of all quantile losses by the sum of all values.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast import scores
from placette.analyse.forecast.terms import LEVELS, Floats, Forecaster, Panel
from placette.benchmarking.tasks import Task


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """The scores of one forecaster on one task, as its benchmark averages them."""

    sql: float
    mase: float
    wape: float
    wql: float
    coverage80: float


def forecasts(task: Task, panel: Panel, forecaster: Forecaster) -> list[Floats]:
    """Return the quantiles of each window (horizon × series × levels), made from what was known at its origin."""
    levels = np.array(LEVELS)
    return [forecaster(panel.until(cut, task.horizon), task.horizon, levels) for cut in task.cuts(len(panel.values))]


def score(task: Task, panel: Panel, made: list[Floats]) -> Row:
    """Return the scores of forecasts, one array per window, by the protocol of the task's benchmark."""
    windows = [
        _window(task, panel.values[:cut], panel.values[cut : cut + task.horizon], quantiles)
        for cut, quantiles in zip(task.cuts(len(panel.values)), made, strict=True)
    ]
    sql, mase, wape, wql, covered, loss, size = np.mean(windows, axis=0)
    if task.bench == "gift":
        wql = loss / size
    return Row(sql=float(sql), mase=float(mase), wape=float(wape), wql=float(wql), coverage80=float(covered))


def _window(task: Task, past: Floats, actual: Floats, quantiles: Floats) -> list[float]:
    levels = np.array(LEVELS)
    median = quantiles[..., LEVELS.index(0.5)]
    scale = scores.seasonal_error(past, task.season)
    groups = [[column] for column in range(actual.shape[1])] if task.targets else [list(range(actual.shape[1]))]
    parts = [(actual[:, group], median[:, group], quantiles[:, group], scale[group]) for group in groups]
    means = [
        np.mean([np.nanmean(scores.sql(y, q, levels, s)) for y, _, q, s in parts]),
        np.mean([np.nanmean(scores.mase(y, m, s)) for y, m, _, s in parts]),
        np.mean([scores.wape(y, m, floor=1.0) for y, m, _, _ in parts]),
        np.mean([scores.wql(y, q, levels, floor=1.0) for y, _, q, _ in parts]),
        scores.coverage(actual, quantiles[..., 0], quantiles[..., -1]),
        np.nanmean(2 * scores.pinball(actual, quantiles, levels).mean(axis=-1)),
        np.nanmean(np.abs(actual)),
    ]
    return [float(value) for value in means]
