"""A city as ``placette serve`` runs it: a folder is written, a process of its own serves it, a client asks it."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import httpx

from placette import city, control
from placette.access import Tokens
from placette.api import Access

PATIENCE_S = 120


class Served(NamedTuple):
    """A running city: its process, and a client that may administrate."""

    process: subprocess.Popen[bytes]
    client: httpx.Client

    def connected(self) -> bool:
        """Whether every network is connected."""
        return all(each["connected"] for each in self.client.get("/api/health").json()["networks"])


def write_city(home: Path, **files: str) -> None:
    """Scaffold a city, and write these files of its folder: ``models="…"`` is models.toml, ``things`` things.csv."""
    city.scaffold("Ville", home)
    for name, text in files.items():
        (home / (f"{name}.csv" if name == "things" else f"{name}.toml")).write_text(text)


@contextmanager
def served(home: Path, data: Path, environment: Mapping[str, str] | None = None) -> Iterator[Served]:
    """Serve a city folder until the block ends."""
    data.mkdir(exist_ok=True)
    token = Tokens(data).create(f"t{time.time_ns()}", Access.ADMIN)
    log = data.parent / "log"
    serve = [sys.executable, "-m", "placette", "serve", "--city", home, "--data", data, "--port", "0"]
    whole = os.environ | dict(environment or {})
    with log.open("ab") as out, subprocess.Popen(serve, stdout=out, stderr=out, env=whole) as process:
        try:
            wait_until(lambda: control.find(data) is not None or process.poll() is not None, log.read_text)
            running = control.find(data)
            assert running is not None, log.read_text()
            headers = {"Authorization": f"Bearer {token}"}
            with httpx.Client(base_url=running.url, headers=headers, trust_env=False, timeout=30) as client:
                yield Served(process, client)
        finally:
            process.terminate()
            process.wait(PATIENCE_S)


def wait_until(holds: Callable[[], Any], what: Callable[[], Any] = lambda: "") -> None:
    """Return once something holds; ``what`` says more when it never does."""
    deadline = time.monotonic() + PATIENCE_S
    while not holds():
        assert time.monotonic() < deadline, what()
        time.sleep(0.05)


def observations(client: httpx.Client, code: str) -> list[dict[str, Any]]:
    """Return the observations of a datastream, oldest first."""
    asked = {"$filter": f"Datastream/properties/code eq '{code}'", "$orderby": "phenomenonTime"}
    found = client.get("/v1.1/Observations", params=asked)
    assert found.status_code == 200, found.text
    return list(found.json()["value"])


def origin(client: httpx.Client, observation: dict[str, Any]) -> dict[str, Any]:
    """Return what an observation came from."""
    found = client.get(f"/api/observations/{observation['@iot.id']}/origin")
    assert found.status_code == 200, found.text
    return dict(found.json())


def free_port(kind: socket.SocketKind = socket.SOCK_STREAM) -> int:
    """Return a port that nobody uses at the moment."""
    with socket.socket(type=kind) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
