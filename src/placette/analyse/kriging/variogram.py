"""How unlike two places are with their distance: the empirical variogram, and the models fitted to it.

Sources: Matheron (1963), Economic Geology 58, 1246; Cressie and Hawkins (1980), Mathematical Geology 12, 115 (robust
estimator); Cressie (1993), Statistics for Spatial Data, section 2.6. Lags and weights are those of gstat's defaults
(Pebesma 2004, Computers & Geosciences 30, 683): up to a third of the diagonal, 15 lags, weights pairs / distance².
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

Floats = npt.NDArray[np.float64]
Model = Literal["spherical", "exponential", "gaussian", "linear"]
MODELS: tuple[Model, ...] = ("spherical", "exponential", "gaussian", "linear")
_TRIED = 60
"""Ranges tried, evenly in their logarithm, before the best is refined."""
_GOLDEN = (5**0.5 - 1) / 2
_TIE = 1e-6
"""Where no nugget and nothing but nugget fit alike, the nugget is believed: it does not claim to know what is near."""
_GAUSSIAN_NUGGET = 0.01
"""Share of the variance a Gaussian model keeps as nugget: without it the equations are nearly singular."""

_SHAPES: dict[Model, Callable[[Floats], Floats]] = {
    "spherical": lambda h: np.where(h < 1, 1.5 * h - 0.5 * h**3, 1.0),
    "exponential": lambda h: 1 - np.exp(-h),
    "gaussian": lambda h: 1 - np.exp(-(h**2)),
    "linear": lambda h: h,
}
_PRACTICAL: dict[Model, float] = {"spherical": 1.0, "exponential": 3.0, "gaussian": float(np.sqrt(3)), "linear": 0.0}
"""Where a model reaches its sill (95 % of it), in ranges; a linear one never does."""


class LagSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Which pairs are looked at, and how they are averaged."""

    estimator: Literal["matheron", "cressie"] = "matheron"
    cutoff_m: Annotated[float, Meta(gt=0)] | None = None
    """The longest distance looked at; unless said, a third of the diagonal of the box around the stations."""
    lags: Annotated[int, Meta(ge=3, le=100)] = 15


class Empirical(msgspec.Struct, frozen=True):
    """The empirical variogram per lag that has pairs: their mean distance in m, semivariance, number of pairs."""

    distance_m: Floats
    semivariance: Floats
    pairs: Floats


class Variogram(msgspec.Struct, frozen=True, kw_only=True):
    """A model: γ(0) = 0, γ(h) = nugget + sill · shape(h / range). A linear one has slope sill / range."""

    model: Model
    nugget: float = 0.0
    sill: float
    """What the nugget leaves of the sill, in the unit of the values squared."""
    range_m: float

    def __call__(self, distance_m: npt.ArrayLike) -> Floats:
        """Return the semivariance at distances in m.

        >>> Variogram(model="spherical", nugget=0.05, sill=0.6, range_m=900)([0, 450, 900, 2000]).round(4).tolist()
        [0.0, 0.4625, 0.65, 0.65]
        """
        h = np.asarray(distance_m, np.float64)
        found: Floats = np.where(h > 0, self.nugget + self.sill * _SHAPES[self.model](h / self.range_m), 0.0)
        return found

    @property
    def reach_m(self) -> float:
        """The distance beyond which a station says nothing of a place: where 95 % of the sill are reached, in m.

        0 when it never is (linear) or when all is nugget.
        """
        return _PRACTICAL[self.model] * self.range_m if self.sill > 0 else 0.0


def empirical(positions: npt.ArrayLike, values: npt.ArrayLike, settings: LagSettings | None = None) -> Empirical:
    """Return the empirical variogram of ``values`` at ``positions`` (stations × 2, m).

    >>> line = [[0.0, 0], [1, 0], [2, 0], [3, 0]]
    >>> found = empirical(line, [1.0, 2, 4, 7], LagSettings(cutoff_m=2.5, lags=5))
    >>> found.distance_m.tolist(), found.semivariance.round(4).tolist(), found.pairs.tolist()
    ([1.0, 2.0], [2.3333, 8.5], [3.0, 2.0])
    """
    chosen = settings or LagSettings()
    at, z = np.asarray(positions, np.float64), np.asarray(values, np.float64)
    cutoff = chosen.cutoff_m or float(np.hypot(*np.ptp(at, axis=0))) / 3
    left, right = np.triu_indices(len(z), 1)
    distance = np.hypot(*(at[left] - at[right]).T)
    near = (distance > 0) & (distance <= cutoff)
    distance, unlike = distance[near], np.abs(z[left] - z[right])[near]
    lag = np.minimum(np.ceil(distance / cutoff * chosen.lags).astype(np.int64) - 1, chosen.lags - 1)
    pairs = np.bincount(lag, minlength=chosen.lags).astype(np.float64)
    some = pairs > 0
    mean = np.bincount(lag, distance, chosen.lags)[some] / pairs[some]
    return Empirical(mean, _semivariance(unlike, lag, pairs, chosen)[some], pairs[some])


