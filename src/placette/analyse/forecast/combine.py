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
    """How sharply a better record is preferred, and how slowly equal weights are left."""

    power: Annotated[float, msgspec.Meta(ge=0, le=50)] = 12.0
    """Weights go as the loss to the minus ``power``: 0 always equal, large the best alone."""
    trust: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 1.0
    """Forecasts a record must hold until it counts as much as equal weights."""


def loss(actual: Floats, quantiles: Floats, levels: Floats, scale: Floats) -> float:
    """Return the mean scaled quantile loss of a forecast (steps × series × levels); NaN where nothing came."""
    each = scores.sql(actual, quantiles, levels, scale)
    return float(np.nanmean(each)) if not np.isnan(each).all() else float("nan")


def weights(record: Floats, settings: Weighing) -> Floats:
    """Return a weight per member from its losses (forecasts × members); equal where there is no record.

    >>> weights(np.empty((0, 2)), Weighing()).tolist()
    [0.5, 0.5]
    >>> weights(np.array([[1.0, 2.0]] * 200), Weighing(power=1)).round(2).tolist()
    [0.67, 0.33]
    """
    kept = record[~np.isnan(record).any(axis=1)]
    equal = np.full(record.shape[1], 1 / record.shape[1])
    if not len(kept):
        return equal
    mean = np.maximum(kept.mean(axis=0), 1e-9)
    earned = (mean / mean.min()) ** -settings.power
    share = len(kept) / (len(kept) + settings.trust)
    return np.asarray(share * earned / earned.sum() + (1 - share) * equal)


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
