"""Known anomalies put into real series: what kind, how large, where and when. Same seed, same anomalies.

A size is in the series' own usual scatter at that hour of the week (1.4826 · MAD around the median, in its own unit),
or in hours where the kind says so.
"""

from __future__ import annotations

import warnings

import msgspec
import numpy as np

from benchmarks.anomaly_series import World
from placette.analyse.anomaly.terms import Floats

WEEK = 168
SLOT = 28 * 24
"""Hours between two anomalies of one series: the first must be forgotten."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of anomaly: whether it is a fault, its sizes and what they mean, how long it lasts (h)."""

    name: str
    fault: bool
    sizes: tuple[float, ...]
    unit: str
    hours: int
    shared: bool = False


KINDS = (
    Kind(name="spike", fault=True, sizes=(4, 7, 12), unit="scatters, 1 h", hours=1),
    Kind(name="drop", fault=True, sizes=(2, 3, 5), unit="scatters down, 12 h", hours=12),
    Kind(name="offset", fault=True, sizes=(1, 2, 4), unit="scatters, 14 days", hours=14 * 24),
    Kind(name="drift", fault=True, sizes=(2, 4, 8), unit="scatters after 21 days", hours=21 * 24),
    Kind(name="stuck", fault=True, sizes=(6, 12, 24), unit="hours", hours=0),
    Kind(name="clock", fault=True, sizes=(1, 2), unit="hours, for 14 days", hours=14 * 24),
    Kind(name="noise", fault=True, sizes=(2, 4), unit="times the scatter, 3 days", hours=72),
    Kind(name="crowd", fault=False, sizes=(2, 4, 8), unit="scatters at height, 6 h, several", hours=6, shared=True),
    Kind(name="closure", fault=False, sizes=(2, 3, 5), unit="scatters down, 12 h, several", hours=12, shared=True),
    Kind(name="episode", fault=False, sizes=(2, 4, 8), unit="scatters, 48 h, all stations", hours=48, shared=True),
    Kind(name="lone event", fault=False, sizes=(2, 4, 8), unit="scatters at its height, 6 h, one sensor", hours=6),
)  # fmt: skip


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """One injected anomaly of one series, hours as places in the table (``end`` excluded)."""

    kind: Kind
    size: float
    series: int
    start: int
    end: int


def kinds_of(world: World) -> tuple[Kind, ...]:
    """Return the kinds that make sense in a city: crowds before counters and microphones, episodes in the air."""
    absent = {"episode"} if world.event == "crowd" else {"crowd", "closure"}
    return tuple(kind for kind in KINDS if kind.name not in absent)


def injected(world: World, seed: int) -> tuple[Floats, list[Known]]:
    """Return the values with anomalies in the judged part, and what they are."""
    chance = np.random.default_rng(seed)
    values = world.watched.values.copy()
    scatter = _scatter(values, world.test_from)
    kinds = kinds_of(world)
    shared = [kind for kind in kinds if kind.shared]
    single = [kind for kind in kinds if not kind.shared]
    known: list[Known] = []
    number = 0
    for slot in range(world.test_from, len(values) - SLOT, SLOT):
        everyone = chance.permutation(values.shape[1])
        if (number + seed) % 3 == 0:
            kind = shared[int(chance.integers(len(shared)))]
            some = everyone if kind.name == "episode" else everyone[: max(2, round(0.6 * len(everyone)))]
            size = float(chance.choice(kind.sizes))
            start = _start(chance, slot, kind)
            put = [(kind, size * float(chance.uniform(0.6, 1.4)), size, int(one), start) for one in some]
        else:
            some = everyone[: max(1, round(len(everyone) / 3))]
            put = []
            for one in some:
                kind = single[int(chance.integers(len(single)))]
                size = float(chance.choice(kind.sizes))
                put.append((kind, size, size, int(one), _start(chance, slot, kind)))
        for kind, size, nominal, series, start in put:
            end = start + (int(size) if kind.name == "stuck" else kind.hours)
            if np.isnan(values[start - 24 : end, series]).mean() > 0.1:
                continue
            floor = 0.0 if np.nanmin(values[:, series]) >= 0 else -np.inf
            _put(values, scatter, chance, (kind, size, series, start, end), floor, world.watched.counted[series])
            known.append(Known(kind=kind, size=nominal, series=series, start=start, end=end))
        number += 1
    return values, known


def _start(chance: np.random.Generator, slot: int, kind: Kind) -> int:
    """Return an hour of the slot's first six days: by day for what people do."""
    midnight = slot + int(chance.integers(6)) * 24
    by_day = kind.name in ("crowd", "closure", "lone event", "stuck", "drop")
    return midnight + (int(chance.integers(9, 17)) if by_day else int(chance.integers(24)))


def _put(
    values: Floats,
    scatter: Floats,
    chance: np.random.Generator,
    one: tuple[Kind, float, int, int, int],
    floor: float,
    counted: bool,
) -> None:
    kind, size, series, start, end = one
    hours = np.arange(start, end)
    spread = scatter[hours % WEEK, series]
    before = values[start:end, series]
    step = np.arange(1, len(hours) + 1) / len(hours)
    if kind.name == "stuck":
        after = np.full(len(hours), values[start - 1, series])
    elif kind.name == "clock":
        by = int(size) * int(chance.choice((-1, 1)))
        after = values[hours - by, series].copy()
    elif kind.name == "noise":
        after = before + chance.normal(0, np.sqrt(size**2 - 1), len(hours)) * spread
    else:
        sign = float(chance.choice((-1, 1))) if kind.name in ("spike", "offset", "drift") else 1.0
        after = before + sign * size * _shape(kind.name, step) * spread
    after = np.maximum(after, floor)
    after = np.round(after) if counted else after
    values[start:end, series] = np.where(np.isnan(before), np.nan, after)


def _shape(name: str, step: Floats) -> Floats:
    if name in ("crowd", "lone event"):
        return np.asarray(np.sin(np.pi * (step - step[0] / 2)))
    if name == "episode":
        return np.minimum(1.0, np.minimum(step * 4, (1 + step[0] - step) * 4))
    if name == "drift":
        return step
    return np.full(len(step), -1.0 if name in ("drop", "closure") else 1.0)


def _scatter(values: Floats, test_from: int) -> Floats:
    """Return 1.4826 · MAD by hour of the week of the year before, three tenths of its median at the least."""
    first = max(0, test_from - 52 * WEEK) // WEEK * WEEK
    past = values[first:test_from]
    weeks = past[: len(past) // WEEK * WEEK].reshape(-1, WEEK, values.shape[1])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        found = 1.4826 * np.nanmedian(np.abs(weeks - np.nanmedian(weeks, axis=0)), axis=0)
        return np.fmax(found, 0.3 * np.nanmedian(found, axis=0))
