"""A worker process of lowered priority and one thread that does one piece of work and ends.

A process of our own rather than a pool's: it must end with the city, in the middle of its work if need be, and its
memory must go back between two hours. It never opens the database.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import multiprocessing
import os
import signal
import threading
import traceback
from collections.abc import Callable, Iterator
from multiprocessing.connection import Connection
from typing import Any, TypeVar

from placette.model.errors import PlacetteError

T = TypeVar("T")
A = TypeVar("A")

log = logging.getLogger(__name__)

_NICE = 15
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
_environment = threading.Lock()


class WorkerLost(PlacetteError):
    """The worker process ended before it answered."""


async def in_process(work: Callable[[A], T], asked: A, started: Callable[[int], None] = lambda pid: None) -> T:
    """Return what ``work(asked)`` returns in a process of its own; ``started`` is told its id.

    Cancelled, the process is ended. Raises ``WorkerLost`` when it ended by itself, ``PlacetteError`` when it failed.
    """
    context = multiprocessing.get_context("spawn")
    here, there = context.Pipe(duplex=False)
    process = context.Process(target=_serve, args=(there, work, asked), daemon=True, name="placette worker")
    try:
        with contextlib.closing(there):
            await asyncio.to_thread(_start, process)
        started(process.pid or 0)
        answer = await asyncio.to_thread(_received, here)
    finally:
        process.kill()  # which also ends the thread that waits for its answer
        await asyncio.shield(asyncio.to_thread(process.join))
    done, what, told = answer
    if not done:
        log.error("%s", told)
        raise PlacetteError(f"work beside the city failed: {what}", remedy="the log of the server says where")
    found: T = what
    return found


def _start(process: multiprocessing.process.BaseProcess) -> None:
    """Start the process with libraries told to use one thread: they look at it when they are loaded."""
    with one_thread():
        process.start()


@contextlib.contextmanager
def one_thread() -> Iterator[None]:
    """Let libraries of the processes that are started meanwhile compute on one thread each."""
    with _environment:
        before = {name: os.environ.get(name) for name in _THREADS}
        os.environ.update(dict.fromkeys(_THREADS, "1"))
        try:
            yield
        finally:
            for name, value in before.items():
                if value is None:
                    del os.environ[name]
                else:
                    os.environ[name] = value


def _received(here: Connection) -> Any:
    try:
        with contextlib.closing(here):
            return here.recv()
    except (EOFError, OSError):
        raise WorkerLost(
            "the process that works beside the city ended early", remedy="it is tried again; look at free memory"
        ) from None


def _serve(there: Connection, work: Callable[[A], T], asked: A) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the city ends us when it stops
    os.nice(_NICE)
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    try:
        there.send((True, work(asked), ""))
    except Exception as error:  # noqa: BLE001  # whatever it is, the city must hear of it
        there.send((False, f"{type(error).__name__}: {error}", traceback.format_exc()))


def _end_with(parent: multiprocessing.process.BaseProcess) -> None:
    parent.join()
    os._exit(1)
