"""What speaks for a fault and what for an event: figures about one anomaly, its neighbours and its shape."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.anomaly.charts import CHARTS, Scores
from placette.analyse.anomaly.grouping import Anomaly
from placette.analyse.anomaly.terms import DAY, Floats, Watched

NEAR_M = 300.0
STRANGE = 1.5
"""Mean deviation, in scales, either way, from which a device near by is strange in the same hours."""
MOVED = 1.0
"""Scales in its own direction from which a neighbour has moved too."""
_RARE = 4.0
_EXPECTED_ROUGHNESS = 0.8
"""Mean absolute value of a standard normal residual."""


class Evidence(msgspec.Struct, frozen=True, kw_only=True):
    """Scales unless said otherwise; what cannot be known is 0."""

    neighbours: int
    """Series that usually move with it and have values of these hours."""
    moved: int
    """How many of them moved the same way."""
    moved_by: float
    """By how much on average those that moved; of all of them when none did."""
    followed: float
    """What the neighbours together did, in the anomaly's direction."""
    alone: float
    """What is left of the anomaly when the neighbours are followed."""
    around: int
    """Other devices within 300 m, of whatever property, with values of these hours; 0 where positions are unknown."""
    strange: int
    """How many of them were strange in the same hours, either way."""
    peak: float
    """The largest deviation of an hour, with its sign."""
    abrupt: float
    """The largest step from what the hour before let expect, within the first three hours."""
    smooth: float
    """Correlation of deviations with those an hour later, -1 to 1."""
    bell: float
    """Correlation with half a wave from an hour before to an hour after, -1 to 1: what gathers and goes, or a block."""
    roughness: float
    """Logarithm (to the base 2) of hour-to-hour scatter over its usual."""
    longest_run: int
    """Hours of one and the same value."""
    missing_before: int
    """Hours without a value among the 24 before it began."""
    shift: int
    """Hours by which a wrong clock would explain it best, 0 where it would not."""
    zeros: float
    """Share of its values that are zero where less was seen than expected, 0 elsewhere."""
    impossible: int
    """Hours with a value that cannot be (a negative count)."""
    hours: int


FEATURES = (
    "share_moved", "no_neighbours", "followed", "alone", "peak", "negative", "abrupt", "smooth", "rough", "still_run",
    "log_hours", "to_zero", "gap", "bell", "lone_smooth", "lone_abrupt", "lone_bell", "lone_hours", *CHARTS,
)  # fmt: skip
"""What the choice between causes looks at, in this order; charts by how rare their score was (-log10, at most 4)."""


def evidence(watched: Watched, scores: Scores, one: Anomaly) -> Evidence:
    """Return the evidence of an anomaly."""
    hours = slice(one.start, one.end + 1)
    own = np.clip(scores.residuals[hours, one.series], -30, 30)
    direction = one.direction or int(np.sign(np.nansum(own)) or 1)
    weights = scores.followed.of(one.seen, one.series)
    there = np.flatnonzero(weights)
    means = _means(scores.residuals[hours][:, there]) * np.sign(weights[there]) * direction
    known = ~np.isnan(means)
    means = means[known]
    moved = means >= MOVED
    fast = np.nan_to_num(np.clip(scores.steps[hours, one.series], -30, 30))
    peak = float(own[np.nanargmax(np.abs(own))]) if (~np.isnan(own)).any() else 0.0
    values = watched.values[hours, one.series]
    around, strange = _around(watched, scores, one)
    return Evidence(
        zeros=_zeros(values, direction),
        around=around,
        strange=strange,
        neighbours=len(means),
        moved=int(moved.sum()),
        moved_by=float(means[moved].mean() if moved.any() else means.mean() if len(means) else 0.0),
        followed=_mean(scores.followed.common[hours, one.series]) * direction,
        alone=_mean(scores.followed.alone[hours, one.series]) * direction,
        peak=peak,
        abrupt=float(np.abs(fast[:3]).max(initial=0.0)),
        smooth=_smoothness(own),
        bell=_bell(scores.residuals[max(0, one.start - 1) : one.end + 2, one.series] * direction),
        roughness=float(np.log2((np.abs(fast).mean() + 0.02) / _EXPECTED_ROUGHNESS)) if len(fast) >= 6 else 0.0,
        longest_run=int(scores.runs[hours, one.series].max(initial=0)),
        missing_before=int(np.isnan(watched.values[max(0, one.start - DAY) : one.start, one.series]).sum()),
        shift=int(scores.shift[one.seen, one.series]) if one.rarest["clock"] < 0.01 else 0,
        impossible=int(((values < 0) & watched.counted[one.series]).sum()),
        hours=one.end - one.start + 1,
    )


