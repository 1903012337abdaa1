"""The probability of passing a threshold, read from the quantiles of a forecast.

Between two quantiles the distribution is taken as straight; outside of the outermost ones it fades exponentially, as
steeply as between the two nearest of them.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def exceeding(quantiles: npt.ArrayLike, levels: npt.ArrayLike, threshold: float) -> Floats:
    """Return the probability that the value lies above ``threshold`` (… × levels → …); NaN where there is no forecast.

    Equal quantiles are a jump: a forecast that is sure is above its threshold or it is not.

    >>> exceeding([10.0, 20.0, 30.0], [0.25, 0.5, 0.75], 25.0).round(3).tolist()
    0.375
    >>> exceeding([[5.0, 5.0, 5.0], [7.0, 8.0, 9.0]], [0.1, 0.5, 0.9], 5.0).round(3).tolist()
    [0.0, 0.996]
    """
    asked, level = np.asarray(quantiles, np.float64), np.asarray(levels, np.float64)
    rows = asked.reshape(-1, len(level))
    found = np.array([1.0 - _reached(row, level, threshold) for row in rows])
    return np.asarray(found.reshape(asked.shape[:-1]))


def _reached(row: Floats, levels: Floats, threshold: float) -> float:
    """Return the probability of a value up to ``threshold``."""
    if np.isnan(row).any():
        return float("nan")
    if threshold < row[0]:
        return float(levels[0] * np.exp(_share(threshold - row[0], row[1] - row[0], levels[1] / levels[0])))
    if threshold >= row[-1]:
        left = 1 - levels[-1]
        return float(1 - left * np.exp(_share(row[-1] - threshold, row[-1] - row[-2], (1 - levels[-2]) / left)))
    upper = int(np.searchsorted(row, threshold, side="right"))
    width = row[upper] - row[upper - 1]
    return float(levels[upper - 1] + (threshold - row[upper - 1]) / width * (levels[upper] - levels[upper - 1]))


def _share(beyond: float, width: float, ratio: float) -> float:
    """Return the exponent of a tail: ``beyond`` is how far outside (≤ 0), ``ratio`` what one ``width`` brings."""
    if width > 0:
        return beyond / width * float(np.log(ratio))
    return 0.0 if beyond > 0 else -np.inf
