"""How series go together: correlation over their common steps, what remains without their rhythms, and who leads.

Rhythms correlate everything: two streets that are empty at night agree without having to do with each other. Taking the
mean of each hour of the day (or of the week) out of both leaves what they share beyond the clock. Lagged copies are
compared over the steps both have, so that gaps need no filling.

Pearson 1896; Spearman 1904 with mean ranks for ties. The interval is Fisher's (1915), with the number of independent
steps after Bartlett (1935) and Quenouille (1947): values that follow each other say less than as many separate ones.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Method = Literal["pearson", "spearman"]
Profile = Literal["none", "day", "week"]

FEWEST = 24
"""Common steps below which nothing is said."""
_CYCLE_S: dict[Profile, int] = {"day": 86_400, "week": 604_800}
_MONDAY_S = 4 * 86_400
"""1970-01-05 was the first Monday: weeks are counted from it."""
_Z95 = 1.959964


class Together(msgspec.Struct, frozen=True, kw_only=True):
    """Every pair of series. ``coefficient`` is NaN below ``FEWEST`` common steps or where a series is constant.

    ``count`` is the number of common steps, ``low`` and ``high`` the 95 % interval of the coefficient. ``lag`` says by
    how many steps the second series of a pair follows the first where they agree best, and ``lagged`` how well.
    """

    coefficient: Floats
    count: npt.NDArray[np.int64]
    low: Floats
    high: Floats
    lag: npt.NDArray[np.int64]
    lagged: Floats


def together(values: Floats, method: Method = "pearson", most_lag: int = 24) -> Together:
    """Return how the columns of ``values`` (steps × series, NaN where missing) go together; lags up to ``most_lag``.

    >>> wave = np.sin(np.arange(200) / 5)
    >>> found = together(np.column_stack([wave[3:], wave[:-3]]), most_lag=6)
    >>> round(float(found.coefficient[0, 1]), 2), int(found.lag[0, 1]), round(float(found.lagged[0, 1]), 2)
    (0.83, 3, 1.0)
    """
    there = np.isfinite(values)
    counts = _sum(there, there).astype(np.int64)
    matrix = pearson(values) if method == "pearson" else spearman(values)
    matrix[counts < FEWEST] = np.nan
    low, high = _intervals(matrix, counts, values)
    lag, lagged = _lags(values if method == "pearson" else _ranked(values), most_lag)
    return Together(coefficient=matrix, count=counts, low=low, high=high, lag=lag, lagged=lagged)


def pearson(values: Floats) -> Floats:
    """Return the product-moment correlation of each pair of columns over their common rows."""
    return _shifted(_centred(values), 0)


def spearman(values: Floats) -> Floats:
    """Return the rank correlation of each pair of columns, ranked over their common rows.

    >>> spearman(np.column_stack([[1.0, 2, 3, 4], [1.0, 8, 27, 64]]))[0, 1].round(6).item()
    1.0
    """
    size = values.shape[1]
    matrix = np.full((size, size), np.nan)
    there = np.isfinite(values)
    whole = bool(there.all())
    ranked = _ranked(values)
    for one in range(size):
        for other in range(one, size):
            both = there[:, one] & there[:, other]
            pair = ranked[:, [one, other]] if whole else _ranked(values[both][:, [one, other]])
            matrix[one, other] = matrix[other, one] = pearson(pair)[0, 1] if both.any() else np.nan
    return matrix


def ranks(column: Floats) -> Floats:
    """Return the ranks of the values from 1 on, the mean rank for equal ones; NaN stays.

    >>> ranks(np.array([10.0, 30, 20, 20])).tolist()
    [1.0, 4.0, 2.5, 2.5]
    """
    found = np.full(len(column), np.nan)
    there = np.isfinite(column)
    _, places, counts = np.unique(column[there], return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    found[there] = (last - (counts - 1) / 2)[places]
    return found


def without_profile(values: Floats, start_s: int, step_s: int, profile: Profile) -> Floats:
    """Return the columns without the mean of each step of the day or of the week.

    ``start_s`` is the local clock of the first step, s since its own 1970-01-01 00:00. A step of the cycle that a
    series has once only becomes missing: it would be taken out whole.

    >>> without_profile(np.array([[1.0], [5], [3], [7]]), 0, 43_200, "day").ravel().tolist()
    [-1.0, -1.0, 1.0, 1.0]
    """
    if profile == "none":
        return values
    cycle = _CYCLE_S[profile]
    steps = ((start_s - _MONDAY_S + step_s * np.arange(len(values))) % cycle) // step_s
    size = max(1, cycle // step_s)
    found = np.empty_like(values)
    for place, column in enumerate(values.T):
        there = np.isfinite(column)
        count = np.bincount(steps[there], minlength=size)
        total = np.bincount(steps[there], column[there], size)
        means = np.divide(total, count, out=np.full(size, np.nan), where=count > 1)
        found[:, place] = column - means[steps]
    return found


def _centred(values: Floats) -> Floats:
    """Return the columns about their means, in units of their deviations: sums of squares then keep their digits."""
    there = np.isfinite(values)
    count = np.maximum(there.sum(axis=0), 1)
    centred = np.where(there, values, 0) - np.where(there, values, 0).sum(axis=0) / count
    deviation = np.sqrt(np.where(there, centred**2, 0).sum(axis=0) / count)
    return np.asarray(np.where(there, centred / np.where(deviation > 0, deviation, 1), np.nan))


def _ranked(values: Floats) -> Floats:
    return np.column_stack([ranks(column) for column in values.T]) if values.size else values


def _sum(one: npt.NDArray[np.bool_] | Floats, other: npt.NDArray[np.bool_] | Floats) -> Floats:
    return np.asarray(one.T.astype(np.float64) @ other.astype(np.float64))


def _shifted(values: Floats, lag: int, fewest: int = 2) -> Floats:
    """Return the correlation of each column with each other one ``lag`` steps later, over the rows both have."""
    first, second = (values[: len(values) - lag], values[lag:]) if lag else (values, values)
    one, other = np.isfinite(first), np.isfinite(second)
    x, y = np.where(one, first, 0), np.where(other, second, 0)
    count = _sum(one, other)
    with np.errstate(divide="ignore", invalid="ignore"):
        mean_x, mean_y = _sum(x, other) / count, _sum(one, y) / count
        covariance = _sum(x, y) / count - mean_x * mean_y
        variance = (_sum(x**2, other) / count - mean_x**2) * (_sum(one, y**2) / count - mean_y**2)
        known = (count >= fewest) & (variance > 1e-20)
        matrix = np.where(known, covariance / np.sqrt(np.where(known, variance, 1)), np.nan)
    return np.asarray(np.clip(matrix, -1, 1))


def _lags(values: Floats, most: int) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return for each pair the lag of the strongest correlation (of either sign) and that correlation."""
    centred = _centred(values)
    size = values.shape[1]
    best, strongest = np.zeros((size, size), np.int64), np.full((size, size), np.nan)
    for lag in range(min(most, max(0, len(values) - FEWEST)) + 1):  # nearer lags win where two are equal
        ahead = _shifted(centred, lag, FEWEST)
        for matrix, signed in ((ahead, lag), (ahead.T, -lag)):
            better = np.isfinite(matrix) & ~(np.abs(matrix) <= np.nan_to_num(np.abs(strongest), nan=-1.0) + 1e-9)
            best[better], strongest[better] = signed, matrix[better]
    return best, strongest


def _intervals(matrix: Floats, counts: npt.NDArray[np.int64], values: Floats) -> tuple[Floats, Floats]:
    """Return the 95 % interval of each coefficient by Fisher's transformation of the independent steps."""
    own = np.nan_to_num(np.diag(_shifted(_centred(values), 1)), nan=0.0).clip(0, 0.999)
    product = own[:, None] * own[None, :]
    independent = np.maximum(counts * (1 - product) / (1 + product), 4.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        middle = np.arctanh(np.clip(matrix, -1 + 1e-12, 1 - 1e-12))
        half = _Z95 / np.sqrt(independent - 3 + 1e-9)
    low, high = np.tanh(middle - half), np.tanh(middle + half)
    known = np.isfinite(matrix)
    return np.where(known, low, math.nan), np.where(known, high, math.nan)
