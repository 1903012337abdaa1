"""Two weeks of a fleet's ChirpStack log, played twice through a real broker and server: stored once, and right."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from benchmarks import fleet, mqtt_wire
from benchmarks.server import Server

from placette.store import Store

pytestmark = [pytest.mark.slow, pytest.mark.broker]

UPLINKS = 13_300


class Run:
    """A server beside a broker, and what was published so far."""

    def __init__(self, folder: Path, port: int) -> None:
        self.city = fleet.write_city(folder / "city", 2, fleet.by_mqtt(port))
        self.data = folder / "data"
        self.data.mkdir()
        self.port = port
        self.server: Server | None = None

    def start(self) -> Server:
        self.server = Server(self.data, "serve", "--city", str(self.city))
        self.server.wait()
        self.server.wait_for_networks()
        return self.server

    def play(self, server: Server, events: list[fleet.Event]) -> None:
        """Publish, and return once the last message is durable: the broker then holds none of them any more."""
        before = received(server)
        mqtt_wire.publish(self.port, [mqtt_wire.packet(n, e.topic, e.payload) for n, e in enumerate(events)])
        server.wait_until(lambda: received(server) == before + len(events), "not every message was received")
        server.wait_until(lambda: waiting(server) == 0, "not every message became durable")


def received(server: Server) -> int:
    return int(network(server)["received"])


def waiting(server: Server) -> int:
    return int(network(server)["waiting"])


def network(server: Server) -> dict[str, Any]:
    found: dict[str, Any] = json.loads(server.get("/api/health"))["networks"][0]
    return found


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    with mqtt_wire.mosquitto(tmp_path / "mosquitto") as port:
        made = Run(tmp_path, port)
        yield made
        if made.server is not None and made.server.process.poll() is None:
            made.server.stop()


def stored(data: Path) -> tuple[list[Any], int, int]:
    """Return the observations by thing and property, how many dead letters wait, and how many changes are on record."""
    store = Store.open(data / "placette.duckdb")
    try:
        rows = store.query_now(
            "SELECT d.code, epoch_us(o.phenomenon_time) AS time, o.result, u.counter, l.codec, l.mapping"
            " FROM observation o JOIN datastream d ON d.id = o.datastream_id JOIN thing t ON t.id = d.thing_id"
            " JOIN uplink u ON u.arrival_id = o.arrival_id AND u.thing_code = t.code"
            " JOIN lineage l ON l.id = u.lineage_id ORDER BY ALL"
        ).to_pylist()
        letters = store.query_now("SELECT count(*) AS n FROM dead_letter").to_pylist()[0]["n"]
        changes = store.query_now(  # quality control revises flags, never a result
            "SELECT count(*) AS n FROM observation_change WHERE old_result IS DISTINCT FROM new_result"
        ).to_pylist()[0]["n"]
        return rows, letters, changes
    finally:
        store.close()


def test_the_log_is_stored_once_however_often_it_is_played(run: Run) -> None:
    log = fleet.log(UPLINKS)
    assert len(log.events) > 13_900
    run.play(run.start(), log.events)
    run.server.stop()  # type: ignore[union-attr]
    first, letters, changes = stored(run.data)
    found: dict[tuple[str, int], dict[str, float]] = {}
    for row in first:
        thing, _, name = row["code"].partition("/")
        found.setdefault((thing, row["counter"]), {})[name] = row["result"]
    assert found.keys() == log.expected.keys()
    assert all(found[key] == pytest.approx(values) for key, values in log.expected.items())
    assert len(first) == sum(map(len, log.expected.values()))
    assert {row["codec"] for row in first if "-parking-" in row["code"] or "-door-" in row["code"]} == {""}
    assert letters >= log.lost > 0
    run.play(run.start(), log.events)
    run.server.stop()  # type: ignore[union-attr]
    second, _, changes_after = stored(run.data)
    assert second == first
    assert changes_after == changes == 0
