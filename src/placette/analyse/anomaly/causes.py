"""Why an hour was abnormal: a fault of the sensor or an event of the city, each cause with a probability.

A multinomial regression of the evidence gives nine shapes their probabilities, fitted on known anomalies put into real
series of some cities; a second one says how likely it is none of them, fitted on the alarms that these series gave
without any. Both are judged on other cities (docs/anomalies.md, ``causes.toml``). What they cannot have learnt there
(what day it was, what the weather did, who worked at the device) then parts each shape among the causes that fit.
"""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec
import numpy as np

from placette.analyse.anomaly.evidence import FEATURES, Evidence
from placette.analyse.anomaly.terms import Bools, Floats

SHAPES = ("spike", "drop", "offset", "drift", "stuck", "clock", "noise", "rise", "fall")
"""What the regression tells apart: seven faults, two events."""
EVENTS = ("rise", "fall")
UNKNOWN = "unknown"
"""What also comes without a known anomaly: chance, and what nobody has named."""
CITYWIDE = frozenset({"weather", "heat", "cold", "episode", "clearing", "holiday"})
"""Causes that act on a whole city at once."""
MODEL = "causes.toml"
Family = Literal["count", "sound", "air", "heat", "other"]
_OTHER_WAY = {1: (("fall", "rise"), ("drop", "spike")), -1: (("rise", "fall"),)}
_LEVELS = frozenset({"offset", "drift", "stuck"})
_ALL_ZERO = 0.9
"""Share of zeros from which a level that fell is a dead channel."""
_LEAST = 0.05
_MOST = 4
_PENALTY = 0.003
_STEPS = 600


class Model(msgspec.Struct, frozen=True, kw_only=True):
    """Weights (shapes × (1 + features)) of standardised features; ``about`` says what it was fitted on.

    ``unknown`` (1 + features) weighs for none of them.
    """

    about: str
    features: tuple[str, ...]
    shapes: tuple[str, ...]
    mean: list[float]
    spread: list[float]
    weights: list[list[float]]
    unknown: list[float]


