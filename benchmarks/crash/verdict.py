"""What a server gives back, held against what it acknowledged."""

from __future__ import annotations

import json
from urllib.parse import quote

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.crash.writers import DATASTREAMS, SECOND, expected
from benchmarks.server import Server
from benchmarks.world import World
from placette.model.times import iso


class Verdict(msgspec.Struct):
    """Counts over all datastreams and a stretch of time."""

    stored: int = 0
    missing: int = 0
    twice: int = 0
    wrong: int = 0


def judge(server: Server, world: World, acknowledged: list[pa.Table], start_s: int, end_s: int) -> Verdict:
    """Read everything between two instants through the API and compare it with what was acknowledged."""
    verdict = Verdict()
    whole = pa.concat_tables(acknowledged) if acknowledged else None
    for position in range(DATASTREAMS):
        seconds, results = _read(server, int(world.ids[position]), start_s, end_s)
        distinct = np.unique(seconds)
        verdict.stored += len(seconds)
        verdict.twice += len(seconds) - len(distinct)
        verdict.wrong += int((results != expected(position, seconds)).sum())
        if whole is not None:
            mine = whole.filter(pa.compute.equal(whole["position"], position))
            sent = mine["phenomenon_time"].cast(pa.int64()).to_numpy() // SECOND
            verdict.missing += int((~np.isin(np.unique(sent), distinct)).sum())
    return verdict


def _read(server: Server, datastream: int, start_s: int, end_s: int) -> tuple[np.ndarray, np.ndarray]:
    times = f"start={quote(iso(start_s * SECOND))}&end={quote(iso(end_s * SECOND))}"
    found = json.loads(server.get(f"/api/series?datastream={datastream}&interval=raw&{times}"))["series"][0]
    assert not found["truncated"], "the test stores more than one answer may hold"
    return np.array(found["time"], np.float64).astype(np.int64), np.array(found["result"], np.float64)
