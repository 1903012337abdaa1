"""The steady stream that runs while questions are asked: 2,000 observations per second, 20 at a time."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from itertools import count

import numpy as np
import numpy.typing as npt
import pyarrow as pa

ROWS_PER_S = 2_000
ROWS_AT_ONCE = 20
SENDERS = 4
"""Gateways that send at the same time, each on a connection of its own, so that one slow answer delays but one."""

Send = Callable[[pa.Table], None]


class Trickle:
    """Threads that send tables with ``position``, ``phenomenon_time`` and ``result``, on schedule.

    ``connect`` opens a sender's connection and returns what sends one table on it.
    """

    def __init__(self, datastreams: int, connect: Callable[[], Send]) -> None:
        shares = np.array_split(np.random.default_rng(7).permutation(datastreams), SENDERS)
        self._connect = connect
        self._over = threading.Event()
        self._threads = [threading.Thread(target=self._run, args=(share,), name="trickle") for share in shares]
        self._errors: list[BaseException] = []
        self._sent: list[int] = []
        self.rate = 0.0
        """Observations per second that were really stored, known after :meth:`stop`."""

    def start(self) -> None:
        """Begin."""
        self._started = time.perf_counter()
        for thread in self._threads:
            thread.start()

    def stop(self) -> None:
        """End; raises what sending raised."""
        self._over.set()
        for thread in self._threads:
            thread.join()
        if self._errors:
            raise self._errors[0]
        self.rate = sum(self._sent) / (time.perf_counter() - self._started)

    def _run(self, share: npt.NDArray[np.int64]) -> None:
        sent = 0
        due = time.perf_counter()
        try:
            send = self._connect()
            for table in _rounds(share):
                if self._over.wait(max(0.0, due - time.perf_counter())):
                    break
                send(table)
                sent += ROWS_AT_ONCE
                due += ROWS_AT_ONCE * SENDERS / ROWS_PER_S
        except BaseException as error:  # noqa: BLE001  # raised again in stop(), where the caller sees it
            self._errors.append(error)
        self._sent.append(sent)


@contextmanager
def flowing(datastreams: int, connect: Callable[[], Send]) -> Iterator[Trickle]:
    """Let the stream flow while the block runs."""
    trickle = Trickle(datastreams, connect)
    trickle.start()
    try:
        yield trickle
    finally:
        trickle.stop()


def _rounds(share: npt.NDArray[np.int64]) -> Iterator[pa.Table]:
    """Yield 20 observations of this moment, again and again: all datastreams of the share in turn."""
    random = np.random.default_rng(int(share[0]))
    for start in count(0, ROWS_AT_ONCE):
        now = time.time_ns() // 1_000
        yield pa.table(
            {
                "position": share[np.arange(start, start + ROWS_AT_ONCE) % len(share)],
                "phenomenon_time": pa.array(np.full(ROWS_AT_ONCE, now)).cast(pa.timestamp("us")),
                "result": np.round(random.normal(20, 5, ROWS_AT_ONCE), 1),
            }
        )
