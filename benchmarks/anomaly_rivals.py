"""What one would use instead: a score per hour of each, the larger the stranger, and the customary threshold."""

from __future__ import annotations

import warnings
from collections.abc import Callable

import numpy as np

from placette.analyse.anomaly.terms import Floats, trailing_mean

WEEK = 168
WEEKS = 8
FOREST_SEED = 1


def z_score(values: Floats, test_from: int) -> Floats:
    """Return |x - mean| / sd of the same hour of the last eight weeks."""
    mean, sd = _moments(values)
    return np.asarray(np.abs(values - mean) / np.maximum(sd, 1e-9))


def hampel(values: Floats, test_from: int) -> Floats:
    """Return |x - median| / (1.4826 MAD) of the same hour of the last eight weeks."""
    past = _weeks(values)
    middle = _quantile(past, 0.5)
    spread = 1.4826 * _quantile(np.abs(past - middle[..., None]), 0.5)
    return np.asarray(np.abs(values - middle) / np.maximum(spread, 1e-9))


def tukey(values: Floats, test_from: int) -> Floats:
    """Return how many interquartile ranges outside of the quartiles of the same hour of the last eight weeks."""
    past = _weeks(values)
    low, high = _quantile(past, 0.25), _quantile(past, 0.75)
    return np.asarray(np.maximum(low - values, values - high) / np.maximum(high - low, 1e-9))


def decomposition(values: Floats, test_from: int) -> Floats:
    """Return |residual| / sd after a trend (mean of the last week) and a season (mean of the same hours without it)."""
    rest = values - trailing_mean(values, 0, WEEK - 1)
    mean, _ = _moments(rest)
    left = rest - mean
    hours = 56 * 24
    padded = np.concatenate([np.full((hours, values.shape[1]), np.nan), left])
    sd = np.stack([np.nanstd(padded[h : h + hours], axis=0) for h in range(0, len(left), WEEK)])
    return np.asarray(np.abs(left) / np.maximum(np.repeat(sd, WEEK, axis=0)[: len(left)], 1e-9))


def forest(values: Floats, test_from: int) -> Floats:
    """Return the isolation forest's score (Liu, Ting and Zhou 2008), learnt on the year before the judged part."""
    from sklearn.ensemble import IsolationForest  # noqa: PLC0415  # at hand in some places only

    clock = np.arange(len(values))
    found = np.full(values.shape, np.nan)
    for place, column in enumerate(values.T):
        lags = [np.concatenate([np.full(lag, np.nan), column[:-lag]]) for lag in (1, 24, WEEK)]
        table = np.stack([column, *(column - lag for lag in lags), clock % 24, clock // 24 % 7], axis=1)
        known = ~np.isnan(table).any(axis=1)
        learnt = known & (clock < test_from) & (clock >= test_from - 52 * WEEK)
        model = IsolationForest(n_estimators=100, random_state=FOREST_SEED).fit(table[learnt])
        judged = known & (clock >= test_from)
        found[judged, place] = -model.score_samples(table[judged])
    return found


RIVALS: dict[str, tuple[Callable[[Floats, int], Floats], float]] = {
    "z-score, same hour of week": (z_score, 3.0),
    "Hampel, same hour of week": (hampel, 3.0),
    "IQR, same hour of week": (tukey, 1.5),
    "decomposition residual": (decomposition, 3.0),
    "isolation forest": (forest, 0.6),
}
"""What each is called, and the threshold that is customary (the forest's: scores well above 0.5 are anomalies)."""


def rival_score(name: str, values: Floats, test_from: int) -> Floats:
    """Return the score of one of them, hours × series."""
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore", RuntimeWarning)
        return RIVALS[name][0](values, test_from)


def _weeks(values: Floats) -> Floats:
    """Return the same hour of the eight weeks before each hour (hours × series × weeks)."""
    return np.stack([_lag(values, WEEK * week) for week in range(1, WEEKS + 1)], axis=-1)


def _quantile(rows: Floats, share: float) -> Floats:
    """Return the quantile over the last axis as numpy's, NaN left out: many short rows at once."""
    ordered = np.sort(rows, axis=-1)  # NaN goes last
    place = share * np.maximum(np.count_nonzero(~np.isnan(rows), axis=-1) - 1, 0)
    low = np.floor(place).astype(np.int64)
    high = np.minimum(low + 1, np.ceil(place).astype(np.int64))
    first, second = (np.take_along_axis(ordered, at[..., None], -1)[..., 0] for at in (low, high))
    return np.asarray(first + (place - low) * (second - first))


def _moments(values: Floats) -> tuple[Floats, Floats]:
    past = _weeks(values)
    return np.nanmean(past, axis=-1), np.nanstd(past, axis=-1, ddof=1)


def _lag(values: Floats, hours: int) -> Floats:
    return np.concatenate([np.full((hours, values.shape[1]), np.nan), values[:-hours]])
