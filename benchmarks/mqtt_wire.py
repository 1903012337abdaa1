"""A publisher that costs little: ready-made MQTT 3.1.1 PUBLISH packets of QoS 1 over one connection.

At most ``WINDOW`` messages wait for their PUBACK at any time, as a busy gateway would have it (OASIS MQTT 3.1.1, 3.3
and 3.4).
"""

from __future__ import annotations

import asyncio
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import cast

import uvloop

from benchmarks.compare.system import free_port

WINDOW = 1_000
CONNECT = b"\x10\x11\x00\x04MQTT\x04\x02\x00\x00\x00\x05bench"

BROKER = """listener {port} 127.0.0.1
allow_anonymous true
persistence false
max_queued_messages 0
max_inflight_messages 1000
"""
"""Mosquitto drops what a slower subscriber has not taken after 1,000 messages unless told not to."""


@contextmanager
def mosquitto(folder: Path) -> Iterator[int]:
    """Run a Mosquitto of our own and give its port; raises ``FileNotFoundError`` when it is not installed."""
    program = shutil.which("mosquitto") or shutil.which("/usr/sbin/mosquitto")
    if program is None:
        raise FileNotFoundError("Mosquitto is not installed (apt install mosquitto)")
    folder.mkdir(parents=True, exist_ok=True)
    port = free_port()
    config = folder / "mosquitto.conf"
    config.write_text(BROKER.format(port=port))
    with (folder / "mosquitto.log").open("wb") as log:
        process = subprocess.Popen([program, "-c", str(config)], stdout=log, stderr=log)
    try:
        yield port
    finally:
        process.terminate()
        process.wait(10)


def packet(number: int, topic: str, payload: bytes) -> bytes:
    """Return the ``number``-th message as a PUBLISH packet of QoS 1."""
    name = topic.encode()
    identifier = number % 65_535 + 1
    body = len(name).to_bytes(2, "big") + name + identifier.to_bytes(2, "big") + payload
    length, size = len(body), bytearray()
    while True:
        length, low = divmod(length, 128)
        size.append(low | 0x80 if length else low)
        if not length:
            return b"\x32" + bytes(size) + body


def publish(port: int, packets: list[bytes]) -> None:
    """Send all packets and return when the broker has acknowledged the last one."""
    uvloop.run(_publish(port, packets))


async def _publish(port: int, packets: list[bytes]) -> None:
    loop = asyncio.get_running_loop()
    publisher = _Publisher(packets, loop.create_future())
    transport, _ = await loop.create_connection(lambda: publisher, "127.0.0.1", port)
    await publisher.done
    transport.close()


class _Publisher(asyncio.Protocol):
    def __init__(self, packets: list[bytes], done: asyncio.Future[None]) -> None:
        self._packets = packets
        self._sent = 0
        self._received = 0
        self.done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(CONNECT)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the broker closed the connection"))

    def data_received(self, data: bytes) -> None:
        """CONNACK and PUBACK are all that comes, four bytes each."""
        self._received += len(data)
        acknowledged = self._received // 4 - 1
        if acknowledged >= len(self._packets):
            self.done.set_result(None)
            return
        until = min(acknowledged + WINDOW, len(self._packets))
        if until > self._sent:
            self._transport.write(b"".join(self._packets[self._sent : until]))
            self._sent = until
