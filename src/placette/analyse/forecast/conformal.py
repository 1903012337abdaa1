"""Quantiles corrected by what came: conformal shifts per level and hour of day.

The score of a past forecast is (actual − quantile) / width, the width that of its own 80 % interval; the shift of a
level is the same level's quantile of these scores (split conformal, Romano et al. 2019, one-sided per level), shrunk
towards none where few forecasts have been seen. Levels q and 1 − q move alike and apart, and the median stays: last
month's bias says little of the next month's.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast.terms import Floats, Ints


class Conformal(msgspec.Struct, frozen=True, kw_only=True):
    """How much record is needed: ``trust`` values per hour of day weigh as much as no shift at all."""

    trust: Annotated[float, msgspec.Meta(ge=0, le=100_000)] = 200.0


def shifts(actual: Floats, quantiles: Floats, hours: Ints, levels: Floats, settings: Conformal) -> Floats:
    """Return the shift per hour of day (0–23) and level, in widths; from values (n), quantiles (n × levels), hours (n).

    Levels are symmetric about one half.

    >>> hours = np.zeros(10_000, np.int64)
    >>> actual = np.linspace(0, 1, 10_000)
    >>> made = np.tile([0.25, 0.5, 0.75], (10_000, 1))  # right for the quartiles, asked as deciles
    >>> shifts(actual, made, hours, np.array([0.1, 0.5, 0.9]), Conformal(trust=0))[0].round(2).tolist()
    [-0.3, 0.0, 0.3]
    """
    out = np.zeros((24, len(levels)))
    width = np.maximum(quantiles[:, -1] - quantiles[:, 0], 1e-9)
    score = (actual[:, None] - quantiles) / width[:, None]
    for hour in range(24):
        seen = score[(hours == hour) & ~np.isnan(score[:, 0])]
        if len(seen):
            found = np.array([np.quantile(seen[:, k], level) for k, level in enumerate(levels)])
            out[hour] = (found - found[::-1]) / 2 * len(seen) / (len(seen) + settings.trust)
    return out


def corrected(quantiles: Floats, hours: Ints, shift: Floats) -> Floats:
    """Return quantiles (steps × series × levels) moved by the shifts of their hours, in order of their levels.

    >>> corrected(np.array([[[1.0, 2.0]]]), np.array([0]), np.full((24, 2), 0.5)).tolist()
    [[[1.5, 2.5]]]
    """
    width = quantiles[..., -1:] - quantiles[..., :1]
    return np.sort(quantiles + shift[hours][:, None, :] * width, axis=-1)
