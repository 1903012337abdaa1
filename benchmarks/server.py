"""Runs a real ``placette serve`` in its own process on loopback, and looks at it from outside."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, RemoteDisconnected
from pathlib import Path
from typing import Any

import msgspec

from benchmarks.compare.system import free_port
from placette import city

PATIENCE_S = 120


class Memory(msgspec.Struct, frozen=True):
    """Resident memory of a process in MB (10^6 bytes): now, and the most it ever was."""

    now: float
    peak: float


class Server:
    """A running server. What it prints goes to ``server.log`` in the data folder.

    ``command`` is the command that serves and its options, without the data folder and the port.
    """

    def __init__(self, data: Path, *command: str) -> None:
        self.data = data
        self.port = free_port()
        self._log = (data / "server.log").open("ab")
        arguments = [*command, "--data", str(data), "--port", str(self.port)]
        self._launched = time.perf_counter()
        self.process = subprocess.Popen(
            [sys.executable, "-m", "placette", *arguments], stdout=self._log, stderr=self._log
        )
        self.first_answer_s = 0.0

    def wait(self) -> None:
        """Return with the first answer; raises ``RuntimeError`` with the log when the process ends before it."""
        while self.process.poll() is None:
            try:
                self.get("/api/health")
            except (OSError, HTTPException):
                if time.perf_counter() - self._launched > PATIENCE_S:
                    break
                time.sleep(0.002)
            else:
                self.first_answer_s = time.perf_counter() - self._launched
                return
        self.kill()
        raise RuntimeError(f"the server did not start: {self.log()[-2000:]}")

    def get(self, path: str) -> bytes:
        """Return the body of a GET on a connection of its own; raises ``RuntimeError`` unless the answer is 200."""
        connection = HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE_S)
        try:
            return fetch(connection, path)
        finally:
            connection.close()

    def stored(self) -> int:
        """Return how many observations it has, as the SensorThings API counts them."""
        found: dict[str, Any] = json.loads(self.get("/v1.1/Observations?$count=true&$top=0"))
        return int(found["@iot.count"])

    def wait_for_networks(self) -> None:
        """Return when every MQTT network of its city is connected."""
        self.wait_until(self._is_connected, "the broker was not reached")

    def wait_for_log(self, words: str) -> None:
        """Return when it has printed these words."""
        self.wait_until(lambda: words in self.log(), f"it never said '{words}'")

    def _is_connected(self) -> bool:
        networks = json.loads(self.get("/api/health"))["networks"]
        return bool(networks) and all(network["connected"] for network in networks)

    def wait_until(self, happens: Callable[[], bool], complaint: str) -> None:
        """Return once this happens; raises ``RuntimeError`` with the complaint and the log when it takes too long."""
        deadline = time.perf_counter() + PATIENCE_S
        while not happens():
            if time.perf_counter() > deadline:
                raise RuntimeError(f"{complaint}: {self.log()[-2000:]}")
            time.sleep(0.05)

    def memory(self) -> Memory:
        """Return its resident memory."""
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        now, peak = (_kilobytes(status, name) * 1024 / 1e6 for name in ("VmRSS", "VmHWM"))
        return Memory(now, peak)

    def log(self) -> str:
        """Return what it has printed."""
        return (self.data / "server.log").read_text(errors="replace")

    def stop(self) -> int:
        """Ask it to end, as a service manager does; return its exit code."""
        if self.process.poll() is None:
            self.process.terminate()
        code = self.process.wait(PATIENCE_S)
        self._log.close()
        return code

    def kill(self) -> None:
        """End it with SIGKILL, as a power cut would, as far as the process is concerned."""
        self.process.kill()
        self.process.wait(PATIENCE_S)
        self._log.close()


@contextmanager
def serving(data: Path, *, broker_port: int | None = None) -> Iterator[Server]:
    """Run a server on a data folder until the block ends; without ``broker_port``, where no broker answers."""
    server = Server(data, "serve", "--city", str(city_folder(data.parent / f"{data.name}-city", broker_port)))
    try:
        server.wait()
        yield server
    finally:
        server.stop()


def city_folder(folder: Path, broker_port: int | None = None) -> Path:
    """Return a small city folder whose MQTT network is the local broker on this port, or on one where none answers.

    A broker that happens to run here would be sent every observation, and its work be measured as ours.
    """
    if not folder.exists():
        city.scaffold("Benchmark", folder, longitude=5.4474, latitude=43.5297)
    networks = folder / "networks.toml"
    networks.write_text(re.sub(r"(?m)^port = \d+", f"port = {broker_port or free_port()}", networks.read_text()))
    return folder


def fetch(connection: HTTPConnection, path: str, body: bytes | None = None, **headers: str) -> bytes:
    """Return the body of a GET, or of a POST of ``body``; raises ``RuntimeError`` unless the answer is 2xx.

    A connection that the server closed because it was idle is opened again, once.
    """
    try:
        status, content = _exchange(connection, path, body, headers)
    except (BrokenPipeError, ConnectionResetError, RemoteDisconnected):
        connection.close()
        status, content = _exchange(connection, path, body, headers)
    if status >= 300:
        raise RuntimeError(f"{path}: {status} {content[:400]!r}")
    return content


def _exchange(connection: HTTPConnection, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
    connection.request("GET" if body is None else "POST", path, body, headers)
    answer = connection.getresponse()
    return answer.status, answer.read()


def _kilobytes(status: str, name: str) -> int:
    found = re.search(rf"^{name}:\s+(\d+) kB", status, re.MULTILINE)
    return int(found.group(1)) if found else 0
