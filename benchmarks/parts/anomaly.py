"""Anomalies: known ones put into real series of several cities, and what one would use instead."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator
from pathlib import Path

import msgspec
import numpy as np

from benchmarks import anomaly_fit, anomaly_report, anomaly_score, anomaly_series, machine
from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from placette.analyse.anomaly.detect import look
from placette.analyse.anomaly.terms import Watched

PART = "anomaly"
ABOUT = (
    "*False alarms* and *recall* on series of Auckland, Leeds, Dublin, Beijing, Aix and Marseille; thresholds were "
    "chosen on others. The tables by kind and size, and the rivals, are in docs/anomalies.md. *CPU*: one look at 100 "
    "hourly datastreams with 420 days behind them, in one process."
)
SERIES, DAYS = 100, 420
FIT = "PLACETTE_FIT_CAUSES"
"""Set to 1, the choice between causes is fitted anew before it is judged."""


def run(bench: Bench) -> Iterator[Result]:
    """Measure the look, then, where the real data is, everything else; write docs/anomalies.md."""
    yield Figure(
        part=PART,
        name="CPU of one look at 100 datastreams",
        unit="s",
        target=10,
        values=tuple(_look() for _ in range(bench.runs)),
    )
    folder = Path(os.environ.get("PLACETTE_SHARED", bench.root.parent / "shared")) / "data"
    if not folder.is_dir():
        yield Skipped(part=PART, name="known anomalies", reason=f"the real data is not here: {folder}")
        return
    if os.environ.get(FIT) == "1":
        path = bench.root / "src" / "placette" / "analyse" / "anomaly" / "causes.toml"
        anomaly_fit.write(anomaly_fit.fit(anomaly_series.worlds(folder)), path)
        anomaly_fit.causes.model.cache_clear()
    scored = anomaly_score.score(anomaly_series.worlds(folder))
    stamp = f"Measured {time.strftime('%Y-%m-%d', time.gmtime())} at commit {machine.commit(bench.root)}."
    anomaly_report.write(bench.root / "docs" / "anomalies.md", anomaly_report.text(scored, stamp))
    found = anomaly_report.summary(scored)
    yield _figure("false alarms per sensor and month, the worst city", found["worst"], "", 1.0)
    yield _figure("known anomalies noticed", found["recall"], "", None, more=True)
    yield _figure(
        "known anomalies noticed by the best rival at as many false alarms", found["rival"], "", None, more=True
    )
    yield _figure("said to be a fault and is one", found["fault"], "", None, more=True)
    yield _figure("said to be an event and is one", found["event"], "", None, more=True)
    yield _figure("left undecided, of those noticed", found["undecided"], "", None)


def _figure(name: str, value: float, unit: str, target: float | None, *, more: bool = False) -> Figure:
    return Figure(part=PART, name=name, unit=unit, target=target, at_least=more, values=(value,))


def _look() -> float:
    """Return the CPU seconds of one look at made-up counts, 28 days judged as the running city does."""
    chance = np.random.default_rng(1)
    hours = np.arange(DAYS * 24)
    level = 200 * (1.1 + np.sin((hours % 24 - 9) / 24 * 2 * np.pi))[:, None] * chance.uniform(0.2, 3, SERIES)
    watched = Watched(
        values=chance.poisson(level).astype(np.float64),
        first_day=20_000,
        kinds=("pedestrians",) * SERIES,
        counted=(True,) * SERIES,
        positions=chance.uniform(0, 2_000, (SERIES, 2)),
    )
    began = time.process_time()
    look(msgspec.structs.replace(watched), first=len(hours) - 28 * 24)
    return time.process_time() - began
