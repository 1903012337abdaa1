"""The eight city tasks: their data, windows and seasonality, as their authors set them.

fev-bench: autogluon/fev@1bc95fd7 (Shchur et al. 2025). GIFT-Eval: SalesforceAIResearch/gift-eval@4fd98a9f (Aksu et al.
2024): windows = min(max(1, ⌈0.1·T/h⌉), 20). Windows roll by the horizon, the last one ends with the data.
"""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import numpy as np

from placette.analyse.forecast.terms import DAY_S, HOUR_S, Floats, Panel
from placette.model.errors import NotFound

TARGETS = ("C6H6(GT)", "CO(GT)", "NO2(GT)", "NOx(GT)")
COVARIATES = ("T", "RH", "AH")
KINDS = ("temperature", "humidity", "")
"""What they are; the file does not say in which unit its AH is."""
AIR = "uci_air_quality/AirQualityUCI.csv.gz"
TRAFFIC = "madrid_m_dense/m_dense_hourly.csv.gz"


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """One row of a published table: which data, how far ahead, how many windows, and how its scores are averaged."""

    key: str
    bench: str
    """``fev`` or ``gift``: whose scores."""
    published: str
    """Its name in the published table."""
    source: str
    step_s: int
    horizon: int
    windows: int
    season: int
    targets: bool = False
    """The series are targets of one item: scores are averaged per target first (fev-bench)."""

    def cuts(self, length: int) -> list[int]:
        """Return the count of known steps at each window's origin."""
        return [length - self.horizon * (self.windows - number) for number in range(self.windows)]


TASKS = (
    Task(key="fev/air/1H", bench="fev", published="uci_air_quality_1H", source=AIR, step_s=HOUR_S, horizon=168,
         windows=20, season=24, targets=True),
    Task(key="fev/air/1D", bench="fev", published="uci_air_quality_1D", source=AIR, step_s=DAY_S, horizon=28,
         windows=11, season=7, targets=True),
    Task(key="fev/traffic/1H", bench="fev", published="M_DENSE_1H", source=TRAFFIC, step_s=HOUR_S, horizon=168,
         windows=10, season=24),
    Task(key="fev/traffic/1D", bench="fev", published="M_DENSE_1D", source=TRAFFIC, step_s=DAY_S, horizon=28,
         windows=10, season=7),
    Task(key="gift/traffic/H/short", bench="gift", published="m_dense/h/short", source=TRAFFIC, step_s=HOUR_S,
         horizon=48, windows=20, season=24),
    Task(key="gift/traffic/H/medium", bench="gift", published="m_dense/h/medium", source=TRAFFIC, step_s=HOUR_S,
         horizon=480, windows=4, season=24),
    Task(key="gift/traffic/H/long", bench="gift", published="m_dense/h/long", source=TRAFFIC, step_s=HOUR_S,
         horizon=720, windows=3, season=24),
    Task(key="gift/traffic/D", bench="gift", published="m_dense/d/short", source=TRAFFIC, step_s=DAY_S, horizon=30,
         windows=3, season=1),
)  # fmt: skip


def load(task: Task, folder: Path) -> Panel:
    """Read a task's data from the folder of benchmarks; raises ``NotFound`` where the file is absent."""
    file = folder / task.source
    if not file.is_file():
        raise NotFound("The benchmark's data is not here.", str(file), "Name its folder with --data.")
    hourly = _air(file) if task.source == AIR else _traffic(file)
    return hourly if task.step_s == HOUR_S else daily(hourly, summed=task.source == TRAFFIC)


def _traffic(file: Path) -> Panel:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = list(csv.reader(lines))[1:]
    values = np.array([row[1:] for row in rows], np.float64)
    start = datetime.strptime(rows[0][0], "%Y-%m-%d %H:%M").replace(tzinfo=UTC)
    return Panel(values=values, start_s=int(start.timestamp()), step_s=HOUR_S, known=np.empty((len(values), 0)))


def _air(file: Path) -> Panel:
    with gzip.open(file, "rt", encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines, delimiter=";") if row["Date"]]
    table = np.array([[float(row[name].replace(",", ".")) for name in TARGETS + COVARIATES] for row in rows])
    table[table == -200] = np.nan  # the authors' code of a missing value
    start = datetime.strptime(f"{rows[0]['Date']} {rows[0]['Time']}", "%d/%m/%Y %H.%M.%S").replace(tzinfo=UTC)
    count = len(TARGETS)
    begin, known = int(start.timestamp()), table[:, count:]
    return Panel(values=table[:, :count], start_s=begin, step_s=HOUR_S, known=known, kinds=KINDS)


def daily(hourly: Panel, *, summed: bool) -> Panel:
    """Return whole days: sums, or means of what is there; incomplete first and last days are dropped."""
    first = -hourly.start_s // HOUR_S % 24
    days = (len(hourly.values) - first) // 24
    return Panel(
        values=_of_days(hourly.values, first, days) * (24 if summed else 1),
        start_s=hourly.start_s + first * HOUR_S,
        step_s=DAY_S,
        known=_of_days(hourly.known, first, days),
        kinds=hourly.kinds,
    )


def _of_days(values: Floats, first: int, days: int) -> Floats:
    cut = values[first : first + days * 24].reshape(days, 24, values.shape[1])
    there = (~np.isnan(cut)).sum(axis=1)
    return np.where(there > 0, np.nansum(cut, axis=1) / np.maximum(there, 1), np.nan)
