"""Short gaps filled by Kalman smoothing on a local-level structural model, in NumPy.

Model (Durbin and Koopman, Time Series Analysis by State Space Methods, 2012, ch. 2): y_t = μ_t + ε_t,
μ_{t+1} = μ_t + η_t; the ratio q = Var η / Var ε is chosen by the concentrated diffuse likelihood on a grid.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Values = NDArray[np.float64]
_RATIOS = np.logspace(-3, 3, 49)


def fill_gaps(values: Values, longest: int) -> Values:
    """Return ``values`` (NaN: missing) with inner gaps of at most ``longest`` filled by the smoothed level.

    Gaps at the ends, longer ones and series with fewer than three values stay as they are.

    >>> fill_gaps(np.array([10.0, 10.0, np.nan, 10.0, 10.0]), 5)
    array([10., 10., 10., 10., 10.])
    """
    missing = np.isnan(values)
    if not missing.any() or (~missing).sum() < 3:
        return values
    smoothed = smooth(values)
    filled = values.copy()
    edges = np.flatnonzero(np.diff(np.concatenate(([False], missing, [False])).astype(np.int8)))
    for start, stop in edges.reshape(-1, 2):
        if start > 0 and stop < len(values) and stop - start <= longest:
            filled[start:stop] = np.maximum(smoothed[start:stop], 0.0)
    return filled


def smooth(values: Values) -> Values:
    """Return the smoothed level E[μ_t | all values], with q of the greatest likelihood."""
    best = max(_RATIOS, key=lambda ratio: _filter(values, ratio)[0])
    _, level, variance = _filter(values, best)
    smoothed = level.copy()
    for t in range(len(values) - 2, -1, -1):  # Rauch, Tung and Striebel
        gain = variance[t] / (variance[t] + best)
        smoothed[t] = level[t] + gain * (smoothed[t + 1] - level[t])
    return smoothed


def _filter(values: Values, ratio: float) -> tuple[float, Values, Values]:
    """Return concentrated log-likelihood, filtered levels and variances (in units of Var ε)."""
    count = len(values)
    level, variance = np.empty(count), np.empty(count)
    first = int(np.flatnonzero(~np.isnan(values))[0])
    mean, spread = values[first], 1.0
    level[: first + 1], variance[: first + 1] = mean, spread
    squares = logs = 0.0
    used = 0
    for t in range(first + 1, count):
        spread += ratio
        if not np.isnan(values[t]):
            error, total = values[t] - mean, spread + 1.0
            gain = spread / total
            mean, spread = mean + gain * error, spread * (1.0 - gain)
            squares += error * error / total
            logs += np.log(total)
            used += 1
        level[t], variance[t] = mean, spread
    scale = max(squares / max(used, 1), 1e-12)
    return -0.5 * (used * np.log(scale) + logs), level, variance
