"""A load generator that costs little: ready-made HTTP/1.1 requests over keep-alive connections.

Each connection sends one request, waits for its answer and sends the next (closed loop, no pipelining), as a gateway
does. The answers are read whole; their statuses and times are counted.
"""

from __future__ import annotations

import asyncio
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from functools import partial
from typing import cast

import httptools
import uvloop


class Answers:
    """What came back: seconds from the first byte sent to the last answer, statuses, and one sample of a bad answer."""

    def __init__(self) -> None:
        self.seconds = 0.0
        self.statuses: Counter[int] = Counter()
        self.complaint = b""

    def check(self) -> None:
        """Raise when any request was refused: a figure with refusals in it is no figure."""
        if any(status >= 300 for status in self.statuses):
            raise RuntimeError(f"answers by status {dict(self.statuses)}: {self.complaint[:400]!r}")


def request(method: str, path: str, body: bytes, content_type: str, token: str) -> bytes:
    """Return the bytes of one HTTP/1.1 request."""
    head = (
        f"{method} {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAuthorization: Bearer {token}\r\n"
        f"Content-Type: {content_type}\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


def drive(port: int, requests: Iterable[bytes], connections: int) -> Answers:
    """Send every request over so many connections to 127.0.0.1 and return what came back."""
    return uvloop.run(_drive(port, iter(requests), connections))


async def _drive(port: int, requests: Iterator[bytes], connections: int) -> Answers:
    answers = Answers()
    loop = asyncio.get_running_loop()
    clients = []
    for _ in range(connections):
        made = partial(_Client, requests, answers, loop.create_future())
        _, client = await loop.create_connection(made, "127.0.0.1", port)
        clients.append(client)
    started = time.perf_counter()
    for client in clients:
        client.next()
    await asyncio.gather(*(client.done for client in clients))
    answers.seconds = time.perf_counter() - started
    for client in clients:
        client.transport.close()
    return answers


class _Client(asyncio.Protocol):
    transport: asyncio.Transport

    def __init__(self, requests: Iterator[bytes], answers: Answers, done: asyncio.Future[None]) -> None:
        self._requests = requests
        self._answers = answers
        self._body: list[bytes] = []
        self.done = done

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError("the server closed the connection"))

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_body(self, body: bytes) -> None:
        self._body.append(body)

    def on_message_complete(self) -> None:
        status = self._parser.get_status_code()
        self._answers.statuses[status] += 1
        if status >= 400:
            self._answers.complaint = b"".join(self._body)
        self.next()

    def next(self) -> None:
        """Send the next request, or say that there is none left."""
        self._parser = httptools.HttpResponseParser(self)
        self._body.clear()
        body = next(self._requests, None)
        if body is None:
            self.done.set_result(None)
        else:
            self.transport.write(body)