class Context(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside the series: the day, the weather (scales from what is usual), the device."""

    family: Family = "other"
    by_day: bool = True
    """Whether it touches the hours from 6 to 15, in which markets are held."""
    holiday: str = ""
    market: str = ""
    event: str = ""
    warmth: float = 0.0
    rain: float = 0.0
    wind: float = 0.0
    worked_on: bool = False
    """Something was done at the device within two days of the beginning."""
    battery_low: bool = False


class Cause(msgspec.Struct, frozen=True):
    """A candidate; ``confidence`` is its share, all candidates together at most 1."""

    key: str
    confidence: float
    fault: bool | None
    """``None``: neither."""


@cache
def model() -> Model:
    """Return the fitted model that comes with the program."""
    text = files("placette.analyse.anomaly").joinpath(MODEL).read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Model)


def shapes(row: Floats, fitted: Model | None = None) -> dict[str, float]:
    """Return the probability of each shape, and of none, from the features of one anomaly."""
    chosen = fitted or model()
    x = np.append(1.0, (row - np.array(chosen.mean)) / np.array(chosen.spread))
    none = float(_softmax(np.array([0.0, x @ np.array(chosen.unknown)]))[1])
    known = (1 - none) * _softmax(np.array(chosen.weights) @ x)
    return dict(zip(chosen.shapes, known.tolist(), strict=True)) | {UNKNOWN: none}


def pointed(probabilities: dict[str, float], direction: int) -> dict[str, float]:
    """Return the probabilities with those shapes that go the other way given to their like: what rose is no closure.

    >>> pointed({"rise": 0.5, "fall": 0.3, "drop": 0.1, "spike": 0.1}, 1)
    {'rise': 0.8, 'fall': 0.0, 'drop': 0.0, 'spike': 0.2}
    """
    found = dict(probabilities)
    for wrong, right in _OTHER_WAY.get(direction, ()):
        found[right] = round(found.get(right, 0.0) + found.get(wrong, 0.0), 12)
        found[wrong] = 0.0
    return found


def fit(rows: Floats, labels: list[str], about: str) -> Model:
    """Fit both regressions to features (anomalies × features) of known shapes; all shapes count the same.

    Ridge penalty, Nesterov's accelerated descent from zero: the same rows give the same weights.
    """
    mean, spread = rows.mean(axis=0), rows.std(axis=0) + 1e-9
    x = np.concatenate([np.ones((len(rows), 1)), (rows - mean) / spread], axis=1)
    names = np.array(labels)
    known = names != UNKNOWN
    weights = _fitted(x[known], names[known][:, None] == np.array(SHAPES)[None])
    none = _fitted(x, np.stack([known, ~known], axis=1))
    return Model(
        about=about,
        features=FEATURES,
        shapes=SHAPES,
        mean=mean.round(5).tolist(),
        spread=spread.round(5).tolist(),
        weights=weights.round(4).tolist(),
        unknown=(none[1] - none[0]).round(4).tolist(),
    )


def _fitted(x: Floats, truth: Bools) -> Floats:
    """Return the weights (classes × features) of a multinomial regression in which all classes count the same."""
    each = (truth / np.maximum(truth.sum(axis=0), 1)).sum(axis=1)
    each /= each.sum()
    rate = 2.0 / float(np.linalg.eigvalsh(x.T @ (x * each[:, None]))[-1] + _PENALTY)
    weights = ahead = np.zeros((truth.shape[1], x.shape[1]))
    for step in range(_STEPS):
        slope = ((_softmax(x @ ahead.T) - truth) * each[:, None]).T @ x + _PENALTY * ahead
        before, weights = weights, ahead - rate * slope
        ahead = weights + step / (step + 3) * (weights - before)
    return weights


def causes(probabilities: dict[str, float], seen: Evidence, context: Context) -> list[Cause]:
    """Return the causes that may be meant, the likeliest first, four at the most.

    >>> from placette.analyse.anomaly.evidence import NOTHING
    >>> found = causes({"rise": 0.9, "stuck": 0.1}, NOTHING, Context(family="count", market="Tuesday market"))
    >>> [(each.key, round(each.confidence, 2)) for each in found]
    [('crowd', 0.45), ('market', 0.45), ('stuck', 0.1)]
    """
    if seen.impossible:
        return [Cause("impossible", 1.0, fault=True)]
    found: dict[tuple[str, bool | None], float] = {}
    for shape, share in probabilities.items():
        parts = _events(shape, seen, context) if shape in EVENTS else _faults(shape, seen, context)
        total = sum(parts.values())
        for key, weight in parts.items():
            name = key, None if shape == UNKNOWN else shape not in EVENTS
            found[name] = found.get(name, 0.0) + share * weight / total
    ordered = [Cause(key, round(share, 3), fault) for (key, fault), share in found.items() if share >= _LEAST]
    ordered.sort(key=lambda cause: -cause.confidence)
    return _both(ordered)


def _both(ordered: list[Cause]) -> list[Cause]:
    """Return the first causes; the likeliest fault and the likeliest event are among them."""
    firsts = {cause.fault: cause for cause in reversed(ordered)}
    kept = [firsts[side] for side in (True, False) if side in firsts]
    rest = [cause for cause in ordered if cause not in kept][: _MOST - len(kept)]
    return sorted([*kept, *rest], key=lambda cause: -cause.confidence)


def is_fault(probabilities: dict[str, float], seen: Evidence) -> float:
    """Return the probability that it is a fault, given that it is a fault or an event."""
    event = sum(probabilities.get(shape, 0.0) for shape in EVENTS)
    known = 1 - probabilities.get(UNKNOWN, 0.0)
    return 1.0 if seen.impossible else float(np.clip(1 - event / max(known, 1e-9), 0.0, 1.0))


def _faults(shape: str, seen: Evidence, context: Context) -> dict[str, float]:
    silent = shape == "drop" or (shape in _LEVELS and seen.zeros >= _ALL_ZERO)
    name = "dead" if silent else shape
    parts = {name: 1.0}
    if context.worked_on and shape in ("offset", "spike", "noise", "drop", "drift"):
        parts["moved"] = 3.0
    if context.battery_low and shape in ("stuck", "noise", "drop", "drift"):
        parts["battery"] = 2.0
    return parts


def _events(shape: str, seen: Evidence, context: Context) -> dict[str, float]:
    """Return how much each event speaks for itself: a plain one 1, one that coincides 3 (practice, not fitted).

    A market 1: it is held on its weekdays, so that what it usually brings is expected.
    """
    people = context.family in ("count", "sound")
    parts = {_plain(shape, seen, context): 1.0}
    if people:
        parts |= {key: 3.0 for key, there in (("event", context.event), ("holiday", context.holiday)) if there}
        parts |= {"market": 1.0} if context.market and context.by_day else {}
        bad = max(context.rain, context.wind) > 2 or abs(context.warmth) > 3
        parts |= {"weather": 3.0} if bad else {}
    elif context.family == "air" and shape == "fall":
        parts |= {"weather": 3.0} if max(context.rain, context.wind) > 1 else {}
    return parts


def _plain(shape: str, seen: Evidence, context: Context) -> str:
    up = shape == "rise"
    shared = seen.neighbours > 0 and seen.moved * 2 >= seen.neighbours
    if context.family == "air":
        return ("episode" if shared else "plume") if up else "clearing"
    if context.family == "heat":
        return "heat" if up else "cold"
    if context.family in ("count", "sound"):
        return "crowd" if up else "closure"
    return "change"


def _softmax(scores: Floats) -> Floats:
    """Return probabilities over the last axis."""
    shifted = np.exp(scores - scores.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True))
