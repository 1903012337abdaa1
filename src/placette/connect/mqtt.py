"""MQTT: messages of a broker become arrivals, and are acknowledged once what they have become is durable.

Messages are gathered while the store commits the ones before them, handed over together, and acknowledged together:
a lone message waits for one commit, a flood shares it. When the store is busy or its disk is full, messages stay
unacknowledged here, at most ``in_flight`` of them; the others wait at the broker.

The broker sends again what was not acknowledged when a connection ended, marked as a duplicate. Such a message keeps
the time of its first reception, so that a frame that names no time of its own is still one observation. Only a frame
without time whose acknowledgement was cut off by the death of this very process can be taken for a new one.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable
from itertools import groupby
from typing import Protocol

import msgspec
import pyarrow as pa

from placette.connect.mqtt_link import Credentials, Delivery, Link, LinkFailure, MqttConfig, OldBroker
from placette.model import observation_json
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, StorageFailure
from placette.model.networks import NetworkCounters, Sink
from placette.model.pace import Allowance, LastMinute

__all__ = ["Credentials", "MqttConfig", "MqttNetwork", "Updates"]

log = logging.getLogger(__name__)

BATCH = 2_000
"""Messages handed over at once: some ten milliseconds of work, so that pages stay quick."""
STEADY_S = 30.0
"""A connection that held this long was a good one: the next pause is the first again."""
UPDATES_PER_S = 2_000


class Feed(Protocol):
    """The live bus as seen from here: tables of ``STORED_SCHEMA``, the oldest dropped when we are slow."""

    lost: int

    def __aiter__(self) -> AsyncIterator[pa.Table]:
        """Iterate over the tables."""
        ...

    def close(self) -> None:
        """Stop listening."""
        ...


class Updates(msgspec.Struct, frozen=True):
    """New observations to publish for subscribers (OGC 18-088, section 14.1), at most 2,000 a second.

    ``subscribe`` opens the live bus; ``root`` is the address of the SensorThings service, without a final slash.
    """

    subscribe: Callable[[], Feed]
    root: str
    prefix: str = "v1.1/"

    def sent(self, payload: bytes) -> bool:
        """True for an entity that :func:`placette.model.observation_json.write` made under our own ``root``."""
        head = payload[: len(self.root) + 64]
        return head.startswith(b'{"@iot.id":') and f'"@iot.selfLink":"{self.root}/'.encode() in head


class _Waiting(msgspec.Struct, frozen=True, gc=False):
    link: Link
    packet: int | None
    arrival: Arrival


class MqttNetwork:
    """One broker, for as long as :meth:`run` runs; ``health`` counts."""

    def __init__(
        self,
        config: MqttConfig,
        sink: Sink,
        updates: Updates | None = None,
        *,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self.config = config
        self.health = NetworkCounters(name=config.name, address=f"{config.host}:{config.port}")
        self.recent = LastMinute()
        """Messages received in the last minute."""
        self._sink = sink
        self._updates = updates
        self._clock = clock
        self._jitter = jitter
        self._waiting: list[_Waiting] = []
        self._some = asyncio.Event()
        self._paused = False
        self._link: Link | None = None
        self._seen: OrderedDict[int, tuple[int, int]] = OrderedDict()

    async def run(self) -> None:
        """Stay connected, take in and send out, until cancelled; what the broker does never ends it."""
        async with asyncio.TaskGroup() as tasks:
            tasks.create_task(self._take_in())
            if self._updates is not None:
                tasks.create_task(self._send_out(self._updates))
            await self._stay_connected()

    async def _stay_connected(self) -> None:
        pause = self.config.first_pause_s
        while True:
            started = time.monotonic()
            await self._connect_once()
            if time.monotonic() - started > STEADY_S:
                pause = self.config.first_pause_s
            # a random part of the pause: after a broker's restart its clients must not all come at once
            await asyncio.sleep(pause * (0.5 + self._jitter() / 2))
            pause = min(2 * pause, self.config.longest_pause_s)

    async def _connect_once(self) -> None:
        """Connect and return when the connection has ended."""
        link = Link(self.config, self._deliver)
        try:
            await link.open()
            self._set_connected(link)
            await link.lost()
            self.health.problem = "the connection was lost"
            log.warning("%s: the connection to %s was lost", self.config.name, self.health.address)
        except LinkFailure as error:
            self._note(error)
        finally:
            if self._link is not None:
                self.health.connected_time = self._clock()
            self._link = None
            self.health.connected = False
            await link.close()

    def _note(self, error: LinkFailure) -> None:
        if isinstance(error, OldBroker) and self.config.version == "auto":
            self.config = msgspec.structs.replace(self.config, version="3.1.1")
            log.info("%s: the broker knows MQTT 3.1.1 alone", self.config.name)
            return
        if self.health.problem != str(error):
            log.warning("%s: %s", self.config.name, error)
        self.health.problem = str(error)

    def _set_connected(self, link: Link) -> None:
        self._link = link
        if self._paused:
            link.pause()
        if not link.resumed and self.health.connections:
            log.warning("%s: the broker has forgotten our session; it may have dropped messages", self.config.name)
        self.health.connected = True
        self.health.connected_time = self._clock()
        self.health.connections += 1
        self.health.problem = ""
        log.info("%s: connected to %s", self.config.name, self.health.address)

    def _deliver(self, link: Link, delivery: Delivery) -> None:
        if self._updates is not None and delivery.packet is None and self._updates.sent(delivery.payload):
            return  # a broker of MQTT 3.1.1 sends us back what we publish
        now = self._clock()
        if delivery.packet is not None:
            now = self._first_received(delivery, delivery.packet, now)
        arrival = Arrival(
            network=self.config.name,
            channel=delivery.topic,
            payload=delivery.payload,
            received_time=now,
            retained=delivery.retained,
        )
        self._waiting.append(_Waiting(link, delivery.packet, arrival))
        self.health.received += 1
        self.recent.count(1, now)
        self.health.last_frame_time = now
        self.health.waiting = len(self._waiting)
        self._some.set()
        # MQTT 5 bounds what is in flight; QoS 0 and 3.1.1 are bounded here
        if len(self._waiting) >= 2 * self.config.in_flight and not self._paused:
            self._paused = True
            link.pause()

    def _first_received(self, delivery: Delivery, packet: int, now: int) -> int:
        """Return when this message came for the first time, µs: identifiers stay the same when it is sent again."""
        digest = hash((delivery.topic, delivery.payload))
        before = self._seen.pop(packet, None)
        if delivery.duplicate and before is not None and before[0] == digest:
            now = before[1]
        self._seen[packet] = (digest, now)
        if len(self._seen) > 2 * self.config.in_flight:
            self._seen.popitem(last=False)
        return now

    async def _take_in(self) -> None:
        while True:
            await self._some.wait()
            batch = self._waiting[:BATCH]
            await self._make_durable([each.arrival for each in batch])
            for link, group in groupby(batch, key=lambda each: each.link):
                link.acknowledge(each.packet for each in group if each.packet is not None)
            del self._waiting[: len(batch)]
            self.health.waiting = len(self._waiting)
            if not self._waiting:
                self._some.clear()
            if self._paused and len(self._waiting) < self.config.in_flight:
                self._paused = False
                if self._link is not None:
                    self._link.resume()

    async def _make_durable(self, arrivals: list[Arrival]) -> None:
        """Hand over until it succeeds: what is not durable is not acknowledged."""
        pause = self.config.first_pause_s
        while True:
            try:
                taken = await self._sink(arrivals)
                break
            except Busy as error:
                self.health.problem = str(error)
                await asyncio.sleep(error.retry_after_s * (0.5 + self._jitter() / 2))
            except StorageFailure as error:
                if self.health.problem != str(error):
                    log.error("%s: %s", self.config.name, error)
                self.health.problem = str(error)
                pause = await self._rest(pause)
            except Exception:
                log.exception("%s: messages could not be stored", self.config.name)
                self.health.problem = "an error on our side; the log says which"
                pause = await self._rest(pause)
        now = self._clock()
        self.health.stored += taken.stored
        self.health.dead += taken.dead
        self.health.repeated += taken.repeated
        self.health.last_stored_time = now
        self.health.lag_s = max(0, now - arrivals[0].received_time) / 1e6
        if self.health.connected:
            self.health.problem = ""

    async def _rest(self, pause: float) -> float:
        await asyncio.sleep(pause)
        return min(2 * pause, self.config.longest_pause_s)

    async def _send_out(self, updates: Updates) -> None:
        feed = updates.subscribe()
        allowance = Allowance(UPDATES_PER_S, UPDATES_PER_S)
        counted = 0
        try:
            async for table in feed:
                self.health.unpublished += feed.lost - counted
                counted = feed.lost
                allowed = allowance.take(table.num_rows, time.monotonic()) if self._link is not None else 0
                sent = self._publish(table.slice(table.num_rows - allowed), updates) if allowed else 0
                self.health.published += sent
                self.health.unpublished += table.num_rows - sent
        finally:
            feed.close()

    def _publish(self, newest: pa.Table, updates: Updates) -> int:
        sent = 0
        for datastream_id, entity in observation_json.write(newest, updates.root):
            of_datastream = f"{updates.prefix}Datastreams({datastream_id})/Observations"
            link = self._link
            if link is None or not link.publish(of_datastream, entity):
                break
            link.publish(f"{updates.prefix}Observations", entity)
            sent += 1
        return sent
