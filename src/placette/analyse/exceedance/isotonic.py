"""Probabilities bent to what came: isotonic regression by pooling adjacent violators (Zadrozny & Elkan 2002).

Where few events have been seen, nothing is bent: the curve would be made of accidents.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


class Bending(msgspec.Struct, frozen=True, kw_only=True):
    """How much must have been seen before anything is bent."""

    least_events: Annotated[int, msgspec.Meta(ge=1, le=100_000)] = 30
    """So many times it must have come, and so many times not."""


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """From a probability as forecast (rising) to how often it came; both empty: nothing is bent."""

    forecast: list[float] = []
    came: list[float] = []

    def __call__(self, probability: npt.ArrayLike) -> Floats:
        """Return the bent probabilities, straight between the points of the curve."""
        given = np.asarray(probability, np.float64)
        return np.interp(given, self.forecast, self.came) if self.forecast else given


def fit(probability: npt.ArrayLike, happened: npt.ArrayLike, settings: Bending | None = None) -> Curve:
    """Return the rising curve nearest to what happened (1 or 0) in least squares; no curve below the least events.

    >>> fit([0.1, 0.2, 0.3, 0.4], [0, 1, 0, 1], Bending(least_events=1))
    Curve(forecast=[0.1, 0.25, 0.4], came=[0.0, 0.5, 1.0])
    """
    chosen = settings or Bending()
    given, came = np.asarray(probability, np.float64), np.asarray(happened, np.float64)
    there = ~(np.isnan(given) | np.isnan(came))
    given, came = given[there], came[there]
    if min(came.sum(), len(came) - came.sum()) < chosen.least_events:
        return Curve()
    values, place, counts = np.unique(given, return_inverse=True, return_counts=True)
    events = np.bincount(place, weights=came)
    pools: list[tuple[float, float, int]] = []
    for pool in zip((values * counts).tolist(), events.tolist(), counts.tolist(), strict=True):
        while pools and pools[-1][1] / pools[-1][2] >= pool[1] / pool[2]:
            last = pools.pop()
            pool = (last[0] + pool[0], last[1] + pool[1], last[2] + pool[2])  # noqa: PLW2901  # it swallows the last
        pools.append(pool)
    return Curve(
        forecast=[round(total / count, 6) for total, _, count in pools],
        came=[round(number / count, 6) for _, number, count in pools],
    )


def left_out(
    probability: npt.ArrayLike, happened: npt.ArrayLike, groups: npt.ArrayLike, settings: Bending | None = None
) -> Floats:
    """Return each probability bent by a curve that has not seen its own group (a day), so that judging it is fair."""
    given, came, group = np.asarray(probability, np.float64), np.asarray(happened, np.float64), np.asarray(groups)
    out = given.copy()
    for one in np.unique(group):
        mine = group == one
        out[mine] = fit(given[~mine], came[~mine], settings)(given[mine])
    return out
