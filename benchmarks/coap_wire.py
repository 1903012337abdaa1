"""A CoAP load generator that costs little: confirmable POSTs made of bytes, one at a time from each sender.

Each sender is a socket of its own, as each device is: it sends a message, waits for its response, acknowledges one
that comes apart from the acknowledgement (RFC 7252, section 5.2.2), and sends the next. Nothing is sent again: loopback
loses nothing unless a queue overflows, and then the figure fails.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import cast

import uvloop

CONFIRMABLE, NOT_CONFIRMABLE, ACKNOWLEDGEMENT = range(3)
POST = 2
URI_PATH, CONTENT_FORMAT = 11, 12
PATIENCE_S = 60


def post(path: Iterable[str], content_format: int, payload: bytes) -> bytes:
    """Return a POST without its first four bytes, which hold type and message id: options, marker, payload."""
    options = [(URI_PATH, level.encode()) for level in path] + [(CONTENT_FORMAT, bytes([content_format]))]
    parts = []
    before = 0
    for number, value in options:
        parts.append(_option(number - before, value))
        before = number
    return b"".join([*parts, b"\xff", payload])


def drive(port: int, bodies: Iterable[bytes], senders: int) -> tuple[float, Counter[str]]:
    """Send everything from so many senders to 127.0.0.1; return the seconds it took and the responses by code."""
    return uvloop.run(_drive(port, iter(bodies), senders))


async def _drive(port: int, bodies: Iterator[bytes], senders: int) -> tuple[float, Counter[str]]:
    loop = asyncio.get_running_loop()
    codes: Counter[str] = Counter()
    made = [_Sender(bodies, codes, loop.create_future()) for _ in range(senders)]
    for sender in made:
        await loop.create_datagram_endpoint(lambda sender=sender: sender, remote_addr=("127.0.0.1", port))  # type: ignore[misc]
    started = time.perf_counter()
    for sender in made:
        sender.next()
    await asyncio.wait_for(asyncio.gather(*(sender.done for sender in made)), PATIENCE_S)
    seconds = time.perf_counter() - started
    for sender in made:
        sender.transport.close()
    return seconds, codes


class _Sender(asyncio.DatagramProtocol):
    transport: asyncio.DatagramTransport

    def __init__(self, bodies: Iterator[bytes], codes: Counter[str], done: asyncio.Future[None]) -> None:
        self._bodies = bodies
        self._codes = codes
        self._number = 0
        self.done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.DatagramTransport", transport)

    def datagram_received(self, data: bytes, addr: object) -> None:
        kind, code = data[0] >> 4 & 3, data[1]
        if kind == CONFIRMABLE:
            self.transport.sendto(bytes([0x40 | ACKNOWLEDGEMENT << 4, 0, *data[2:4]]))
        if code:  # an empty acknowledgement says that the response comes later
            self._codes[f"{code >> 5}.{code & 31:02}"] += 1
            self.next()

    def next(self) -> None:
        """Send the next message, or say that there is none left."""
        body = next(self._bodies, None)
        if body is None:
            self.done.set_result(None)
            return
        self._number = (self._number + 1) % 65_536
        self.transport.sendto(bytes([0x40 | CONFIRMABLE << 4, POST]) + self._number.to_bytes(2) + body)


def _option(delta: int, value: bytes) -> bytes:
    """Return one option (RFC 7252, section 3.1); deltas here are below 13, values below 269 bytes."""
    if len(value) < 13:
        return bytes([delta << 4 | len(value)]) + value
    return bytes([delta << 4 | 13, len(value) - 13]) + value
