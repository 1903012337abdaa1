"""MQTT through a real Mosquitto: acknowledged means durable, whoever dies in between."""

from __future__ import annotations

import asyncio
import signal
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from placette.connect.mqtt import Credentials, MqttNetwork, Updates
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, StorageFailure
from placette.model.networks import Taken
from placette.store import Store, inbox

pytestmark = pytest.mark.broker
EVERYTHING = ("devices/+/up", "v1.1/+/Observations", "v1.1/Observations")


def frame(minute: int, value: float = 1.0) -> str:
    return f'{{"time": "2026-07-01T12:{minute:02}:00Z", "values": {{"pm10": {value}}}}}'


async def rows(store: Store) -> list[dict[str, Any]]:
    table = await store.query("SELECT datastream_id, phenomenon_time, result FROM observation ORDER BY ALL")
    found: list[dict[str, Any]] = table.to_pylist()
    return found


class Recorder:
    """A sink that keeps arrivals in memory, and first raises what it is told to."""

    def __init__(self, *errors: Exception) -> None:
        self.errors = list(errors)
        self.arrivals: list[Arrival] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        await self.gate.wait()
        if self.errors:
            raise self.errors.pop(0)
        self.arrivals += arrivals
        return Taken(len(arrivals), 0)

    @property
    def texts(self) -> list[str]:
        return [arrival.payload.decode() for arrival in self.arrivals]


@pytest.mark.parametrize("version", ["5", "3.1.1"])
async def test_frames_and_sensorthings_creates_are_stored(
    mosquitto: Any, store: Store, running: Any, until: Any, version: str
) -> None:
    network = MqttNetwork(mosquitto.config(topics=EVERYTHING, version=version), MessageIntake(store))
    async with running(network):
        await until(lambda: network.health.connected)
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", frame(0, 17))
        await asyncio.to_thread(mosquitto.publish, "v1.1/Datastreams(3)/Observations", '{"result": 4}', qos=0)
        await until(lambda: network.health.stored == 2)
    assert [(row["datastream_id"], row["result"]) for row in await rows(store)] == [(1, 17.0), (3, 4.0)]
    assert (network.health.received, network.health.dead, network.health.waiting) == (2, 0, 0)
    assert network.health.last_frame_time > 0


async def test_what_cannot_be_used_is_kept_and_acknowledged(
    mosquitto: Any, store: Store, running: Any, until: Any
) -> None:
    network = MqttNetwork(mosquitto.config(), MessageIntake(store))
    async with running(network):
        await until(lambda: network.health.connected)
        bad = ["{", '{"values": {"pm10": 1, "pm1": 2}}', '{"time": "2199-01-01T00:00:00Z", "values": {"pm10": 3}}']
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", *bad, frame(0))
        await until(lambda: network.health.dead == 3)
    letters = [kept.letter for kept in await inbox.list(store)]
    assert {letter.arrival.payload.decode() for letter in letters} == set(bad)
    assert any("ahead" in letter.what for letter in letters)
    assert len(await rows(store)) == 2


@pytest.mark.parametrize("error", [Busy("the queue is full"), StorageFailure("the disk is full"), ValueError("a bug")])
async def test_a_store_that_refuses_gets_the_messages_again(
    mosquitto: Any, running: Any, until: Any, error: Exception
) -> None:
    sink = Recorder(error, error)
    network = MqttNetwork(mosquitto.config(first_pause_s=0.01), sink)
    async with running(network):
        await until(lambda: network.health.connected)
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "a", "b")
        await until(lambda: sorted(sink.texts) == ["a", "b"])
        await until(lambda: not network.health.problem)


async def test_what_was_not_durable_is_sent_again_to_the_next_process(mosquitto: Any, running: Any, until: Any) -> None:
    stuck = Recorder()
    stuck.gate.clear()
    first = MqttNetwork(mosquitto.config(), stuck)
    async with running(first):
        await until(lambda: first.health.connected)
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "a", "b", "c")
        await until(lambda: first.health.received == 3)
    await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "while away")
    sink = Recorder()
    second = MqttNetwork(mosquitto.config(), sink)
    async with running(second):
        await until(lambda: len(sink.texts) == 4)
    assert sorted(sink.texts) == ["a", "b", "c", "while away"]


async def test_a_broker_that_restarts_loses_nothing_acknowledged(
    mosquitto: Any, store: Store, running: Any, until: Any
) -> None:
    network = MqttNetwork(mosquitto.config(first_pause_s=0.05, longest_pause_s=0.2), MessageIntake(store))
    async with running(network):
        await until(lambda: network.health.connected)
        for minute in range(0, 30, 10):
            await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", *map(frame, range(minute, minute + 10)))
            await asyncio.to_thread(mosquitto.stop)
            await until(lambda: not network.health.connected)
            assert network.health.problem
            await asyncio.to_thread(mosquitto.start)
            await until(lambda: network.health.connected)
        await until(lambda: network.health.stored >= 30)
    assert len(await rows(store)) == 30
    assert network.health.connections == 4


