"""Placette as one of the compared systems: its own server process, fed and asked over HTTP."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import quote

import msgspec
import pyarrow as pa

from benchmarks import encode, world
from benchmarks.server import Server, city_folder, fetch
from placette import __version__
from placette.model.times import iso

BULK = "/api/observations"


class Placette:
    """One ``placette serve``."""

    name = "Placette"
    ingest_batches: int | None = None
    way_in = "Arrow over HTTP, fsync before the answer: safe when it returns; the same row again is stored once"

    def __init__(self, datastreams: int) -> None:
        self._datastreams = datastreams

    def start(self, folder: Path) -> None:
        """Make an empty city and serve it."""
        self.version = __version__
        self._world = world.make(folder, self._datastreams)
        self.server = Server(folder, "serve", "--city", str(city_folder(folder.parent / f"{folder.name}-city")))
        self.server.wait()
        self._connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)
        self._headers = {"Authorization": f"Bearer {self._world.token}", "Content-Type": encode.ARROW}

    def stop(self) -> None:
        """Stop the server."""
        self._connection.close()
        self.server.stop()

    def prepare(self, tables: Iterable[pa.Table]) -> list[bytes]:
        """Return Arrow IPC streams."""
        return [encode.arrow(self._world, table) for table in tables]

    def ingest(self, bodies: list[bytes]) -> None:
        """Post each body, one after the other."""
        for body in bodies:
            fetch(self._connection, BULK, body, **self._headers)

    def fill(self, tables: Iterable[pa.Table]) -> None:
        """Load history the same way."""
        for table in tables:
            self.ingest(self.prepare([table]))

    def side(self) -> Callable[[bytes], None]:
        """Return what posts one body."""
        connection = HTTPConnection("127.0.0.1", self.server.port, timeout=120)

        def send(body: bytes) -> None:
            fetch(connection, BULK, body, **self._headers)

        return send

    def latest(self) -> int:
        """``/api/latest``, from memory."""
        return len(self._ask("/api/latest")["latest"])

    def span(self, position: int, start: int, end: int) -> int:
        """``/api/series``, raw."""
        return len(self._series(position, start, end, "raw")["time"])

    def hourly(self, position: int, start: int, end: int) -> int:
        """``/api/series`` by hour: means, and the other statistics it always gives."""
        return len(self._series(position, start, end, "hour")["mean"])

    def newest(self, position: int, count: int) -> int:
        """The SensorThings collection, ordered and cut."""
        options = f"$top={count}&$orderby=phenomenonTime%20desc"
        return len(self._ask(f"/v1.1/Datastreams({self._world.ids[position]})/Observations?{options}")["value"])

    def disk_bytes(self) -> int:
        """The database file."""
        return self._world.bytes_on_disk()

    def _series(self, position: int, start: int, end: int, interval: str) -> dict[str, list[object]]:
        times = f"start={quote(iso(start))}&end={quote(iso(end))}"
        found = self._ask(f"/api/series?datastream={self._world.ids[position]}&interval={interval}&{times}")
        series: dict[str, list[object]] = found["series"][0]
        return series

    def _ask(self, path: str) -> dict[str, list[dict[str, list[object]]]]:
        return msgspec.json.decode(fetch(self._connection, path), type=dict)
