"""Writers that keep a server busy until it dies, and remember what it acknowledged.

A row's result follows from its datastream and time, so that a stored row can be judged without a list of what was sent.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from http.client import HTTPConnection, HTTPException

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks import encode
from benchmarks.world import World

SECOND = 1_000_000


class Form(msgspec.Struct, frozen=True):
    """How a writer sends: ``rows`` at a time, at ``path``."""

    path: str
    content_type: str
    rows: int
    body: Callable[[World, pa.Table], bytes]


SINGLE = Form("/v1.1/Observations", encode.JSON, 1, lambda world, table: encode.singles(world, table)[0])
NDJSON = Form("/api/observations", encode.NDJSON, 200, encode.ndjson)
ARROW = Form("/api/observations", encode.ARROW, 5_000, encode.arrow)
FORMS = (SINGLE, SINGLE, SINGLE, SINGLE, NDJSON, NDJSON, ARROW)
"""One writer each."""
PER_WRITER = 5
DATASTREAMS = PER_WRITER * len(FORMS)


class Writer(threading.Thread):
    """Sends rows of its own datastreams, newer and newer from ``start_s`` on, until the connection breaks."""

    def __init__(self, world: World, port: int, number: int, start_s: int, over: threading.Event) -> None:
        super().__init__(name=f"writer-{number}")
        self._world = world
        self._form = FORMS[number]
        self._port = port
        self._first = number * PER_WRITER
        self._next_s = start_s
        self._over = over
        self.acknowledged: list[pa.Table] = []
        self.refused: list[bytes] = []

    def run(self) -> None:
        """Send until the server is gone or the test says so."""
        connection = HTTPConnection("127.0.0.1", self._port, timeout=30)
        try:
            while not self._over.is_set() and not self.refused:
                table = self.fresh()
                self._post(connection, table)
                self.acknowledged.append(table)
        except (OSError, HTTPException):
            return
        finally:
            connection.close()

    def fresh(self) -> pa.Table:
        """Return the next rows: one instant after the other, the writer's datastreams in turn."""
        count = self._form.rows
        seconds = self._next_s + np.arange(count) // PER_WRITER
        self._next_s = int(seconds[-1]) + 1
        return rows(self._first + np.arange(count) % PER_WRITER, seconds)

    def _post(self, connection: HTTPConnection, table: pa.Table) -> None:
        headers = {"Authorization": f"Bearer {self._world.token}", "Content-Type": self._form.content_type}
        connection.request("POST", self._form.path, self._form.body(self._world, table), headers)
        answer = connection.getresponse()
        content = answer.read()
        if answer.status >= 300:
            self.refused.append(content)
            raise ConnectionError(f"refused: {answer.status}")


class Repeater(Writer):
    """Sends again, as Arrow, what other writers have had acknowledged: a gateway whose answer got lost."""

    def __init__(self, world: World, port: int, writers: list[Writer], over: threading.Event) -> None:
        super().__init__(world, port, FORMS.index(ARROW), 0, over)
        self._writers = writers
        self._random = np.random.default_rng(3)

    def fresh(self) -> pa.Table:
        """Return rows that were acknowledged a moment ago, or none yet."""
        writer = self._writers[int(self._random.integers(len(self._writers)))]
        recent = writer.acknowledged[-20:]
        return pa.concat_tables(recent) if recent else rows(np.empty(0, np.int64), np.empty(0, np.int64))


def rows(position: np.ndarray, seconds: np.ndarray) -> pa.Table:
    """Return rows of a plan whose results are :func:`expected`."""
    return pa.table(
        {
            "position": position,
            "phenomenon_time": pa.array(seconds * SECOND).cast(pa.timestamp("us")),
            "result": expected(position, seconds),
        }
    )


def expected(position: np.ndarray | int, seconds: np.ndarray) -> np.ndarray:
    """Return the only right result of a datastream at a time."""
    return (seconds % 100_003) / 8 + position
