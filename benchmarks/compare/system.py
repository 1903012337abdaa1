"""What every compared system can do, and the rows it is given."""

from __future__ import annotations

import socket
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Protocol

import pyarrow as pa


class System(Protocol):
    """A running database. Tables have ``position`` (of the datastream), ``phenomenon_time`` and ``result``.

    Questions return how many values came back, so that a run can check that all systems answered the same thing.
    Times are µs since 1970-01-01 UTC.
    """

    name: str
    way_in: str
    """How rows enter, and what is safe once the call has returned: one sentence for the document."""

    ingest_batches: int | None
    """How many of a run's batches it is given when it is too slow for all; ``None``: all."""

    def start(self, folder: Path) -> None:
        """Make an empty database in ``folder`` and run it. Raises ``FileNotFoundError`` when it is not installed."""

    def stop(self) -> None:
        """Stop it; the folder stays."""

    def prepare(self, tables: Iterable[pa.Table]) -> list[bytes]:
        """Return the tables in the form :meth:`ingest` sends; not timed, since a gateway has its rows ready."""

    def ingest(self, bodies: list[bytes]) -> None:
        """Send the bodies and return when all rows are acknowledged, as safely as this system can."""

    def fill(self, tables: Iterable[pa.Table]) -> None:
        """Load history by the system's best way for much data at once."""

    def side(self) -> Callable[[bytes], None]:
        """Open another connection and return what sends one small body on it, for a thread of its own."""

    def latest(self) -> int:
        """The latest value of every datastream."""

    def span(self, position: int, start: int, end: int) -> int:
        """The raw values of one datastream between two instants."""

    def hourly(self, position: int, start: int, end: int) -> int:
        """The hourly means of one datastream between two instants."""

    def newest(self, position: int, count: int) -> int:
        """The newest ``count`` values of one datastream."""

    def disk_bytes(self) -> int:
        """Bytes on disk, after what was written has settled."""


def free_port() -> int:
    """Return a TCP port that is free now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def folder_bytes(folder: Path) -> int:
    """Return the bytes the folder's files occupy on disk (blocks, so that holes count as nothing)."""
    return sum(file.stat().st_blocks * 512 for file in folder.rglob("*") if file.is_file())
