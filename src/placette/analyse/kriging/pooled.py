"""One variogram for many times of the same stations, and maps of each of them.

A variogram of one hour from a dozen stations is a guess; that of all hours of a night is not. Values of each time are
brought to mean 0 and variance 1, their squared differences are fitted together, and each time gets its own variance
back (the pooled variogram of Gräler, Pebesma and Heuvelink 2016, The R Journal 8, 204, with a variance per time).
Times with the same stations share their weights, so that a day of maps costs little more than one.
"""

from __future__ import annotations

from collections.abc import Iterator

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.area import beyond
from placette.analyse.kriging.cross import leave_one_out
from placette.analyse.kriging.maps import FEWEST_STATIONS, Reason, explains
from placette.analyse.kriging.predict import Method, Predicted, Sites, Weigher
from placette.analyse.kriging.variogram import Empirical, Floats, LagSettings, Model, Variogram, empirical, fit

Flags = npt.NDArray[np.bool_]
NORMAL_80 = 1.281552
"""A normal value lies within ± 1.28 standard errors in 80 of 100 cases."""
SHAPES: tuple[Model, ...] = ("spherical", "exponential", "linear")
"""No Gaussian: it is no better at stations left out (Bern, Berlin), and beside the outermost station it foretells
values that no station has."""
LEAST_GAIN = 0.02
"""A covariate that brings less is as likely to be chance as knowledge: there are several, and one is chosen."""
_NUGGET = Variogram(model="spherical", nugget=1.0, sill=0.0, range_m=1.0)
"""Where no distance can be told from another: a station says nothing of its neighbours."""
_WIDER = ((2, 0), (1, 15), (1, 60))
"""Shares of the longest distance, and lags, that are looked at when the first choice leaves fewer than three lags."""


class Checked(msgspec.Struct, frozen=True):
    """Stations foretold from all others: how far off that was, and how far off the mean of the others."""

    times: int
    values: int
    rmse: float
    rmse_mean: float
    r2: float
    """1 − (rmse / rmse of the mean of the others)²: not above 0 where a map knows no more than that mean."""
    within_80: float
    """Share of values within ± 1.28 standard errors: 0.8 where the errors are honest."""


class Learned(msgspec.Struct, frozen=True):
    """What holds for all times of the same kind: a variogram of variance 1, and how much errors are widened.

    ``columns`` are the covariates of a regression, by their place in ``Sites.covariates``.
    """

    method: Method
    variogram: Variogram
    widened: float
    checked: Checked
    columns: tuple[int, ...] = ()


def refusal(stations: Sites, values: Floats) -> Reason | None:
    """Return why these values of one time (NaN: none) make no map, or ``None``; stations stand on spots of their own.

    >>> refusal(Sites(np.array([[0.0, 0], [1, 0], [0, 1]])), np.array([1.0, 2, 3]))
    'too_few_stations'
    """
    have = ~np.isnan(values)
    if have.sum() < FEWEST_STATIONS:
        return "too_few_stations"
    if np.ptp(values[have]) == 0:
        return "constant"
    centred = stations.positions[have] - stations.positions[have].mean(axis=0)
    across, along = np.linalg.svd(centred, compute_uv=False)[::-1]
    return "one_line" if across < 1e-6 * along else None


def learn(stations: Sites, values: Floats) -> Learned | None:
    """Return ordinary kriging or the better regression-kriging for ``values`` (times × stations, NaN: none).

    Covariates are taken one after the other, each time the one with which stations left out are foretold best, as long
    as that is better by ``LEAST_GAIN`` than without it. Times that make no map are left out; ``None`` when all are.
    """
    usable = np.array([refusal(stations, row) is None for row in values], bool)
    if not usable.any():
        return None
    best = _learn(Sites(stations.positions), values[usable], "ordinary", ())
    left = list(range(0 if stations.covariates is None else stations.covariates.shape[1]))
    while left:
        tried = [_with(stations, values[usable], (*best.columns, column)) for column in left]
        found = [each for each in tried if each is not None]
        better = min(found, key=lambda each: each.checked.rmse, default=None)
        if better is None or better.checked.rmse > (1 - LEAST_GAIN) * best.checked.rmse:
            break
        best = better
        left.remove(best.columns[-1])
    return best


def chosen(stations: Sites, columns: tuple[int, ...]) -> Sites:
    """Return the stations or cells with these covariates alone.

    >>> chosen(Sites(np.zeros((1, 2)), np.array([[1.0, 2.0, 3.0]])), (2, 0)).covariates.tolist()
    [[3.0, 1.0]]
    """
    if not columns or stations.covariates is None:
        return Sites(stations.positions)
    return Sites(stations.positions, stations.covariates[:, list(columns)])


def _with(stations: Sites, values: Floats, columns: tuple[int, ...]) -> Learned | None:
    """Return a regression on these covariates, or ``None`` when they cannot be used."""
    sites = chosen(stations, columns)
    if not all(explains(sites.part(have)) for have, _ in _patterns(values)):
        return None
    return _learn(sites, values, "regression", columns)