def _zeros(values: Floats, direction: int) -> float:
    known = values[~np.isnan(values)]
    return float(np.mean(known == 0)) if len(known) and direction < 0 else 0.0


def _around(watched: Watched, scores: Scores, one: Anomaly) -> tuple[int, int]:
    """Return how many other devices near by have values of these hours, and how many were strange in them."""
    away = np.hypot(*(watched.positions - watched.positions[one.series]).T)
    near = np.flatnonzero((away > 1.0) & (away <= NEAR_M))  # two devices never hang within a metre of each other
    means = np.abs(_means(scores.residuals[one.start : one.end + 1][:, near]))
    places = watched.positions[near].round(1)
    devices = {tuple(place) for place in places[~np.isnan(means)].tolist()}
    moved = {tuple(place) for place in places[np.nan_to_num(means) >= STRANGE].tolist()}
    return len(devices), len(moved)


def features(watched: Watched, one: Anomaly, seen: Evidence) -> Floats:
    """Return the evidence as the row of numbers that ``FEATURES`` names."""
    lone = 1 - seen.moved / seen.neighbours if seen.neighbours else 0.0
    charts = [min(-np.log10(max(one.rarest[name], 1e-9)), _RARE) for name in CHARTS]
    return np.array(
        [
            seen.moved / seen.neighbours if seen.neighbours else 0.0,
            float(seen.neighbours == 0),
            np.clip(seen.followed, -4, 4),
            np.clip(seen.alone, -6, 6),
            min(abs(seen.peak), 15.0) / 3,
            float(one.direction < 0),
            min(seen.abrupt, 15.0) / 3,
            seen.smooth,
            np.clip(seen.roughness, -4, 4),
            min(seen.longest_run, 24) / 6,
            np.log2(seen.hours),
            seen.zeros,
            seen.missing_before / DAY,
            seen.bell,
            lone * seen.smooth,
            lone * min(seen.abrupt, 15.0) / 3,
            lone * seen.bell,
            lone * np.log2(seen.hours),
            *charts,
        ]
    )


def _means(columns: Floats) -> Floats:
    number = np.count_nonzero(~np.isnan(columns), axis=0)
    total = np.nansum(np.clip(columns, -8, 8), axis=0)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)


def _mean(values: Floats) -> float:
    known = values[~np.isnan(values)]
    return float(np.clip(known, -30, 30).mean()) if len(known) else 0.0


def _smoothness(own: Floats) -> float:
    """Return the correlation of neighbouring hours, 0 for fewer than four."""
    if len(own) < 4:
        return 0.0
    first, second = own[:-1], own[1:]
    both = ~np.isnan(first + second)
    if both.sum() < 3 or first[both].std() < 1e-9 or second[both].std() < 1e-9:
        return 0.0
    return float(np.corrcoef(first[both], second[both])[0, 1])


def _bell(own: Floats) -> float:
    """Return how much deviations look like half a wave, 0 for fewer than five hours.

    >>> round(_bell(np.sin(np.pi * np.arange(9) / 8)), 2), round(_bell(np.array([0.0, 3, 3, 3, 3, 0])), 2)
    (1.0, 0.93)
    """
    known = ~np.isnan(own)
    wave = np.sin(np.pi * np.arange(len(own)) / max(len(own) - 1, 1))[known]
    left = np.clip(own[known], -8, 8)
    if len(left) < 5 or left.std() < 1e-9:
        return 0.0
    return float(np.corrcoef(left, wave)[0, 1])


NOTHING = Evidence(
    zeros=0.0,
    around=0,
    strange=0,
    neighbours=0,
    moved=0,
    moved_by=0.0,
    followed=0.0,
    alone=0.0,
    peak=0.0,
    abrupt=0.0,
    smooth=0.0,
    bell=0.0,
    roughness=0.0,
    longest_run=0,
    missing_before=0,
    shift=0,
    impossible=0,
    hours=0,
)
"""No evidence at all."""
