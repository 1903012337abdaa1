"""How the command line finds a running server: ``server.json`` in the data folder, readable by its owner alone.

DuckDB lets one process open a file. Commands that need the data therefore ask the server when one runs on the same
folder, with a secret that lives as long as that server, and open the folder themselves when none does.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import msgspec

from placette.model.errors import PlacetteError

FILE_NAME = "server.json"


class Running(msgspec.Struct, frozen=True):
    """A server at work on a data folder: its process, its address and the secret of this run."""

    pid: int
    url: str
    secret: str


@contextmanager
def announced(data: Path, url: str, secret: str) -> Iterator[None]:
    """Keep ``server.json`` as long as the server runs."""
    file = data / FILE_NAME
    file.unlink(missing_ok=True)
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as out:
        out.write(msgspec.json.encode(Running(os.getpid(), url, secret)))
    try:
        yield
    finally:
        file.unlink(missing_ok=True)


def find(data: Path) -> Running | None:
    """Return the server at work on this folder, ``None`` when there is none or only the file a dead one left."""
    try:
        running = msgspec.json.decode((data / FILE_NAME).read_bytes(), type=Running)
        os.kill(running.pid, 0)
        httpx.get(f"{running.url}/api/health", timeout=5, trust_env=False).raise_for_status()
    except (FileNotFoundError, ProcessLookupError, PermissionError, msgspec.DecodeError, httpx.HTTPError):
        return None
    return running


def ask(running: Running, path: str, body: Any) -> Iterator[dict[str, Any]]:
    """POST ``body`` to the running server and yield the JSON lines of its answer; its errors are raised as ours."""
    headers = {"Authorization": f"Bearer {running.secret}", "Content-Type": "application/json"}
    with httpx.stream(
        "POST",
        running.url + path,
        content=msgspec.json.encode(body),
        headers=headers,
        timeout=httpx.Timeout(None, connect=5),
        trust_env=False,
    ) as answer:
        if answer.status_code >= 400:
            raise _error(msgspec.json.decode(answer.read()))
        for line in answer.iter_lines():
            if not line:
                continue
            said = msgspec.json.decode(line)
            if "error" in said:
                raise _error(said["error"])
            yield said


def _error(said: dict[str, Any]) -> PlacetteError:
    return PlacetteError(said.get("what", "the server refused"), said.get("where", ""), said.get("remedy", ""))
