"""How good a map is where it can be checked: each station foretold from all others (leave-one-out)."""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.predict import Method, Predicted, Sites, Weigher
from placette.analyse.kriging.variogram import MODELS, Floats, LagSettings, Model, Variogram, empirical, fit

_NORMAL_95 = 1.959964


class Score(msgspec.Struct, frozen=True):
    """What leaving each station out in turn shows; errors in the unit of the values."""

    stations: int
    rmse: float
    bias: float
    skill: float
    """1 − (rmse / rmse of the plain mean of the others)²: 0 where the map knows no more than the mean."""
    coverage: float
    """Share of stations within ± 1.96 standard errors: 0.95 where the errors are honest."""
    spread: float
    """Root mean square of error / standard error: 1 where the errors are honest, more where they are too small."""


def model_of(
    stations: Sites, values: Floats, method: Method, lags: LagSettings | None = None, models: tuple[Model, ...] = MODELS
) -> Variogram:
    """Fit the variogram of the values, or for a regression of what ordinary least squares leave of them."""
    rest = values
    if method not in {"ordinary", "inverse_distance"} and stations.covariates is not None:
        design = np.column_stack([np.ones(len(values)), stations.covariates])
        rest = values - design @ np.linalg.lstsq(design, values, rcond=None)[0]
    longest = float(np.hypot(*np.ptp(stations.positions, axis=0)))
    return fit(empirical(stations.positions, rest, lags), longest, models)


def leave_one_out(stations: Sites, values: npt.ArrayLike, variogram: Variogram, method: Method) -> Predicted:
    """Return each station's value as foretold from the others with a given variogram, and its standard error."""
    z = np.asarray(values, np.float64)
    if method in {"ordinary", "regression"}:
        return Weigher(stations, variogram, method).left_out(z)
    return one_by_one(stations, z, variogram, method)


def one_by_one(stations: Sites, z: Floats, variogram: Variogram, method: Method) -> Predicted:
    """Return the same as ``leave_one_out`` by really leaving out each station, for methods without a closed form."""
    everyone = np.arange(len(z))
    found, errors = np.empty(len(z)), np.empty(len(z))
    for one in everyone:
        others = everyone != one
        weights, error = Weigher(stations.part(others), variogram, method).weights(stations.part(everyone == one))
        found[one], errors[one] = z[others] @ weights[:, 0], error[0]
    return Predicted(found, errors)


def score(values: npt.ArrayLike, foretold: Predicted, widened: float = 1.0) -> Score:
    """Return the scores of values foretold without their own station, their errors taken ``widened`` times.

    >>> found = Predicted(np.array([2.0, 2, 2, 2]), np.array([1.0, 1, 1, 1]))
    >>> score([1.0, 2, 3, 5], found)
    Score(stations=4, rmse=1.6583..., bias=-0.75, skill=0.2928..., coverage=0.75, spread=1.6583...)
    """
    z = np.asarray(values, np.float64)
    wrong = foretold.values - z
    errors = np.maximum(widened * foretold.errors, np.finfo(np.float64).tiny)
    rmse = float(np.sqrt((wrong**2).mean()))
    plain = (z - z.mean()) * len(z) / (len(z) - 1)
    return Score(
        stations=len(z),
        rmse=rmse,
        bias=float(wrong.mean()),
        skill=float(1 - rmse**2 / (plain**2).mean()),
        coverage=float((np.abs(wrong) <= _NORMAL_95 * errors).mean()),
        spread=float(np.sqrt(((wrong / errors) ** 2).mean())),
    )
