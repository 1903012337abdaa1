"""A map with its doubt, or the reason why there is none.

What is done, in this order: stations without value are left out, stations on one spot become one; fewer than eight are
refused, and so are stations that all say the same; ordinary kriging is fitted, and regression-kriging when there are
covariates that can be used; the one that foretells stations left out better is taken. Its standard errors are widened
where stations left out show them to be too small, and no cell is told that lies further outside of the stations' hull
than they reach.
"""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.area import beyond
from placette.analyse.kriging.cross import Score, leave_one_out, model_of, score
from placette.analyse.kriging.predict import Method, Sites, predict
from placette.analyse.kriging.variogram import Floats, LagSettings, Variogram

FEWEST_STATIONS = 8
"""With fewer, a variogram is a guess: points and nearest areas are shown instead."""
_PER_COVARIATE = 5
"""Stations more that each covariate but the first asks for."""
_COLLINEAR = 1e4
"""Largest condition number of the scaled covariates."""

Reason = Literal["too_few_stations", "constant", "one_line"]


class Refusal(msgspec.Struct, frozen=True):
    """Why there is no map, and of how many stations that can be used; show points and nearest areas."""

    reason: Reason
    stations: int


class Map(msgspec.Struct, frozen=True, kw_only=True):
    """Values and standard errors per cell, NaN where nothing is known, and how good the map is."""

    values: Floats
    errors: Floats
    known: npt.NDArray[np.bool_]
    method: Method
    variogram: Variogram
    score: Score
    """Of stations left out, with errors as they are in the map."""
    widened: float
    """How many times larger errors are than the variogram says."""
    covariates_used: bool


class Choice(msgspec.Struct, frozen=True):
    """A method with its variogram, how much its errors are widened, and its scores on stations left out."""

    method: Method
    variogram: Variogram
    widened: float
    score: Score


def map_of(stations: Sites, values: npt.ArrayLike, cells: Sites, lags: LagSettings | None = None) -> Map | Refusal:
    """Return the map of ``values`` (one per station, NaN: none) on ``cells``, or why there is none.

    Covariates are used when stations and cells both have them and they explain something; a cell whose covariate is
    missing (NaN) is not known.

    >>> few = Sites(np.array([[0.0, 0], [1, 0], [0, 1]]))
    >>> map_of(few, [1.0, 2, 3], few)
    Refusal(reason='too_few_stations', stations=3)
    """
    usable, z = prepare(stations, values)
    refused = _refusal(usable, z)
    if refused:
        return refused
    if cells.covariates is None:
        usable = Sites(usable.positions)
    best = choose(usable, z, lags)
    found = predict(usable, z, best.variogram, _filled(cells, best), best.method)
    known = beyond(usable.positions, cells.positions) <= best.variogram.reach_m
    if best.method == "regression" and cells.covariates is not None:
        known &= ~np.isnan(cells.covariates).any(axis=1)
    return Map(
        values=np.where(known, found.values, np.nan),
        errors=np.where(known, best.widened * found.errors, np.nan),
        known=known,
        method=best.method,
        variogram=best.variogram,
        score=best.score,
        widened=best.widened,
        covariates_used=best.method == "regression",
    )


def _filled(cells: Sites, best: Choice) -> Sites:
    if best.method != "regression" or cells.covariates is None:
        return Sites(cells.positions)
    return Sites(cells.positions, np.nan_to_num(cells.covariates))


def prepare(stations: Sites, values: npt.ArrayLike) -> tuple[Sites, Floats]:
    """Return the stations that have a value and, if any, covariates; those on one spot become their mean.

    >>> at = Sites(np.array([[0.0, 0], [0, 0], [5, 0], [9, 9]]))
    >>> usable, means = prepare(at, [1.0, 3, 7, np.nan])
    >>> usable.positions.tolist(), means.tolist()
    ([[0.0, 0.0], [5.0, 0.0]], [2.0, 7.0])
    """
    z = np.asarray(values, np.float64)
    complete = ~np.isnan(z) & ~np.isnan(stations.positions).any(axis=1)
    if stations.covariates is not None:
        complete &= ~np.isnan(stations.covariates).any(axis=1)
    kept, z = stations.part(complete), z[complete]
    spots, spot = np.unique(kept.positions, axis=0, return_inverse=True)
    count = np.bincount(spot.ravel(), minlength=len(spots)).astype(np.float64)

    def mean(column: Floats) -> Floats:
        found: Floats = np.bincount(spot.ravel(), column, len(spots)) / count
        return found

    covariates = None
    if kept.covariates is not None:
        covariates = np.column_stack([mean(column) for column in kept.covariates.T])
    return Sites(spots, covariates), mean(z)


def _refusal(stations: Sites, values: Floats) -> Refusal | None:
    if len(stations) < FEWEST_STATIONS:
        return Refusal("too_few_stations", len(stations))
    if np.ptp(values) == 0:
        return Refusal("constant", len(stations))
    centred = stations.positions - stations.positions.mean(axis=0)
    across, along = np.linalg.svd(centred, compute_uv=False)[::-1]
    if across < 1e-6 * along:
        return Refusal("one_line", len(stations))
    return None


def choose(stations: Sites, values: Floats, lags: LagSettings | None = None) -> Choice:
    """Return the method that foretells stations left out best, of ordinary kriging and regression-kriging."""
    methods: list[Method] = ["ordinary"]
    if explains(stations):
        methods.append("regression")
    return min((_judged(stations, values, each, lags) for each in methods), key=lambda each: each.score.rmse)


def _judged(stations: Sites, values: Floats, method: Method, lags: LagSettings | None) -> Choice:
    variogram = model_of(stations, values, method, lags or _lags(stations))
    foretold = leave_one_out(stations, values, variogram, method)
    widened = max(1.0, score(values, foretold).spread)
    return Choice(method, variogram, widened, score(values, foretold, widened))


def _lags(stations: Sites) -> LagSettings:
    """Return lags that hold thirty pairs or so each; few stations are looked at over longer distances."""
    count = len(stations)
    longest = float(np.hypot(*np.ptp(stations.positions, axis=0)))
    share = 3 if count >= 50 else 2
    return LagSettings(cutoff_m=longest / share, lags=int(np.clip(count * (count - 1) / 2 / 60, 4, 15)))


def explains(stations: Sites) -> bool:
    """Say whether the covariates can be used: enough stations for them, none constant, none a sum of the others."""
    if stations.covariates is None or not stations.covariates.shape[1]:
        return False
    count, columns = stations.covariates.shape
    spreads = stations.covariates.std(axis=0)
    if count < FEWEST_STATIONS + _PER_COVARIATE * (columns - 1) or not (spreads > 0).all():
        return False
    return float(np.linalg.cond((stations.covariates - stations.covariates.mean(axis=0)) / spreads)) < _COLLINEAR
