"""A small store with the reference city's devices, and a client of its read APIs."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.requests import Request

from placette import city as city_room
from placette.api import Access, Route, mount
from placette.city import City
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Store

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"


class Open:
    """A gate that lets everybody pass."""

    def check(self, request: Request, access: Access) -> None:
        """Let the request pass."""


@pytest.fixture(scope="session")
def aix() -> City:
    """The reference city."""
    return city_room.read(AIX)


@pytest.fixture
def aix_store(tmp_path: Path, aix: City) -> Iterator[Store]:
    """A store with the reference city's catalogue and no observation."""
    opened = Store.open(tmp_path / "placette.duckdb")
    sync(opened, aix, Origin.SIMULATED)
    yield opened
    opened.close()


@pytest.fixture
def client_of() -> Callable[[list[Route]], httpx.AsyncClient]:
    """Return a way to a client of some routes."""

    def client(routes: list[Route]) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(Starlette(routes=mount(routes, Open())))
        return httpx.AsyncClient(transport=transport, base_url="http://city")

    return client
