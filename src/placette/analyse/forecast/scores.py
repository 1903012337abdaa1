"""How good a forecast was: the scores of the published tables, and those of single probabilities.

Values are arrays of one shape; quantile forecasts carry the level as their last axis. A missing actual value (NaN)
counts nowhere. Sources: Hyndman & Koehler 2006 (MASE); Gneiting & Raftery 2007 (pinball, CRPS, Brier); fev-bench
(Shchur et al. 2025, arXiv:2509.26468) for SQL and WQL, whose quantile loss is twice the pinball, so that a sure
forecast scores its absolute error.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


def pinball(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: npt.ArrayLike) -> Floats:
    """Return the pinball loss of quantile forecasts; shape of ``forecast``, in the unit of the values.

    >>> float(pinball([10], [[8]], [0.9])[0, 0])
    1.8
    """
    y, f, q = np.asarray(actual, np.float64), np.asarray(forecast, np.float64), np.asarray(levels, np.float64)
    error = y[..., None] - f
    return np.asarray(np.maximum(q * error, (q - 1) * error))


def crps(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: npt.ArrayLike) -> Floats:
    """Return the continuous ranked probability score by quadrature over the quantiles; one value per actual.

    The CRPS is twice the integral of the pinball loss over all levels: the mean over levels evenly spread.

    >>> from statistics import NormalDist
    >>> levels = (np.arange(4000) + 0.5) / 4000
    >>> normal = np.array([NormalDist().inv_cdf(q) for q in levels])
    >>> round(float(crps([0.0], [normal], levels)[0]), 4)  # 0.23369497725510913 in closed form
    0.2337
    """
    return np.asarray(2 * pinball(actual, forecast, levels).mean(axis=-1))


def crps_ensemble(actual: float, members: npt.ArrayLike, *, fair: bool = False) -> float:
    """Return the CRPS of an ensemble; ``fair`` takes the spread over distinct pairs (Ferro 2014).

    >>> crps_ensemble(2.5, [1, 2, 3, 4]), round(crps_ensemble(2.5, [1, 2, 3, 4], fair=True), 7)
    (0.375, 0.1666667)
    """
    x = np.asarray(members, np.float64)
    pairs = len(x) * (len(x) - 1 if fair else len(x))
    spread = float(np.abs(x[:, None] - x[None, :]).sum()) / (2 * pairs)
    return float(np.abs(x - actual).mean()) - spread


def brier(happened: npt.ArrayLike, probability: npt.ArrayLike) -> Floats:
    """Return the Brier score of each forecast probability of an event (1 happened, 0 did not).

    >>> brier([1, 0, 1], [0.9, 0.2, 0.6]).round(4).tolist()
    [0.01, 0.04, 0.16]
    """
    return np.asarray((np.asarray(probability, np.float64) - np.asarray(happened, np.float64)) ** 2)


def coverage(actual: npt.ArrayLike, low: npt.ArrayLike, high: npt.ArrayLike) -> float:
    """Return the share of actual values between two quantiles, bounds included.

    >>> coverage([1, 2, 3, float("nan")], [0, 0, 0, 0], [2, 2, 2, 2])
    0.6666666666666666
    """
    y = np.asarray(actual, np.float64)
    there = ~np.isnan(y)
    return float(((y >= np.asarray(low)) & (y <= np.asarray(high)))[there].mean())


def seasonal_error(past: npt.ArrayLike, season: int) -> Floats:
    """Return the mean absolute change over a season per series, the measure of MASE and SQL; NaN without any.

    >>> seasonal_error([1, 2, 4, 8], 1)
    array(2.33333333)
    """
    y = np.asarray(past, np.float64)
    change = np.abs(y[season:] - y[:-season])
    seen = (~np.isnan(change)).sum(axis=0)
    return np.asarray(np.where(seen > 0, np.nansum(change, axis=0) / np.maximum(seen, 1), np.nan))


def mase(actual: npt.ArrayLike, forecast: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the absolute error in units of the seasonal error, one value per actual; NaN where nothing came.

    >>> mase([10.0, 12.0], [8.0, 12.0], 4.0).tolist()
    [0.5, 0.0]
    """
    return np.asarray(np.abs(np.asarray(actual, np.float64) - np.asarray(forecast)) / np.asarray(scale, np.float64))


def sql(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: npt.ArrayLike, scale: npt.ArrayLike) -> Floats:
    """Return the scaled quantile loss, mean over the levels, one value per actual.

    >>> sql([10.0], [[8.0, 8.0]], [0.1, 0.9], 4.0).tolist()  # a sure forecast: its scaled absolute error
    [0.5]
    """
    loss = 2 * pinball(actual, forecast, levels).mean(axis=-1)
    return np.asarray(loss / np.asarray(scale, np.float64))


def wape(actual: npt.ArrayLike, forecast: npt.ArrayLike, *, floor: float = 0.0) -> float:
    """Return the sum of absolute errors over the sum of absolute values; ``floor`` bounds the mean value below.

    >>> wape([10.0, 30.0], [12.0, 30.0])
    0.05
    """
    y = np.asarray(actual, np.float64)
    return float(np.nanmean(np.abs(y - np.asarray(forecast))) / max(float(np.nanmean(np.abs(y))), floor))


def wql(actual: npt.ArrayLike, forecast: npt.ArrayLike, levels: npt.ArrayLike, *, floor: float = 0.0) -> float:
    """Return the weighted quantile loss: mean quantile loss over the mean absolute value.

    >>> wql([10.0, 30.0], [[12.0], [30.0]], [0.5])
    0.05
    """
    y = np.asarray(actual, np.float64)
    loss = 2 * pinball(y, forecast, levels).mean(axis=-1)
    return float(np.nanmean(loss) / max(float(np.nanmean(np.abs(y))), floor))
