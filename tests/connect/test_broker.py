"""The demo's own broker, with Mosquitto's clients and with ours."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import pytest

from placette.connect.broker import Broker
from placette.connect.mqtt import Credentials, MqttConfig, MqttNetwork
from placette.intake import MessageIntake
from placette.model.errors import Conflict
from placette.store import Store


async def run(*command: str, wait_s: float = 20) -> tuple[int, str]:
    """Run a program and return its exit code and what it printed."""
    process = await asyncio.create_subprocess_exec(
        *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
    )
    async with asyncio.timeout(wait_s):
        said, _ = await process.communicate()
    return process.returncode or 0, said.decode()


def publish(port: int, message: str, *more: str) -> Any:
    return run("mosquitto_pub", "-p", str(port), "-q", "1", "-t", "devices/ROT-01/up", "-m", message, *more)


def config(port: int, **changed: Any) -> MqttConfig:
    return MqttConfig(**{"name": "demo", "host": "127.0.0.1", "port": port, "client_id": "placette"} | changed)


@pytest.mark.broker
async def test_mosquittos_clients_talk_through_it(free_port: int) -> None:
    async with Broker(port=free_port):
        listening = asyncio.create_task(
            run("mosquitto_sub", "-p", str(free_port), "-t", "devices/+/up", "-C", "1", "-q", "1")
        )
        while not listening.done():
            assert (await publish(free_port, "hello"))[0] == 0
        assert await listening == (0, "hello\n")


@pytest.mark.broker
async def test_a_published_frame_is_stored(store: Store, free_port: int, running: Any, until: Any) -> None:
    async with Broker(port=free_port):
        network = MqttNetwork(config(free_port), MessageIntake(store))
        async with running(network):
            await until(lambda: network.health.connected)
            assert network.config.version == "3.1.1"
            assert (await publish(free_port, '{"values": {"pm10": 17}}'))[0] == 0
            await until(lambda: network.health.stored == 1)


@pytest.mark.broker
async def test_what_comes_while_a_client_is_away_waits_for_it(
    store: Store, free_port: int, running: Any, until: Any
) -> None:
    async with Broker(port=free_port):
        first = MqttNetwork(config(free_port, version="3.1.1"), MessageIntake(store))
        async with running(first):
            await until(lambda: first.health.connected)
        await publish(free_port, '{"values": {"pm10": 18}, "time": "2026-07-01T12:00:00Z"}')
        second = MqttNetwork(config(free_port, version="3.1.1"), MessageIntake(store))
        async with running(second):
            await until(lambda: second.health.stored == 1)


async def test_a_burst_from_a_client_that_leaves_at_once_arrives_whole(
    store: Store, free_port: int, running: Any, until: Any
) -> None:
    async with Broker(port=free_port):
        network = MqttNetwork(config(free_port, version="3.1.1"), MessageIntake(store))
        async with running(network):
            await until(lambda: network.health.connected)
            _, writer = await asyncio.open_connection("127.0.0.1", free_port)
            writer.write(b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05burst")
            topic = b"devices/ROT-01/up"
            for second in range(200):
                payload = b'{"values":{"pm10":1},"time":"2026-07-01T12:%02d:%02dZ"}' % divmod(second, 60)
                body = len(topic).to_bytes(2) + topic + (second + 1).to_bytes(2) + payload
                writer.write(b"\x32" + len(body).to_bytes(1) + body)
            writer.write(b"\xe0\x00")
            await writer.drain()
            await until(lambda: network.health.stored == 200)
            writer.close()
            await writer.wait_closed()


@pytest.mark.broker
async def test_a_client_of_mqtt_5_is_refused_at_once(free_port: int) -> None:
    async with Broker(port=free_port):
        long_names = ["-u", "u" * 100, "-P", "p" * 100]
        assert (await publish(free_port, "hello", "-V", "mqttv5"))[0] != 0
        assert (await publish(free_port, "hello", "-V", "mqttv5", *long_names))[0] != 0
        assert (await publish(free_port, "hello", "-V", "mqttv311", *long_names))[0] == 0


@pytest.mark.broker
async def test_users_can_be_asked_for(free_port: int, running: Any, until: Any) -> None:
    async with Broker(port=free_port, authorise=lambda user, password: (user, password) == ("ada", "right")):
        assert (await publish(free_port, "hello"))[0] != 0
        assert (await publish(free_port, "hello", "-u", "ada", "-P", "wrong"))[0] != 0
        assert (await publish(free_port, "hello", "-u", "ada", "-P", "right"))[0] == 0
        network = MqttNetwork(config(free_port, credentials=Credentials("ada", "wrong"), version="3.1.1"), _nothing)
        async with running(network):
            await until(lambda: "refuses us" in network.health.problem)


async def _nothing(_arrivals: Any) -> Any:
    raise AssertionError


async def test_noise_does_no_harm(free_port: int) -> None:
    async with Broker(port=free_port):
        for noise in (b"", b"GET / HTTP/1.1\r\nHost: x\r\n\r\n", b"\x10\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff"):
            _, writer = await asyncio.open_connection("127.0.0.1", free_port)
            writer.write(noise)
            writer.close()
            await writer.wait_closed()
        assert (await publish(free_port, "hello"))[0] == 0


async def test_only_this_machine_is_served(free_port: int) -> None:
    async with Broker(port=free_port):
        with socket.create_connection(("127.0.0.1", free_port)) as one:
            assert one.getpeername()[0] == "127.0.0.1"
        with pytest.raises(OSError, match="refused"):
            socket.create_connection(("127.0.0.2", free_port), 5)


async def test_a_taken_port_is_said(free_port: int) -> None:
    async with Broker(port=free_port):
        with pytest.raises(Conflict, match=str(free_port)):
            async with Broker(port=free_port):
                pass


async def test_nothing_is_left_running(free_port: int) -> None:
    before = asyncio.all_tasks()
    async with Broker(port=free_port):
        await publish(free_port, "hello")
    assert asyncio.all_tasks() == before
