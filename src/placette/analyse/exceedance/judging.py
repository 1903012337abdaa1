"""How good probabilities were: Brier score, skill against what always happens at that hour, reliability.

Brier (1950); the skill score and the reliability table follow Wilks, Statistical Methods in the Atmospheric Sciences,
chapter 9.
"""

from __future__ import annotations

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.forecast import scores

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """Brier score of probabilities, that of the climatology, and the skill: the share of its score that was saved.

    ``skill`` is ``None`` where the climatology was faultless (mostly because the event never came).
    """

    count: int
    events: int
    brier: float
    climatology: float
    skill: float | None


class Bin(msgspec.Struct, frozen=True, kw_only=True):
    """Forecasts of about one probability: their mean, how often it came, how many there were."""

    forecast: float
    came: float
    count: int


def judge(happened: npt.ArrayLike, probability: npt.ArrayLike, climatology: npt.ArrayLike) -> Judged | None:
    """Return how good probabilities were; pairs with a NaN count nowhere, ``None`` when none is left.

    >>> judge([1, 0, 1], [0.9, 0.2, 0.6], [0.5, 0.5, 0.5])
    Judged(count=3, events=2, brier=0.07, climatology=0.25, skill=0.72)
    """
    came, given = np.asarray(happened, np.float64), np.asarray(probability, np.float64)
    usual = np.asarray(climatology, np.float64)
    there = ~(np.isnan(came) | np.isnan(given) | np.isnan(usual))
    if not there.any():
        return None
    ours = float(scores.brier(came[there], given[there]).mean())
    theirs = float(scores.brier(came[there], usual[there]).mean())
    return Judged(
        count=int(there.sum()),
        events=int(came[there].sum()),
        brier=round(ours, 6),
        climatology=round(theirs, 6),
        skill=round(1 - ours / theirs, 4) if theirs > 0 else None,
    )


def climatology(happened: npt.ArrayLike, slots: Ints, count: int) -> Floats:
    """Return how often it came in each of ``count`` slots (hours of the week); NaN where nothing was seen.

    Two times of nothing known, half of them an event, are drawn towards the mean of all slots: one week is no climate.

    >>> climatology([1, 1, 0, 0], np.array([0, 0, 1, 1]), 3).round(3).tolist()
    [0.75, 0.25, nan]
    """
    came = np.asarray(happened, np.float64)
    there = ~np.isnan(came)
    seen = np.bincount(slots[there], minlength=count).astype(np.float64)
    events = np.bincount(slots[there], weights=came[there], minlength=count)
    mean = came[there].mean() if there.any() else np.nan
    return np.asarray(np.where(seen > 0, (events + 2 * mean) / (seen + 2), np.nan))


def reliability(happened: npt.ArrayLike, probability: npt.ArrayLike, bins: int = 10) -> list[Bin]:
    """Return the reliability table over equal intervals of probability; empty ones are left out.

    >>> reliability([0, 0, 1, 1], [0.05, 0.15, 0.95, 0.85], 2)
    [Bin(forecast=0.1, came=0.0, count=2), Bin(forecast=0.9, came=1.0, count=2)]
    """
    came, given = np.asarray(happened, np.float64), np.asarray(probability, np.float64)
    there = ~(np.isnan(came) | np.isnan(given))
    came, given = came[there], given[there]
    place = np.minimum((given * bins).astype(np.int64), bins - 1)
    return [
        Bin(
            forecast=round(float(given[place == one].mean()), 4),
            came=round(float(came[place == one].mean()), 4),
            count=int((place == one).sum()),
        )
        for one in np.unique(place)
    ]
