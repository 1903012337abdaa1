"""Values between stations and how sure they are: ordinary kriging, regression-kriging, a trend alone, inverse distance.

Each of them is a weighted sum of the stations' values with weights that sum to one, so that one formula gives the
error of all: 2λᵀγ₀ − λᵀΓλ, with Γ the semivariances between stations and γ₀ those to the place (Cressie 1993, section
3.2). For kriging it is the kriging variance, for the others what they would err if the variogram were true.
Regression-kriging with a generalised trend is the same as universal kriging (Hengl, Heuvelink and Rossiter 2007,
Computers & Geosciences 33, 1301), and is solved as such.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.variogram import Floats, Variogram

Method = Literal["ordinary", "regression", "regression_ols", "trend", "inverse_distance"]
"""``regression``: trend by generalised least squares; ``regression_ols``: by ordinary ones; ``trend``: without kriging
of what it leaves."""
_CHUNK = 4096
"""Cells computed at once: a few megabytes for a hundred stations."""


class Sites(msgspec.Struct, frozen=True):
    """Places: ``positions`` (places × 2, m) and ``covariates`` (places × count, ``None``: none)."""

    positions: Floats
    covariates: Floats | None = None

    def __len__(self) -> int:
        """Return the number of places."""
        return len(self.positions)

    def part(self, chosen: npt.NDArray[np.intp] | npt.NDArray[np.bool_] | slice) -> Sites:
        """Return some of the places."""
        return Sites(self.positions[chosen], None if self.covariates is None else self.covariates[chosen])


class Predicted(msgspec.Struct, frozen=True):
    """Values at cells and their standard errors, both in the unit of the stations' values."""

    values: Floats
    errors: Floats


def predict(
    stations: Sites, values: npt.ArrayLike, variogram: Variogram, cells: Sites, method: Method = "ordinary"
) -> Predicted:
    """Return values and standard errors at ``cells``; a cell on a station has the station's value (but for a trend).

    Stations have places of their own and covariates that are not collinear: ``prepare`` sees to it.

    The doctest is the vector of PyKrige, equal to a solution by hand.

    >>> at = np.array([[0.3, 1.2], [1.9, 0.6], [1.1, 3.2], [3.3, 4.4], [4.7, 3.8]])
    >>> linear = Variogram(model="linear", sill=1, range_m=1)
    >>> found = predict(Sites(at), [0.47, 0.56, 0.74, 1.47, 1.74], linear, Sites(np.array([[1.0, 1], [2.5, 2.5]])))
    >>> found.values.round(6).tolist(), (found.errors**2).round(6).tolist()
    ([0.515209, 0.970825], [0.829411, 1.613896])
    """
    z = np.asarray(values, np.float64)
    weigher = Weigher(stations, variogram, method)
    estimates, errors = np.empty(len(cells)), np.empty(len(cells))
    for start in range(0, len(cells), _CHUNK):
        part = slice(start, start + _CHUNK)
        weights, errors[part] = weigher.weights(cells.part(part))
        estimates[part] = z @ weights
    return Predicted(estimates, errors)


class Weigher:
    """The weights of the stations for any cell; everything that needs a factorisation is done once."""

    def __init__(self, stations: Sites, variogram: Variogram, method: Method) -> None:
        self._stations = stations
        self._variogram = variogram
        self._method = method
        self._unlike = variogram(apart(stations.positions, stations.positions))
        covariates = stations.covariates if method in {"regression", "regression_ols", "trend"} else None
        self._scale = _scale(covariates)
        design = self._design(covariates, len(stations))
        if method in {"trend", "regression_ols"}:
            self._hat = np.linalg.pinv(design)
        if method not in {"inverse_distance", "trend"}:
            self._inverse = _bordered_inverse(self._unlike, design if method != "regression_ols" else design[:, :1])

    def weights(self, cells: Sites) -> tuple[Floats, Floats]:
        """Return weights (stations × cells) and standard errors (cells)."""
        distance = apart(self._stations.positions, cells.positions)
        unlike = self._variogram(distance)
        found = self._weights(distance, unlike, cells)
        variance = 2 * (found * unlike).sum(axis=0) - (found * (self._unlike @ found)).sum(axis=0)
        return found, np.sqrt(np.maximum(variance, 0))

    def left_out(self, values: Floats) -> Predicted:
        """Return what each station would be foretold from all others, by one factorisation; for kriging alone.

        Source: Dubrule (1983), Mathematical Geology 15, 687.
        """
        count = len(self._stations)
        block = self._inverse[:count, :count]
        own = np.diagonal(block)
        return Predicted(values - block @ values / own, np.sqrt(np.maximum(-1 / own, 0)))

    def _weights(self, distance: Floats, unlike: Floats, cells: Sites) -> Floats:
        if self._method == "inverse_distance":
            near = 1 / np.maximum(distance, 1e-6) ** 2
            squared: Floats = near / near.sum(axis=0)
            return squared
        count = len(self._stations)
        if self._method == "ordinary":
            found: Floats = self._inverse[:count] @ np.vstack([unlike, np.ones(len(cells))])
            return found
        goal = self._design(cells.covariates, len(cells)).T
        if self._method == "regression":
            universal: Floats = self._inverse[:count] @ np.vstack([unlike, goal])
            return universal
        trend: Floats = self._hat.T @ goal
        if self._method == "trend":
            return trend
        kriged = self._inverse[:count] @ np.vstack([unlike, np.ones(len(cells))])
        design = self._design(self._stations.covariates, count)
        residual: Floats = trend + kriged - self._hat.T @ (design.T @ kriged)
        return residual

    def _design(self, covariates: Floats | None, count: int) -> Floats:
        """Return the intercept and the covariates, centred and scaled as those of the stations."""
        if covariates is None or self._scale is None:
            return np.ones((count, 1))
        means, spreads = self._scale
        return np.column_stack([np.ones(count), (covariates - means) / spreads])


def apart(one: Floats, other: Floats) -> Floats:
    """Return the distances in m between positions: one × other."""
    found: Floats = np.hypot(one[:, None, 0] - other[None, :, 0], one[:, None, 1] - other[None, :, 1])
    return found


def _scale(covariates: Floats | None) -> tuple[Floats, Floats] | None:
    if covariates is None:
        return None
    spreads = covariates.std(axis=0)
    return covariates.mean(axis=0), np.where(spreads > 0, spreads, 1.0)


def _bordered_inverse(unlike: Floats, design: Floats) -> Floats:
    count, border = design.shape
    system = np.zeros((count + border, count + border))
    system[:count, :count] = unlike
    system[:count, count:] = design
    system[count:, :count] = design.T
    inverse: Floats = np.linalg.inv(system)
    return inverse