def _semivariance(unlike: Floats, lag: npt.NDArray[np.int64], pairs: Floats, settings: LagSettings) -> Floats:
    count = np.maximum(pairs, 1)
    if settings.estimator == "matheron":
        squares: Floats = np.bincount(lag, unlike**2, settings.lags) / count / 2
        return squares
    roots = np.bincount(lag, np.sqrt(unlike), settings.lags) / count
    robust: Floats = roots**4 / (0.457 + 0.494 / count) / 2
    return robust


def fit(found: Empirical, longest_m: float, models: tuple[Model, ...] = MODELS) -> Variogram:
    """Return the model that is nearest to an empirical variogram, by least squares weighted with pairs / distance².

    Nugget and sill are not negative; the distance at which a model reaches its sill lies between the shortest lag and
    ``longest_m``. For a given range the best nugget and sill are known in closed form, so that the range alone is
    searched. Raises ``ValueError`` for fewer than three lags.

    >>> lags = np.arange(1.0, 16)
    >>> truth = Variogram(model="exponential", nugget=0.2, sill=1, range_m=4)
    >>> best = fit(Empirical(lags, truth(lags), np.full(15, 30.0)), 30.0)
    >>> best.model, round(best.nugget, 3), round(best.sill, 3), round(best.range_m, 3)
    ('exponential', 0.2, 1.0, 4.0)
    """
    if len(found.distance_m) < 3:
        raise ValueError(f"{len(found.distance_m)} lags with pairs; 3 are needed")
    fitted = [_fit_one(found, model, longest_m) for model in models]
    return min(fitted, key=lambda each: each[0])[1]


def _fit_one(found: Empirical, model: Model, longest_m: float) -> tuple[float, Variogram]:
    if model == "linear":
        return _sills(found, model, longest_m)
    low = float(found.distance_m.min()) / _PRACTICAL[model]
    high = max(longest_m / _PRACTICAL[model], 1.001 * low)
    tried: list[float] = np.geomspace(low, high, _TRIED).tolist()
    best = int(np.argmin([_sills(found, model, each)[0] for each in tried]))
    low, high = tried[max(best - 1, 0)], tried[min(best + 1, _TRIED - 1)]
    for _ in range(40):
        inner, outer = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        if _sills(found, model, inner)[0] <= _sills(found, model, outer)[0]:
            high = outer
        else:
            low = inner
    return _sills(found, model, (low + high) / 2)


def _sills(found: Empirical, model: Model, range_m: float) -> tuple[float, Variogram]:
    """Return the weighted sum of squares and the model with the best nugget and sill for a range."""
    weight = found.pairs / found.distance_m**2
    shape = _SHAPES[model](found.distance_m / range_m)
    floor = _GAUSSIAN_NUGGET if model == "gaussian" else 0.0
    shape = shape + floor
    misfit, nugget, sill = min(
        (
            (float((weight * (found.semivariance - nugget - sill * shape) ** 2).sum()), nugget, sill)
            for nugget, sill in _candidates(weight, shape, found.semivariance)
        ),
        key=lambda each: (each[0] * (1 if each[1] else 1 + _TIE), -each[1]),
    )
    return misfit, Variogram(model=model, nugget=nugget + floor * sill, sill=sill, range_m=range_m)


def _candidates(weight: Floats, shape: Floats, goal: Floats) -> list[tuple[float, float]]:
    """Return where the best nugget and sill can be: inside of what is allowed, or on one of its edges."""
    ones, slope, square = float(weight.sum()), float(weight @ shape), float(weight @ shape**2)
    level, rise = float(weight @ goal), float(weight @ (shape * goal))
    edges = [(level / ones, 0.0), (0.0, rise / square)]
    determinant = ones * square - slope**2
    if determinant <= 1e-12 * ones * square:
        return edges
    nugget = (level * square - slope * rise) / determinant
    sill = (ones * rise - slope * level) / determinant
    return [(nugget, sill)] if nugget >= 0 and sill >= 0 else edges
