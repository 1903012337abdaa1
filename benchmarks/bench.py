"""What the parts share: sizes, folders and the history they measure on."""

from __future__ import annotations

import shutil
import time
from pathlib import Path

from benchmarks import world
from benchmarks.plan import Plan, history_plan
from benchmarks.world import World

BATCH = 50_000
"""Rows per bulk body and per batch of history: 1.2 MB as Arrow."""


class Bench:
    """One run of the benchmark. ``sizes`` are the table sizes the queries are asked at."""

    def __init__(
        self, root: Path, work: Path, *, rows: int, datastreams: int, runs: int, crashes: int, large: bool
    ) -> None:
        self.root = root
        self.work = work
        self.rows = rows
        self.datastreams = datastreams
        self.runs = runs
        self.crashes = crashes
        self.sizes = (rows, rows * 10) if large else (rows,)
        self._histories: dict[int, tuple[Plan, World, float]] = {}

    def folder(self, name: str) -> Path:
        """Return a path in the working folder where nothing is yet."""
        path = self.work / name
        shutil.rmtree(path, ignore_errors=True)
        return path

    def history(self, rows: int) -> tuple[Plan, World, float]:
        """Return the plan, the data folder filled with it, and the rows per second it was filled at; made once."""
        if rows not in self._histories:
            plan = history_plan(rows, self.datastreams)
            started = time.perf_counter()
            made = world.make(self.work / f"history-{rows}", self.datastreams, plan.batches(BATCH))
            self._histories[rows] = (plan, made, plan.total / (time.perf_counter() - started))
        return self._histories[rows]

    def clear(self) -> None:
        """Remove everything that was made."""
        shutil.rmtree(self.work, ignore_errors=True)