def _learn(stations: Sites, values: Floats, method: Method, columns: tuple[int, ...]) -> Learned:
    variogram = _variogram(stations, values, method)
    foretold, errors = left_out(stations, values, method, variogram)
    shares = (foretold - values) / np.maximum(errors, np.finfo(np.float64).tiny)
    widened = max(1.0, float(np.sqrt(np.nanmean(shares**2))))
    return Learned(method, variogram, widened, check(values, foretold, widened * errors), columns)


def left_out(stations: Sites, values: Floats, method: Method, variogram: Variogram) -> tuple[Floats, Floats]:
    """Return each value (times × stations) as foretold from the other stations of its time, and its standard error."""
    foretold, errors = np.full_like(values, np.nan), np.full_like(values, np.nan)
    for have, times in _patterns(values):
        part = stations.part(have)
        for time in times:
            own, spread = values[time, have], _spread(values[time])
            found = leave_one_out(part, own, variogram, method)
            foretold[time, have], errors[time, have] = found.values, spread * found.errors
    return foretold, errors


def check(values: Floats, foretold: Floats, errors: Floats) -> Checked:
    """Return how well stations left out were foretold (all three times × stations, NaN: none).

    >>> check(np.array([[1.0, 2, 3]]), np.array([[1.5, 2, 2.5]]), np.array([[0.3, 0.3, 1]]))
    Checked(times=1, values=3, rmse=0.408..., rmse_mean=1.224..., r2=0.888..., within_80=0.666...)
    """
    count = (~np.isnan(values)).sum(axis=1, keepdims=True)
    plain = (values - np.nanmean(values, axis=1, keepdims=True)) * count / np.maximum(count - 1, 1)
    wrong = foretold - values
    rmse, rmse_mean = (float(np.sqrt(np.nanmean(each**2))) for each in (wrong, plain))
    told = ~np.isnan(wrong)
    return Checked(
        times=len(values),
        values=int(told.sum()),
        rmse=rmse,
        rmse_mean=rmse_mean,
        r2=1 - (rmse / rmse_mean) ** 2 if rmse_mean > 0 else 0.0,
        within_80=float((np.abs(wrong[told]) <= NORMAL_80 * errors[told]).mean()),
    )


def foretell(stations: Sites, values: Floats, learned: Learned, cells: Sites) -> Predicted:
    """Return values and standard errors (times × cells): NaN beyond hull and range, and where a covariate is missing.

    A time that makes no map (``refusal``) is NaN everywhere.
    """
    stations, cells = chosen(stations, learned.columns), chosen(cells, learned.columns)
    shape = (len(values), len(cells))
    found, errors = np.full(shape, np.nan), np.full(shape, np.nan)
    for have, times in _patterns(values):
        part = stations.part(have)
        drawn = [time for time in times if refusal(stations, values[time]) is None]
        if not drawn:
            continue
        known = beyond(part.positions, cells.positions) <= learned.variogram.reach_m
        if learned.method == "regression" and cells.covariates is not None:
            known &= ~np.isnan(cells.covariates).any(axis=1)
        weights, unit = _weights(part, learned, cells.part(known))
        for time in drawn:
            found[time, known] = values[time, have] @ weights
            errors[time, known] = learned.widened * _spread(values[time]) * unit
    return Predicted(found, errors)


def _weights(stations: Sites, learned: Learned, cells: Sites) -> tuple[Floats, Floats]:
    weigher = Weigher(stations, learned.variogram, learned.method)
    return weigher.weights(cells)


def _patterns(values: Floats) -> Iterator[tuple[Flags, list[int]]]:
    """Yield which stations have a value, and at which times just these have."""
    patterns, which = np.unique(~np.isnan(values), axis=0, return_inverse=True)
    for number, have in enumerate(patterns):
        yield have, np.flatnonzero(which.ravel() == number).tolist()


def _spread(values: Floats) -> float:
    return float(np.nanstd(values, ddof=1))


def _variogram(stations: Sites, values: Floats, method: Method) -> Variogram:
    longest = float(np.hypot(*np.ptp(stations.positions, axis=0)))
    first = (3 if len(stations) >= 50 else 2, int(np.clip(len(stations) * (len(stations) - 1) / 120, 4, 15)))
    for share, lags in (first, *_WIDER):
        cutoff = longest / share
        settings = LagSettings(cutoff_m=cutoff, lags=lags or first[1])
        found = [empirical(*one, settings) for one in _standard(stations, values, method)]
        pooled = Empirical(*(np.concatenate(each) for each in zip(*map(msgspec.structs.astuple, found), strict=True)))
        if len(np.unique(np.ceil(pooled.distance_m / cutoff * settings.lags))) >= 3:
            return fit(pooled, longest, SHAPES)
    return _NUGGET


def _standard(stations: Sites, values: Floats, method: Method) -> Iterator[tuple[Floats, Floats]]:
    """Yield positions and values of each time at variance 1; for a regression what ordinary least squares leave."""
    for have, times in _patterns(values):
        part = stations.part(have)
        design = None
        if method == "regression" and part.covariates is not None:
            design = np.column_stack([np.ones(len(part)), part.covariates])
        for time in times:
            own = values[time, have] / _spread(values[time])
            yield part.positions, own if design is None else own - design @ np.linalg.lstsq(design, own, rcond=None)[0]
