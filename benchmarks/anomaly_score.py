"""Scores detectors on known anomalies: recall, delay, false alarms, and how well faults are told from events."""

from __future__ import annotations

import time
from collections.abc import Iterable

import msgspec
import numpy as np

from benchmarks.anomaly_fit import GRACE, SHAPE_OF, found_of, rows_of
from benchmarks.anomaly_injections import Known, injected
from benchmarks.anomaly_rivals import RIVALS, rival_score
from benchmarks.anomaly_series import REPORTED, World
from placette.analyse.anomaly import causes
from placette.analyse.anomaly.detect import Looked, look
from placette.analyse.anomaly.grouping import clusters
from placette.analyse.anomaly.terms import Bools, Floats, Settings
from placette.services.anomaly.work import held

OURS = "Placette"
SEEDS = (1, 2)
APART = 6
HOURS_A_MONTH = 730.5
LIMIT = 1 / Settings().days_per_false_alarm


class Clean(msgspec.Struct, frozen=True, kw_only=True):
    """One city without any injection: false alarms per sensor and month by method, at its own and at our rate.

    ``scatter`` is the median absolute residual after each step of the expectation, as a share of the first.
    """

    world: World
    ours: float
    customary: dict[str, float]
    thresholds: dict[str, float]
    scatter: dict[str, float]
    cpu_s: float


class Try(msgspec.Struct, frozen=True, kw_only=True):
    """One known anomaly: which methods noticed it, how late we did (h), and what we took it for, early and late."""

    world: str
    known: Known
    noticed: dict[str, bool]
    delay: int | None
    faults: tuple[float, ...] = ()
    tops: tuple[str, ...] = ()


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that was measured."""

    clean: list[Clean]
    tries: list[Try]


def score(worlds: Iterable[World]) -> Scored:
    """Measure every world; injections only into those that are reported."""
    clean, tries = [], []
    for world in worlds:
        names = _rivals() if world.role == REPORTED else []
        one, scores, alarms = _clean(world, names)
        clean.append(one)
        if world.role == REPORTED:
            for seed in SEEDS:
                tries += _tries(world, seed, one, scores, alarms)
        print(f"  {world.name}: {one.ours:.2f} false alarms per sensor and month", flush=True)
    return Scored(clean=clean, tries=tries)


def _rivals() -> list[str]:
    try:
        import sklearn  # noqa: F401, PLC0415  # at hand in some places only
    except ImportError:
        return [name for name in RIVALS if name != "isolation forest"]
    return list(RIVALS)


def _clean(world: World, names: list[str]) -> tuple[Clean, dict[str, Floats], Bools]:
    began = time.process_time()
    looked = look(world.watched, first=world.test_from)
    spent = time.process_time() - began
    months = (len(world.watched.values) - world.test_from) / HOURS_A_MONTH * world.watched.values.shape[1]
    ours = sum(one.seen >= world.test_from for one in looked.anomalies) / months
    scores = {name: rival_score(name, world.watched.values, world.test_from) for name in names}
    judged = {name: each[world.test_from :] for name, each in scores.items()}
    found = Clean(
        world=world,
        ours=ours,
        customary={name: clusters(each >= RIVALS[name][1], APART) / months for name, each in judged.items()},
        thresholds={name: _matched(each, ours * months) for name, each in judged.items()},
        scatter=_scatter(looked, world.test_from),
        cpu_s=spent,
    )
    return found, scores, looked.rare <= LIMIT


def _matched(judged: Floats, allowed: float) -> float:
    """Return the lowest threshold at which a method gives no more alarms than we do on the same clean hours."""
    known = np.sort(judged[np.isfinite(judged)])
    low, high = 0, len(known) - 1
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if clusters(judged >= known[middle], APART) <= allowed else (middle + 1, high)
    return float(known[high])


def _scatter(looked: Looked, first: int) -> dict[str, float]:
    model, others = looked.scores.expected, looked.scores.followed
    whole = np.nanmedian(np.abs(model.raw[first:]), axis=0)
    whole = np.where(whole > 0, whole, np.nan)  # of coarse values half may be as expected
    alone = others.alone * model.slow_scale
    steps = {"level, weather": model.slow, "neighbours": alone, "hours before": model.fast}
    return {name: float(np.nanmedian(np.nanmedian(np.abs(x[first:]), axis=0) / whole)) for name, x in steps.items()}


def _tries(world: World, seed: int, clean: Clean, before: dict[str, Floats], alarms: Bools) -> list[Try]:
    values, known = injected(world, seed)
    watched = msgspec.structs.replace(world.watched, values=values)
    looked = look(watched, first=world.test_from)
    now = {name: rival_score(name, values, world.test_from) for name in clean.thresholds}
    found = []
    for one in known:
        part = slice(one.start, one.end + (GRACE if one.end - one.start <= 48 else 0))
        mine = (looked.rare[part, one.series] <= LIMIT) & ~alarms[part, one.series]
        noticed = {OURS: bool(mine.any())}
        for name, limit in clean.thresholds.items():
            new = (now[name][part, one.series] >= limit) & ~(before[name][part, one.series] >= limit)
            noticed[name] = bool(new.any())
        anomaly = found_of(one, looked, alarms)
        rows = rows_of(watched, looked, anomaly) if anomaly else []
        told = [
            held(causes.pointed(causes.shapes(row), anomaly.direction), seen, anomaly) for seen, row in rows if anomaly
        ]
        found.append(
            Try(
                world=world.name,
                known=one,
                noticed=noticed,
                delay=int(np.argmax(mine)) if mine.any() else None,
                faults=tuple(causes.is_fault(each, seen) for each, (seen, _) in zip(told, rows, strict=True)),
                tops=tuple(_top(each) for each in told),
            )
        )
    return found


def _top(shares: dict[str, float]) -> str:
    return max(shares, key=lambda shape: shares[shape])


def shape_of(known: Known) -> str:
    """Return the shape that a known anomaly has for the choice between causes."""
    return SHAPE_OF.get(known.kind.name, known.kind.name)
