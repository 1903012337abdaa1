"""A prior as a few hundred kilobytes: only what a forecast needs, few digits, compressed."""

from __future__ import annotations

import lzma

import msgspec
import numpy as np

from placette.analyse.forecast import neural
from placette.analyse.forecast.boosted import Boosters, lightgbm
from placette.analyse.forecast.prior import Prior
from placette.analyse.forecast.terms import Floats

NEEDED = ("Tree=", "num_leaves", "num_cat", "split_feature", "decision_type", "left_child", "right_child", "shrinkage")
ROUNDED = ("threshold=", "leaf_value=")
"""Of a tree's text; all else of it is statistics of its making."""
FIRST = "Tree=0\n"


class _Sight(msgspec.Struct, array_like=True):
    middle: list[float]
    scale: list[float]
    known: list[bool]
    values: dict[int, list[float]]


class _Packed(msgspec.Struct, array_like=True):
    features: int
    trees: list[str]
    sight: _Sight
    spread: float
    nets: list[list[tuple[tuple[int, int], bytes]]]


def packed(prior: Prior) -> bytes:
    """Return a prior as bytes; numbers keep five digits, networks half precision."""
    (sight,) = prior.networks.sights
    made = _Packed(
        features=prior.trees.features,
        trees=[_lean(booster.model_to_string()) for booster in prior.trees.boosters],
        sight=_Sight(
            middle=_few(sight.middle),
            scale=_few(sight.scale),
            known=sight.known.tolist(),
            values={column: seen.tolist() for column, seen in sight.values.items()},
        ),
        spread=prior.networks.spread,
        nets=[
            [((len(layer), layer.shape[1]), layer.astype("<f2").tobytes()) for layer in net]
            for net in prior.networks.nets
        ],
    )
    return lzma.compress(msgspec.msgpack.encode(made), preset=9)


def unpacked(data: bytes) -> Prior:
    """Return what was packed; raises ``NotFound`` without LightGBM."""
    made = msgspec.msgpack.decode(lzma.decompress(data), type=_Packed)
    sight = neural.Sight(
        middle=np.array(made.sight.middle),
        scale=np.array(made.sight.scale),
        known=np.array(made.sight.known),
        values={column: np.array(seen) for column, seen in made.sight.values.items()},
    )
    nets = [[np.frombuffer(raw, "<f2").reshape(shape).astype(np.float32) for shape, raw in net] for net in made.nets]
    networks = neural.Networks(sights=[sight], bounds=[made.features], nets=nets, spread=made.spread)
    boosters = [lightgbm().Booster(model_str=text) for text in made.trees]
    return Prior(trees=Boosters(boosters=boosters, features=made.features), networks=networks)


def _few(values: Floats) -> list[float]:
    return [float(f"{value:.5g}") for value in values.tolist()]


def _lean(text: str) -> str:
    head, rest = text.split(FIRST, 1)
    body = rest.split("end of trees", 1)[0]
    kept = [_short(line) for line in (FIRST + body).split("\n") if not line or line.startswith(NEEDED + ROUNDED)]
    top = "\n".join(line for line in head.split("\n") if not line.startswith("tree_sizes="))
    return f"{top}{chr(10).join(kept)}end of trees\n"


def _short(line: str) -> str:
    if not line.startswith(ROUNDED):
        return line
    name, values = line.split("=", 1)
    return f"{name}={' '.join(f'{float(value):.5g}' for value in values.split())}"
