"""Debian's VictoriaMetrics: the single-node server with its own defaults, asked over its HTTP API.

Rows enter in the Prometheus text format, in the order they arrive. An acknowledged row lives in memory first and
reaches the disk some seconds later without an fsync per request, so a kill can lose it: other systems' figures stand
for more. A value is a float at a millisecond of a series; there is no result time, no quality flag, no text result.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import time
from collections.abc import Callable, Iterable
from http.client import HTTPConnection
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from benchmarks.compare.system import folder_bytes, free_port

MICROS = 1_000_000
IMPORT = "/api/v1/import/prometheus"


class VictoriaMetrics:
    """One server process."""

    name = "VictoriaMetrics"
    ingest_batches: int | None = None
    way_in = "Prometheus text over HTTP: acknowledged in memory, on disk some seconds later; a kill may lose those"

    def __init__(self, period_s: int) -> None:
        self._period_s = period_s

    def start(self, folder: Path) -> None:
        """Run the server and wait until it answers."""
        program = shutil.which("victoria-metrics")
        if program is None:
            raise FileNotFoundError("VictoriaMetrics is not installed (apt install victoria-metrics)")
        self._folder = folder
        folder.mkdir(parents=True)
        self.port = free_port()
        options = {
            "storageDataPath": folder / "data",
            "httpListenAddr": f"127.0.0.1:{self.port}",
            "retentionPeriod": "100y",
            "search.latencyOffset": "0s",
            "loggerLevel": "ERROR",
        }
        self.process = subprocess.Popen(
            [program, *(f"-{key}={value}" for key, value in options.items())], stderr=(folder / "log").open("wb")
        )
        self._connect()
        told = re.search(r'vm_app_version\{.*?short_version="([^"]*)"', self._call("GET", "/metrics").decode())
        self.version = told.group(1).strip() if told else ""

    def stop(self) -> None:
        """Stop the server, which writes what it holds."""
        self._connection.close()
        self.process.terminate()
        self.process.wait(60)

    def prepare(self, tables: Iterable[pa.Table]) -> list[bytes]:
        """Return Prometheus text: one line per observation, milliseconds."""
        bodies = []
        for table in tables:
            millis = table["phenomenon_time"].cast(pa.int64()).to_numpy() // 1_000
            rows = zip(table["position"].to_pylist(), table["result"].to_pylist(), millis.tolist(), strict=True)
            bodies.append("".join(f'o{{d="{position}"}} {value} {ms}\n' for position, value, ms in rows).encode())
        return bodies

    def ingest(self, bodies: list[bytes]) -> None:
        """Post each body, then ask it to make them visible, which is the nearest it has to a commit."""
        for body in bodies:
            self._call("POST", IMPORT, body)
        self.flush()

    def flush(self) -> None:
        """Make what was sent visible to questions."""
        self._call("GET", "/internal/force_flush")

    def fill(self, tables: Iterable[pa.Table]) -> None:
        """Load history the same way."""
        for table in tables:
            self._call("POST", IMPORT, self.prepare([table])[0])
        self.flush()

    def side(self) -> Callable[[bytes], None]:
        """Return what posts one body; its rows are visible within a second or so."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=120)

        def send(body: bytes) -> None:
            _call(connection, "POST", IMPORT, body)

        return send

    def latest(self) -> int:
        """The last value within two periods, of every series."""
        return len(self._ask("/api/v1/query", query=f"last_over_time(o[{2 * self._period_s}s])")["data"]["result"])

    def span(self, position: int, start: int, end: int) -> int:
        """The raw values by the export API."""
        return len(self._export(position, start, end))

    def hourly(self, position: int, start: int, end: int) -> int:
        """Means over windows of one hour."""
        found = self._ask(
            "/api/v1/query_range", query=f'avg_over_time(o{{d="{position}"}}[1h])', step="1h",
            start=start / MICROS, end=end / MICROS,
        )["data"]["result"]  # fmt: skip
        return sum(len(series["values"]) for series in found)

    def newest(self, position: int, count: int) -> int:
        """The window that holds so many values, since the API has no limit of its own."""
        now = time.time_ns() // 1000
        return len(self._export(position, now - (count + 2) * self._period_s * MICROS, now)[-count:])

    def disk_bytes(self) -> int:
        """The data folder, index included."""
        return folder_bytes(self._folder / "data")

    def _connect(self) -> None:
        for _ in range(200):
            try:
                self._connection = HTTPConnection("127.0.0.1", self.port, timeout=120)
                self._call("GET", "/health")
            except ConnectionError:
                time.sleep(0.05)
            else:
                return
        raise RuntimeError((self._folder / "log").read_text()[-500:])

    def _export(self, position: int, start: int, end: int) -> list[float]:
        query = {"match[]": f'o{{d="{position}"}}', "start": start / MICROS, "end": end / MICROS}
        body = self._call("GET", "/api/v1/export?" + urlencode(query))
        return [value for line in body.splitlines() for value in msgspec.json.decode(line)["values"]]

    def _ask(self, path: str, **query: object) -> Any:
        return msgspec.json.decode(self._call("GET", f"{path}?{urlencode(query)}"))

    def _call(self, method: str, path: str, body: bytes | None = None) -> bytes:
        return _call(self._connection, method, path, body)


def _call(connection: HTTPConnection, method: str, path: str, body: bytes | None = None) -> bytes:
    connection.request(method, path, body)
    answer = connection.getresponse()
    content = answer.read()
    if answer.status >= 300:
        raise RuntimeError(f"VictoriaMetrics: {answer.status} {content[:300]!r}")
    return content
