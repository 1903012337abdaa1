"""The steady stream that runs while questions are asked: 2,000 observations per second, 20 at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pyarrow as pa

ROWS_PER_S = 2_000
ROWS_AT_ONCE = 20


class Trickle:
    """A thread that calls ``send`` with tables (``position``, ``phenomenon_time``, ``result``), on schedule."""

    def __init__(self, datastreams: int, send: Callable[[pa.Table], None]) -> None:
        self._datastreams = datastreams
        self._send = send
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._run, name="trickle")
        self._error: BaseException | None = None
        self.sent = 0
        self.seconds = 0.0

    @property
    def rate(self) -> float:
        """Observations per second that were really stored."""
        return self.sent / self.seconds

    def start(self) -> None:
        """Begin."""
        self._thread.start()

    def stop(self) -> None:
        """End; raises what sending raised."""
        self._over.set()
        self._thread.join()
        if self._error is not None:
            raise self._error

    def _run(self) -> None:
        random = np.random.default_rng(7)
        started = time.perf_counter()
        due = started
        try:
            while not self._over.wait(max(0.0, due - time.perf_counter())):
                self._send(_some(random, self._datastreams))
                self.sent += ROWS_AT_ONCE
                due += ROWS_AT_ONCE / ROWS_PER_S
        except BaseException as error:  # noqa: BLE001  # raised again in stop(), where the caller sees it
            self._error = error
        self.seconds = time.perf_counter() - started


@contextmanager
def flowing(datastreams: int, send: Callable[[pa.Table], None]) -> Iterator[Trickle]:
    """Let the stream flow while the block runs."""
    trickle = Trickle(datastreams, send)
    trickle.start()
    try:
        yield trickle
    finally:
        trickle.stop()


def _some(random: np.random.Generator, datastreams: int) -> pa.Table:
    now = time.time_ns() // 1_000
    return pa.table(
        {
            "position": random.choice(datastreams, ROWS_AT_ONCE, replace=False),
            "phenomenon_time": pa.array(np.full(ROWS_AT_ONCE, now)).cast(pa.timestamp("us")),
            "result": np.round(random.normal(20, 5, ROWS_AT_ONCE), 1),
        }
    )
