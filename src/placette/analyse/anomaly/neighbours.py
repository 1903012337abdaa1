"""What the others do at the same hour: series that have moved together, and what is left when they are followed."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly.terms import DAY, Floats, Settings, Watched

_LEARNT_WEEKS = 13
_WEEK = 7 * DAY
_LEAST_CORRELATION = 0.2
_FEWEST_HOURS = 14 * DAY
_CLIP = 4.0


class Followed(msgspec.Struct, frozen=True, kw_only=True):
    """``weights`` (weeks × series × series): the correlation of the weeks before with each neighbour, 0 for others.

    ``common`` (hours × series) is what the neighbours of a series do, in its own sign and in scales; ``alone`` is the
    residual in scales without it.
    """

    weights: Floats
    common: Floats
    alone: Floats

    def of(self, hour: int, series: int) -> Floats:
        """Return the weights that a series gives to the others at an hour."""
        return np.asarray(self.weights[min(hour // _WEEK, len(self.weights) - 1), series])


def followed(residuals: Floats, watched: Watched, settings: Settings) -> Followed:
    """Return what the neighbours say of each hour; ``residuals`` (hours × series) are in scales."""
    clipped = np.clip(residuals, -_CLIP, _CLIP)
    weights = _weights(clipped, _may(watched, settings), settings.neighbours)
    known = ~np.isnan(clipped)
    common = np.full(clipped.shape, np.nan)
    for week, weight in enumerate(weights):
        hours = slice(week * _WEEK, min((week + 1) * _WEEK, len(clipped)))
        strength = known[hours].astype(np.float64) @ np.abs(weight).T
        with np.errstate(divide="ignore", invalid="ignore"):
            common[hours] = (np.nan_to_num(clipped[hours]) @ weight.T) / strength
    common[np.isnan(common)] = 0.0
    return Followed(weights=weights, common=common, alone=residuals - _slope(clipped, common) * common)


def _may(watched: Watched, settings: Settings) -> Floats:
    """Return 1 where one series may be a neighbour of another: near enough, or nowhere known; 0 elsewhere."""
    place = watched.positions
    away = np.hypot(*(place[:, None] - place[None]).transpose(2, 0, 1))
    may = (np.isnan(away) | (away <= settings.near_m)).astype(np.float64)
    np.fill_diagonal(may, 0.0)
    return np.asarray(may)


def _weights(clipped: Floats, may: Floats, most: int) -> Floats:
    """Return signed correlations of the quarter before each week with the ``most`` closest series."""
    known = ~np.isnan(clipped)
    filled, present = np.nan_to_num(clipped), known.astype(np.float64)
    weeks = -(-len(clipped) // _WEEK)
    parts = [slice(week * _WEEK, (week + 1) * _WEEK) for week in range(weeks)]
    products = np.stack([filled[part].T @ filled[part] for part in parts])
    squares = np.stack([(filled[part] ** 2).T @ present[part] for part in parts])
    numbers = np.stack([present[part].T @ present[part] for part in parts])
    product, square, number = (_before(each) for each in (products, squares, numbers))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = product / np.sqrt(square * square.transpose(0, 2, 1))
    good = (number >= _FEWEST_HOURS) & (np.abs(found) >= _LEAST_CORRELATION)
    found = np.where(good, found, 0.0) * may
    if most < found.shape[2]:
        least = -np.partition(-np.abs(found), max(most - 1, 0), axis=2)[:, :, max(most - 1, 0)]
        found = np.where((np.abs(found) >= least[:, :, None]) & (most > 0), found, 0.0)
    return np.asarray(found)


def _slope(own: Floats, common: Floats) -> Floats:
    """Return how far a series follows its neighbours, by the quarter before each week; 0 to 2."""
    there = np.where(np.isnan(own), 0.0, common)
    weeks = -(-len(own) // _WEEK)
    room = ((0, weeks * _WEEK - len(own)), (0, 0))

    def weekly(values: Floats) -> Floats:
        return _before(np.pad(values, room).reshape(weeks, _WEEK, -1).sum(axis=1))

    product, square = weekly(np.nan_to_num(own) * there), weekly(there**2)
    slope = np.clip(product / (square + _FEWEST_HOURS * 0.05), 0.0, 2.0)
    return np.asarray(np.repeat(slope, _WEEK, axis=0)[: len(own)])


def _before(weekly: Floats) -> Floats:
    total = np.concatenate([np.zeros((1, *weekly.shape[1:])), np.cumsum(weekly, axis=0)])[:-1]
    return np.asarray(total - total[np.maximum(np.arange(len(weekly)) - _LEARNT_WEEKS, 0)])
