"""``kill -9`` at random moments under load: every acknowledged observation is there after the restart, none twice."""

from __future__ import annotations

import os
import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from benchmarks.crash.verdict import Verdict, judge
from benchmarks.crash.writers import DATASTREAMS, FORMS, Repeater, Writer
from benchmarks.server import Server, city_folder
from benchmarks.world import World, make

KILLS = int(os.environ.get("PLACETTE_CRASHES", "8"))
BEGIN_S = 1_577_836_800
ROUND_S = 10 * 86_400
"""Every round writes into ten days of its own, so that its rows can be read by themselves."""

pytestmark = pytest.mark.slow


def test_what_was_acknowledged_survives_a_kill_and_is_stored_once(
    tmp_path: Path, record_property: Callable[[str, object], None]
) -> None:
    world = make(tmp_path / "data", DATASTREAMS)
    folder = city_folder(tmp_path / "city")
    seed = int.from_bytes(os.urandom(4), "big")
    chance = np.random.default_rng(seed)
    acknowledged, slowest = 0, 0.0
    total = Verdict()
    server = _start(world, folder)
    for number in range(KILLS):
        start_s = BEGIN_S + number * ROUND_S
        tables = _load_until_killed(server, world, start_s, chance)
        acknowledged += sum(table.num_rows for table in tables)
        server = _start(world, folder)
        slowest = max(slowest, server.first_answer_s)
        verdict = judge(server, world, tables, start_s, start_s + ROUND_S)
        for name in ("stored", "missing", "twice", "wrong"):
            setattr(total, name, getattr(total, name) + getattr(verdict, name))
    counted = server.stored()
    server.stop()
    for name, value in {
        "kills": KILLS, "acknowledged": acknowledged, "missing": total.missing, "twice": total.twice,
        "slowest_start_s": round(slowest, 2),
    }.items():  # fmt: skip
        record_property(name, value)
    assert (total.missing, total.twice, total.wrong) == (0, 0, 0), f"seed {seed}: {total}"
    assert counted == total.stored, f"seed {seed}: rounds lost or multiplied by later kills"
    assert acknowledged > 0


def _start(world: World, folder: Path) -> Server:
    server = Server(world.data, "serve", "--city", str(folder))
    server.wait()
    return server


def _load_until_killed(server: Server, world: World, start_s: int, chance: np.random.Generator) -> list[object]:
    """Let all writers run, kill the server at a random moment, and return what it had acknowledged."""
    over = threading.Event()
    writers = [Writer(world, server.port, number, start_s, over) for number in range(len(FORMS))]
    everybody = [*writers, Repeater(world, server.port, writers, over)]
    for writer in everybody:
        writer.start()
    time.sleep(chance.uniform(0.05, 1.5))
    if chance.random() < 0.25:  # while it is stopping in good order, which folds the log into the file
        server.process.send_signal(signal.SIGTERM)
        time.sleep(chance.uniform(0, 0.3))
    server.kill()
    over.set()
    for writer in everybody:
        writer.join()
        assert not writer.refused, writer.refused[0]
    return [table for writer in writers for table in writer.acknowledged]
