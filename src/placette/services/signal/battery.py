"""When a battery will be empty: a straight line through its daily levels, with the interval of its slope.

Theil and Sen's line (median of all slopes) holds against single wrong levels; the interval is Kendall's (Sen 1968,
J. Am. Stat. Assoc. 63, 1379–1389). A level that does not clearly fall is not foretold.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

FEWEST_DAYS = 7
EMPTY_PERCENT = 10.0
"""Below it most devices stop sending."""


class Forecast(msgspec.Struct, frozen=True):
    """Days until ``EMPTY_PERCENT``: the best guess, and the soonest and latest of a 90 % interval (``None``: never)."""

    days: float
    soonest: float
    latest: float | None


def forecast(days: npt.ArrayLike, levels: npt.ArrayLike) -> Forecast | None:
    """Return when levels (%) at ``days`` will be empty, counted from the last day; ``None`` when they do not fall.

    >>> forecast(range(10), [90 - day for day in range(10)]).days
    71.0
    """
    x, y = np.asarray(days, np.float64), np.asarray(levels, np.float64)
    if len(x) < FEWEST_DAYS:
        return None
    first, second = np.triu_indices(len(x), 1)
    slopes = np.sort((y[second] - y[first]) / (x[second] - x[first]))
    slope = float(np.median(slopes))
    steepest, flattest = _interval(slopes, len(x))
    if flattest >= 0 or slope >= 0:
        return None
    now = float(np.median(y - slope * x) + slope * x[-1])
    left = max(0.0, now - EMPTY_PERCENT)
    return Forecast(round(left / -slope, 1), round(left / -steepest, 1), round(left / -flattest, 1))


def _interval(slopes: npt.NDArray[np.float64], count: int) -> tuple[float, float]:
    spread = 1.645 * np.sqrt(count * (count - 1) * (2 * count + 5) / 18)
    low = max(0, int((len(slopes) - spread) / 2))
    high = min(len(slopes) - 1, int((len(slopes) + spread) / 2))
    return float(slopes[low]), float(slopes[high])
