"""Publishes the frames of the simulated devices over MQTT, each when it is due.

One connection stands for all devices, as a gateway's does. QoS 1, MQTT 3.1.1: what most devices speak.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable
from urllib.parse import SplitResult, unquote, urlsplit

import gmqtt
import msgspec
from gmqtt.mqtt.constants import UNLIMITED_RECONNECTS, MQTTv311

from placette.city import City
from placette.demo.pulse import Agenda, Frame
from placette.model.errors import BadInput
from placette.model.times import iso

log = logging.getLogger(__name__)

RETRY_S = 1.0
LONGEST_NAP_S = 30.0
"""How long to sleep at most, so that a machine that was suspended goes on soon after it wakes."""

Sleep = Callable[[float], Awaitable[None]]


async def send_live(
    agenda: Agenda, city: City, broker_url: str, *, now: Callable[[], int], sleep: Sleep = asyncio.sleep
) -> None:
    """Publish every frame of the agenda when it is due, until cancelled; while the broker is away, wait for it.

    ``now`` gives µs since 1970-01-01 UTC. Raises ``BadInput`` for a broker address that cannot be used.
    """
    address = _address(broker_url)
    topics = _topics(city)
    client = gmqtt.Client(f"placette-demo-{city.key}")
    client.set_config({"reconnect_retries": UNLIMITED_RECONNECTS, "reconnect_delay": RETRY_S})
    if address.username:
        client.set_auth_credentials(unquote(address.username), unquote(address.password or ""))
    _let_reconnections_end(client)
    await _connect(client, address, sleep)
    try:
        while agenda.next_due is not None:
            nap_s = (agenda.next_due - now()) / 1e6
            if nap_s > 0:
                await sleep(min(nap_s, LONGEST_NAP_S))
            elif not client.is_connected:
                await sleep(RETRY_S)
            else:
                for frame in agenda.frames(now()):
                    client.publish(topics[frame.device], payload_of(frame), qos=1)
    finally:
        await client.disconnect()


def payload_of(frame: Frame) -> bytes:
    """Return the frame as devices send it: ``{"time": …, "values": {…}}``."""
    return msgspec.json.encode({"time": iso(frame.time), "values": frame.values})


def _topics(city: City) -> dict[str, str]:
    return {device.code: city.networks[device.network].topic.replace("{code}", device.code) for device in city.devices}


def _let_reconnections_end(client: gmqtt.Client) -> None:
    """Ask no reconnection for its error that ended with the demo: gmqtt 0.8 does, and that raises out of reach."""
    handler = client._package_handler
    told = handler._handle_exception_in_future
    handler._handle_exception_in_future = lambda done, msg=None: None if done.cancelled() else told(done, msg)


async def _connect(client: gmqtt.Client, address: SplitResult, sleep: Sleep) -> None:
    secure = address.scheme == "mqtts"
    while True:
        try:
            await client.connect(address.hostname, address.port or (8883 if secure else 1883), secure, version=MQTTv311)
            return
        except OSError as error:
            log.warning("the demo's broker %s does not answer yet: %s", address.hostname, error)
            await sleep(RETRY_S)


def _address(broker_url: str) -> SplitResult:
    address = urlsplit(broker_url)
    if address.scheme not in ("mqtt", "mqtts") or not address.hostname:
        raise BadInput(f"'{address.scheme}' is no broker address", remedy="write mqtt://host:port or mqtts://host:port")
    return address
