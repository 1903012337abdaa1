"""Fits the choice between causes on the cities that serve to choose, and writes it where the program reads it."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import msgspec
import numpy as np

from benchmarks.anomaly_injections import Known, injected
from benchmarks.anomaly_series import CHOSEN, World
from placette.analyse.anomaly import causes, evidence, grouping
from placette.analyse.anomaly.detect import Looked, look
from placette.analyse.anomaly.grouping import Anomaly
from placette.analyse.anomaly.terms import Bools, Floats, Watched

SHAPE_OF = {"crowd": "rise", "episode": "rise", "lone event": "rise", "closure": "fall"}
SEEDS = range(10, 16)
GRACE = 6
"""Hours after a short anomaly within which an alarm still belongs to it."""


def found_of(known: Known, looked: Looked, clean: Bools) -> Anomaly | None:
    """Return the anomaly that was found for a known one, ``None`` when none was or there was one before already."""
    last = known.end + (GRACE if known.end - known.start <= 48 else 0)
    for one in looked.anomalies:
        before = clean[max(0, one.seen - 1) : one.seen + 2, one.series].any()
        if one.series == known.series and known.start <= one.seen < last and not before:
            return one
    return None


def rows_of(watched: Watched, looked: Looked, one: Anomaly) -> list[tuple[evidence.Evidence, Floats]]:
    """Return the evidence when all of it is known, and as it stood in the hour it was noticed."""
    seen = []
    for each in (one, grouping.until(one, looked.rarity, one.seen)):
        found = evidence.evidence(watched, looked.scores, each)
        seen.append((found, evidence.features(watched, each, found)))
    return seen


def fit(worlds: Iterable[World]) -> causes.Model:
    """Fit on every world that serves to choose."""
    rows, labels, names = [], [], []
    for world in worlds:
        if world.role != CHOSEN:
            continue
        names.append(world.name)
        clean = look(world.watched, first=world.test_from)
        alarms = clean.rare <= 1 / 30
        for one in clean.anomalies:
            if one.seen >= world.test_from:
                rows += [row for _, row in rows_of(world.watched, clean, one)]
                labels += [causes.UNKNOWN] * 2
        for seed in SEEDS:
            values, known = injected(world, seed)
            watched = msgspec.structs.replace(world.watched, values=values)
            looked = look(watched, first=world.test_from)
            for each in known:
                one = found_of(each, looked, alarms)
                if one is not None:
                    both = rows_of(watched, looked, one)
                    rows += [row for _, row in both]
                    labels += [SHAPE_OF.get(each.kind.name, each.kind.name)] * len(both)
    chance = labels.count(causes.UNKNOWN) // 2
    about = f"{len(rows) // 2 - chance} known anomalies and {chance} other alarms in series of {', '.join(names)}"
    return causes.fit(np.array(rows), labels, about)


def write(fitted: causes.Model, path: Path) -> None:
    """Write a fitted model as TOML."""
    lines = ["# Written by `PLACETTE_FIT_CAUSES=1 python -m benchmarks --only anomaly`; no number is typed by hand."]
    for name, value in msgspec.to_builtins(fitted).items():
        if name == "weights":
            lines += ["weights = [", *(f"    {row}," for row in value), "]"]
        else:
            lines.append(f"{name} = {msgspec.json.encode(value).decode()}")
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
