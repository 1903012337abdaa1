"""From the start of the process to its first answer, memory at rest, and bytes on disk."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

from benchmarks import encode, wire
from benchmarks.bench import BATCH, Bench
from benchmarks.figures import Figure, Result
from benchmarks.plan import stream_plan
from benchmarks.server import Server, city_folder, serving
from benchmarks.world import World, make

PART = "start"
ABOUT = (
    "Seconds from launching `placette serve` to the first answer of `/api/health`, with the database dropped from the "
    "page cache before each start (programs and libraries stay cached). Resident memory is what `/proc` says right "
    "after that answer. Bytes per observation are the file's after the history was filled in and the process ended."
)
START_S = 1.5
MEMORY_MB = 500
BYTES = 14
UNSAVED_ROWS = 500_000


def run(bench: Bench) -> Iterator[Result]:
    """Start several times on every table size, then once more after a SIGKILL with work in the log."""
    for rows in bench.sizes:
        plan, made, rate = bench.history(rows)
        yield _one("filling the history through the store", "observations/s", rate, rows)
        yield Figure(
            part=PART, name="bytes per observation on disk", unit="bytes", target=BYTES, rows=rows,
            values=(made.bytes_on_disk() / plan.total,),
        )  # fmt: skip
        seconds, memory = [], []
        for _ in range(bench.runs + 2):
            _forget(made.database)
            with serving(made.data) as server:
                seconds.append(server.first_answer_s)
                memory.append(server.memory().now)
        yield Figure(
            part=PART, name="start to first answer", unit="s", values=tuple(seconds), target=START_S, rows=rows
        )
        yield Figure(
            part=PART, name="resident memory after the start", unit="MB", values=tuple(memory), target=MEMORY_MB,
            rows=rows,
        )  # fmt: skip
    yield from _after_kill(bench)


def _after_kill(bench: Bench) -> Iterator[Result]:
    """Measure the start that follows a SIGKILL, when the log must be replayed."""
    seconds = []
    for _ in range(bench.runs):
        made = make(bench.folder("killed"), bench.datastreams)
        folder = city_folder(made.data.parent / "killed-city")
        server = Server(made.data, "serve", "--city", str(folder))
        server.wait()
        requests = [
            wire.request("POST", "/api/observations", encode.arrow(made, table), encode.ARROW, made.token)
            for table in stream_plan(UNSAVED_ROWS, bench.datastreams).batches(BATCH)
        ]
        wire.drive(server.port, requests, 4).check()
        server.kill()
        seconds.append(_start_again(made, folder))
    yield Figure(
        part=PART, name=f"start after SIGKILL, {UNSAVED_ROWS:,} observations since the first start", unit="s",
        values=tuple(seconds),
    )  # fmt: skip


def _start_again(made: World, folder: Path) -> float:
    _forget(made.database)
    server = Server(made.data, "serve", "--city", str(folder))
    server.wait()
    stored = server.stored()
    server.stop()
    if stored != UNSAVED_ROWS:
        raise RuntimeError(f"{UNSAVED_ROWS:,} were acknowledged before the kill, {stored:,} are there after it")
    return server.first_answer_s


def _forget(file: Path) -> None:
    """Drop a file from the page cache, as after a reboot; needs no rights (posix_fadvise)."""
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
        os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def _one(name: str, unit: str, value: float, rows: int) -> Figure:
    return Figure(part=PART, name=name, unit=unit, values=(value,), rows=rows, at_least=True)
