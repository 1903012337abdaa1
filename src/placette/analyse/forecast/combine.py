"""Several forecasts become one: level by level (Vincentisation), weighted by their pinball loss on what came.

Averaging quantiles keeps a forecast sharp where averaging probabilities would widen it (Lichtendahl et al. 2013).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast import scores
from placette.analyse.forecast.terms import Floats


class Weighing(msgspec.Struct, frozen=True, kw_only=True):
    """How sharply a better record is preferred."""

    sharpness: Annotated[float, msgspec.Meta(ge=0, le=50)] = 0.7
    """Weights fall by e for each 1 / ``sharpness`` standard errors behind the best: 0 always equal."""
    spread: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.2
    """How far parts are thought apart from one forecast to the next, as a share of the loss, as if seen once before."""
    floor: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.01
    """Added to each standard error: however long a record, the future differs by as much."""


def loss(actual: Floats, quantiles: Floats, levels: Floats, scale: Floats) -> float:
    """Return the mean scaled quantile loss of a forecast (steps × series × levels); NaN where nothing came."""
    each = scores.sql(actual, quantiles, levels, scale)
    return float(np.nanmean(each)) if not np.isnan(each).all() else float("nan")


def weights(record: Floats, settings: Weighing) -> Floats:
    """Return a weight per member from its losses (forecasts × members); equal where there is no record.

    A part that is behind the best by little of what it varies from forecast to forecast weighs nearly as much; one that
    is behind each time weighs nearly nothing.

    >>> weights(np.empty((0, 2)), Weighing()).tolist()
    [0.5, 0.5]
    >>> weights(np.array([[1.0, 1.3], [1.3, 1.0], [1.0, 1.1], [1.1, 1.2]]), Weighing()).round(2).tolist()
    [0.57, 0.43]
    """
    kept = record[~np.isnan(record).any(axis=1)]
    if not len(kept):
        return np.full(record.shape[1], 1 / record.shape[1])
    even = kept / np.maximum(kept.mean(axis=1, keepdims=True), 1e-9)
    behind = even - even[:, [even.mean(axis=0).argmin()]]
    varies = behind.var(axis=0) + settings.spread**2 / len(kept)
    error = np.sqrt(varies / len(kept)) + settings.floor
    earned = np.exp(-settings.sharpness * behind.mean(axis=0) / error)
    return np.asarray(earned / earned.sum())


def combined(members: list[Floats], weight: Floats) -> Floats:
    """Return the weighted mean of quantiles, level by level; a member that is NaN somewhere counts nothing there.

    >>> combined([np.array([1.0, np.nan]), np.array([3.0, 4.0])], np.array([0.5, 0.5])).tolist()
    [2.0, 4.0]
    """
    stacked = np.stack(members)
    there = ~np.isnan(stacked)
    part = weight.reshape(-1, *([1] * (stacked.ndim - 1))) * there
    total = part.sum(axis=0)
    return np.asarray(
        np.where(total > 0, np.where(there, stacked, 0.0) * part, np.nan).sum(axis=0) / np.where(total > 0, total, 1)
    )
