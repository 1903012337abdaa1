"""A disk that fills up under a running city: a clear 507, reading goes on, and storing resumes by itself."""

from __future__ import annotations

import json
import shutil
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from benchmarks import encode, mqtt_wire
from benchmarks.server import Server, serving
from benchmarks.world import World, make

DATASTREAMS = 100
BATCH = 20_000
BEGIN_S = 1_577_836_800
RESERVE = 64 << 20
"""What the store keeps free (StoreSettings.disk_reserve_mib)."""
PATIENCE_S = 30

pytestmark = pytest.mark.slow


@pytest.fixture
def world(small_disk: Path) -> World:
    return make(small_disk / "data", DATASTREAMS)


def test_a_full_disk_is_507_until_there_is_room_and_loses_nothing(small_disk: Path, world: World) -> None:
    with serving(world.data) as server:
        ballast = _leave(small_disk, RESERVE + (8 << 20))
        stored, problem = _post_until_refused(server, world)
        assert stored > 0
        assert problem["status"] == 507
        assert "the disk is full" in problem["what"]
        assert "make room" in problem["remedy"]
        assert server.stored() == stored * BATCH
        ballast.unlink()
        assert _post(server, world, stored)[0] == 201
        assert server.stored() == (stored + 1) * BATCH
    with serving(world.data) as server:
        assert server.stored() == (stored + 1) * BATCH


@pytest.mark.broker
def test_messages_that_find_the_disk_full_wait_at_the_broker(small_disk: Path, world: World, tmp_path: Path) -> None:
    try:
        broker = mqtt_wire.mosquitto(tmp_path / "broker")
        with broker as port, serving(world.data, broker_port=port) as server:
            server.wait_for_networks()
            ballast = _leave(small_disk, RESERVE - (1 << 20))
            frames = encode.frames(_batch(0).slice(0, 5_000))
            mqtt_wire.publish(port, [mqtt_wire.packet(n, topic, body) for n, (topic, body) in enumerate(frames)])
            assert server.stored() == 0
            ballast.unlink()
            deadline = time.monotonic() + PATIENCE_S
            while server.stored() < 5_000 and time.monotonic() < deadline:
                time.sleep(0.1)
            assert server.stored() == 5_000
    except FileNotFoundError as missing:
        pytest.skip(str(missing))


def _leave(folder: Path, free: int) -> Path:
    """Fill the disk up to so many free bytes."""
    ballast = folder / "ballast"
    ballast.write_bytes(bytes(shutil.disk_usage(folder).free - free))
    return ballast


def _post_until_refused(server: Server, world: World) -> tuple[int, dict[str, object]]:
    """Post bodies until one is refused; return how many were stored, and the refusal."""
    for number in range(2_000):
        status, answer = _post(server, world, number)
        if status >= 300:
            return number, answer
    raise AssertionError("the disk never filled up")


def _post(server: Server, world: World, number: int) -> tuple[int, dict[str, object]]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE_S)
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": encode.ARROW}
    connection.request("POST", "/api/observations", encode.arrow(world, _batch(number)), headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content


def _batch(number: int) -> pa.Table:
    """Rows that do not compress, newer than those of the batch before."""
    per_stream = BATCH // DATASTREAMS
    seconds = BEGIN_S + number * per_stream + np.repeat(np.arange(per_stream), DATASTREAMS)
    return pa.table(
        {
            "position": np.tile(np.arange(DATASTREAMS), per_stream),
            "phenomenon_time": pa.array(seconds * 1_000_000).cast(pa.timestamp("us")),
            "result": np.random.default_rng(number).random(BATCH),
        }
    )
