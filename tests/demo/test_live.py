"""Frames arrive at a real broker as those of real devices do."""

import asyncio
import json

import gmqtt
import pytest

from placette.demo.live import send_live
from placette.demo.pulse import Agenda
from placette.demo.simulation import Simulation
from placette.model.errors import BadInput
from placette.model.times import micros

START = 1_780_000_000_000_000


class FastClock:
    """A clock that sleeping moves on; after ``naps`` sleeps it stands still."""

    def __init__(self, naps: int) -> None:
        self.time = START
        self._naps = naps

    def now(self) -> int:
        return self.time

    async def sleep(self, seconds: float) -> None:
        self._naps -= 1
        if self._naps < 0:
            await asyncio.Event().wait()
        self.time += round(seconds * 1e6) + 1
        await asyncio.sleep(0)


@pytest.mark.broker
async def test_frames_have_the_topic_and_the_shape_of_a_device(aix, mosquitto):
    got: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    listener = await connected(mosquitto)
    listener.on_message = lambda client, topic, payload, qos, properties: got.put_nowait((topic, payload))
    listener.subscribe("devices/+/up", qos=1)
    clock = FastClock(naps=100)
    agenda = Agenda(Simulation(aix), START, pace_s=60)
    url = f"mqtt://127.0.0.1:{mosquitto}"
    playing = asyncio.create_task(send_live(agenda, aix, url, now=clock.now, sleep=clock.sleep))
    codes = {device.code for device in aix.devices}
    for _ in range(60):
        topic, payload = await asyncio.wait_for(got.get(), 20)
        frame = json.loads(payload)
        assert topic.split("/")[1] in codes
        assert START < micros(frame["time"]) <= clock.time
        assert all(isinstance(value, float) for value in frame["values"].values())
    playing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await playing
    await listener.disconnect()


async def test_the_demo_waits_for_a_broker_that_starts_later(aix):
    agenda = Agenda(Simulation(aix), START, pace_s=60)
    asked: list[float] = []

    async def no_broker_yet(seconds: float) -> None:
        asked.append(seconds)
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await send_live(agenda, aix, "mqtt://127.0.0.1:1", now=lambda: START, sleep=no_broker_yet)
    assert asked == [1.0]


async def test_an_address_that_is_no_broker_is_refused(aix):
    agenda = Agenda(Simulation(aix), START, pace_s=60)
    with pytest.raises(BadInput, match="write mqtt://host:port"):
        await send_live(agenda, aix, "http://127.0.0.1", now=lambda: START)


async def connected(port: int) -> gmqtt.Client:
    client = gmqtt.Client("listener")
    for _ in range(100):
        try:
            await client.connect("127.0.0.1", port)
        except OSError:
            await asyncio.sleep(0.05)
        else:
            break
    return client
