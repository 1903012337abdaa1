"""A small neural quantile forecaster in NumPy, on the same examples as the trees: smooth where trees are steps.

Two hidden layers, all levels at once, trained by Adam (Kingma & Ba 2015) on the weighted pinball loss, with dropout of
the inputs; the answer is the mean of a few networks. The last quarter of training lets the rate fall to zero.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.forecast.learning import FITTED, Lesson
from placette.analyse.forecast.terms import Floats

Narrow = npt.NDArray[np.float32]
Weights = list[Narrow]


class Neural(msgspec.Struct, frozen=True, kw_only=True):
    """Size of the networks and length of their training."""

    width: Annotated[int, msgspec.Meta(ge=4, le=512)] = 48
    networks: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    steps: Annotated[int, msgspec.Meta(ge=10, le=100_000)] = 1_200
    batch: Annotated[int, msgspec.Meta(ge=16, le=8_192)] = 512
    rate: Annotated[float, msgspec.Meta(gt=0, le=0.1)] = 0.003
    decay: Annotated[float, msgspec.Meta(ge=0, le=10)] = 0.1
    drop: Annotated[float, msgspec.Meta(ge=0, le=0.9)] = 0.1
    seed: int = 1


class Sight(msgspec.Struct, frozen=True, kw_only=True):
    """How features become inputs: centred and scaled by quartiles, cut at ±4, missing ones 0; few values one by one."""

    middle: Floats
    scale: Floats
    known: npt.NDArray[np.bool]
    """Features that had values to learn from."""
    values: dict[int, Floats]

    def of(self, given: Floats) -> Narrow:
        """Return the inputs of features."""
        plain = np.nan_to_num(np.clip((given - self.middle) / self.scale, -4, 4), nan=0.0) * self.known
        apart = [(given[:, column, None] == seen).astype(np.float64) for column, seen in self.values.items()]
        return np.concatenate([plain, *apart, np.ones((len(given), 1))], axis=1).astype(np.float32)


class Networks(msgspec.Struct, frozen=True, kw_only=True):
    """Networks that learnt with different seeds, and how wide their targets were."""

    sights: list[Sight]
    """How features are seen: those up to the bound of the first by the first, the rest by the second."""
    bounds: list[int]
    nets: list[Weights]
    spread: float

    def __call__(self, given: Floats) -> Floats:
        """Return the mean quantiles of examples (examples × levels)."""
        seen = self.seen(given)
        return np.asarray(np.mean([_layers(net, seen)[-1] for net in self.nets], axis=0) * self.spread, np.float64)

    def seen(self, given: Floats) -> Narrow:
        """Return the inputs of features."""
        starts = [0, *self.bounds]
        parts = zip(self.sights, pairwise(starts), strict=True)
        return np.concatenate([sight.of(given[:, first:after]) for sight, (first, after) in parts], axis=1)


def fit(lesson: Lesson, settings: Neural, prior: Networks | None = None) -> Networks:
    """Learn the networks from the lesson, or go on from where a prior stands; the same seed gives the same networks."""
    if prior:
        rest = lesson.given[:, lesson.shared :]
        begun = _widened(prior, _sight(rest), lesson)
    else:
        spread = float(np.std(lesson.target)) or 1.0
        begun = Networks(sights=[_sight(lesson.given)], bounds=[lesson.given.shape[1]], nets=[], spread=spread)
    inputs = begun.seen(lesson.given)
    target = (lesson.target / begun.spread).astype(np.float32)
    weight = lesson.weight.astype(np.float32)
    nets = [
        _train(inputs, target, weight, settings, settings.seed + number, begun.nets[number] if begun.nets else None)
        for number in range(len(begun.nets) or settings.networks)
    ]
    return msgspec.structs.replace(begun, nets=nets)


def _widened(prior: Networks, sight: Sight, lesson: Lesson) -> Networks:
    """Return the prior's networks with inputs for what this panel alone has, unheard as yet."""
    more = sight.of(lesson.given[:1, lesson.shared :]).shape[1]
    nets = []
    for first, *rest in prior.nets:
        nets.append([np.concatenate([first, np.zeros((more, first.shape[1]), np.float32)]), *rest])
    bounds = [lesson.shared, lesson.given.shape[1]]
    return Networks(sights=[*prior.sights, sight], bounds=bounds, nets=nets, spread=prior.spread)


def _sight(given: Floats) -> Sight:
    quartiles = np.nanpercentile(np.where(np.isnan(given).all(axis=0), 0.0, given), [25, 50, 75], axis=0)
    scale = (quartiles[2] - quartiles[0]) / 1.35
    whole = [c for c in range(given.shape[1]) if np.array_equal(given[:, c], np.round(given[:, c]))]
    values = {column: np.unique(given[:, column]) for column in whole}
    return Sight(
        middle=quartiles[1],
        scale=np.where(scale > 0, scale, 1.0),
        known=np.asarray(~np.isnan(given).all(axis=0)),
        values={column: seen for column, seen in values.items() if 2 < len(seen) <= 64},
    )


def _train(
    inputs: Narrow, target: Narrow, weight: Narrow, settings: Neural, seed: int, begun: Weights | None
) -> Weights:
    chance = np.random.default_rng(seed)
    net = [layer.copy() for layer in begun or _fresh(inputs.shape[1], settings, chance)]
    first, second = [np.zeros_like(w) for w in net], [np.zeros_like(w) for w in net]
    for step in range(1, settings.steps + 1):
        rows = chance.integers(0, len(target), settings.batch)
        kept = chance.random((1, inputs.shape[1])) >= settings.drop
        slopes = _slopes(net, inputs[rows] * kept.astype(np.float32), target[rows], weight[rows])
        rate = settings.rate * min(1.0, 4 * (1 - step / settings.steps))
        for number, slope in enumerate(slopes):
            first[number] += 0.1 * (slope - first[number])
            second[number] += 0.01 * (slope**2 - second[number])
            move = first[number] / (1 - 0.9**step) / (np.sqrt(second[number] / (1 - 0.99**step)) + 1e-8)
            net[number] -= rate * (move + settings.decay * net[number])
    return net


def _fresh(inputs: int, settings: Neural, chance: np.random.Generator) -> Weights:
    sizes = (inputs, settings.width, settings.width, len(FITTED))
    net = [(chance.standard_normal(pair) * np.sqrt(2 / pair[0])).astype(np.float32) for pair in pairwise(sizes)]
    net[-1] *= 0.1
    return net


def _layers(net: Weights, inputs: Narrow) -> Weights:
    first = np.maximum(inputs @ net[0], 0)
    second = np.maximum(first @ net[1], 0)
    return [inputs, first, second, second @ net[2]]


def _slopes(net: Weights, inputs: Narrow, target: Narrow, weight: Narrow) -> Weights:
    inputs, first, second, out = _layers(net, inputs)
    levels = np.array(FITTED, np.float32)
    loss = (np.where(target[:, None] > out, -levels, 1 - levels) * (weight / len(target))[:, None]).astype(np.float32)
    back = (loss @ net[2].T) * (second > 0)
    back_first = (back @ net[1].T) * (first > 0)
    return [inputs.T @ back_first, first.T @ back, second.T @ loss]