async def test_a_frame_sent_again_keeps_the_time_of_its_first_reception(
    mosquitto: Any, running: Any, until: Any
) -> None:
    sink = Recorder()
    sink.gate.clear()
    network = MqttNetwork(mosquitto.config(first_pause_s=0.05, longest_pause_s=0.2), sink)
    async with running(network):
        await until(lambda: network.health.connected)
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "a", "b")
        await until(lambda: network.health.received == 2)
        await asyncio.to_thread(mosquitto.stop)
        await asyncio.to_thread(mosquitto.start)
        await until(lambda: network.health.received == 4)
        sink.gate.set()
        await until(lambda: len(sink.texts) == 4)
    assert len({(arrival.payload, arrival.received_time) for arrival in sink.arrivals}) == 2


@pytest.mark.parametrize("moment", ["before", "after"])
async def test_a_server_killed_around_its_commit_stores_once(
    mosquitto: Any, store: Store, running: Any, until: Any, moment: str
) -> None:
    store.close()
    program = Path(__file__).with_name("victim.py")
    victim = await asyncio.create_subprocess_exec(
        sys.executable, str(program), str(mosquitto.port), str(store.path), moment
    )
    await asyncio.to_thread(mosquitto.wait_for_subscription)
    await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", *map(frame, range(3)))
    assert await victim.wait() == -signal.SIGKILL
    again = Store.open(store.path)
    try:
        network = MqttNetwork(mosquitto.config(client_id="victim"), MessageIntake(again))
        async with running(network):
            await until(lambda: network.health.stored == 3)
        assert [row["phenomenon_time"].minute for row in await rows(again)] == [0, 1, 2]
    finally:
        again.close()


async def test_retained_messages_are_marked(mosquitto: Any, running: Any, until: Any) -> None:
    await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "kept", retain=True)
    sink = Recorder()
    network = MqttNetwork(mosquitto.config(), sink)
    async with running(network):
        await until(lambda: sink.texts == ["kept"])
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", "live", retain=True)
        await until(lambda: sink.texts == ["kept", "live"])
    assert [arrival.retained for arrival in sink.arrivals] == [True, False]


async def test_shared_subscriptions_split_the_messages(mosquitto: Any, running: Any, until: Any) -> None:
    sinks = Recorder(), Recorder()
    networks = [
        MqttNetwork(mosquitto.config(client_id=f"c{n}", topics=("$share/city/devices/+/up",)), sink)
        for n, sink in enumerate(sinks)
    ]
    async with running(*networks):
        await until(lambda: all(network.health.connected for network in networks))
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", *map(str, range(20)))
        await until(lambda: sum(len(sink.texts) for sink in sinks) == 20)
    assert {arrival.channel for sink in sinks for arrival in sink.arrivals} == {"devices/ROT-01/up"}
    assert all(sink.texts for sink in sinks)


async def test_a_flood_without_receive_maximum_stays_at_the_broker(mosquitto: Any, running: Any, until: Any) -> None:
    mosquitto.restart_with("max_inflight_messages 0\n")
    sink = Recorder()
    sink.gate.clear()
    network = MqttNetwork(mosquitto.config(version="3.1.1", in_flight=50), sink)
    async with running(network):
        await until(lambda: network.health.connected)
        flood = [f"{number} {'x' * 2_000}" for number in range(5_000)]
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", *flood)
        await until(lambda: network.health.waiting >= 100)
        held = network.health.waiting
        sink.gate.set()
        await until(lambda: len(sink.texts) == 5_000)
    assert held < 2_000
    assert sink.texts == flood


@pytest.mark.parametrize(
    ("changed", "says"),
    [({"port": 1}, "cannot be reached"), ({"credentials": Credentials("x", "wrong")}, "refuses us")],
)
async def test_a_broker_that_cannot_be_used_is_a_problem_in_words(
    mosquitto: Any, running: Any, until: Any, changed: dict[str, Any], says: str
) -> None:
    mosquitto.restart_with("allow_anonymous false\n")
    network = MqttNetwork(mosquitto.config(**changed), Recorder())
    async with running(network):
        await until(lambda: says in network.health.problem)
    assert "wrong" not in repr(network.config)
    assert not network.health.connected


async def test_new_observations_are_published_and_not_taken_for_new(
    mosquitto: Any, store: Store, running: Any, until: Any
) -> None:
    topics = ("v1.1/+/Observations", "v1.1/Observations", "devices/+/up")
    networks = []
    for version, root in (("5", "http://here/v1.1"), ("3.1.1", "http://there/v1.1")):
        updates = Updates(store.bus.subscribe, root)
        config = mosquitto.config(topics=topics, version=version, client_id=f"v{version}")
        networks.append(MqttNetwork(config, MessageIntake(store), updates))
    listener = Recorder()
    outside = MqttNetwork(mosquitto.config(client_id="outside", topics=("v1.1/Datastreams(1)/Observations",)), listener)
    async with running(*networks, outside):
        await until(lambda: outside.health.connected and all(network.health.connected for network in networks))
        await asyncio.to_thread(mosquitto.publish, "devices/ROT-01/up", frame(0, 17))
        await until(lambda: len(listener.texts) == 2)
        await until(lambda: [network.health.received for network in networks] == [3, 3])  # own ones do not count
        await until(lambda: not any(network.health.waiting for network in networks))
    assert '"@iot.selfLink":"http://here/v1.1/Observations(1)"' in "".join(listener.texts)
    assert len(await rows(store)) == 1
    assert await inbox.list(store) == []
