"""A small city behind the real service: two Things with Locations, three Datastreams, ten Observations each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from starlette.requests import Request

from placette.api import Access
from placette.model.errors import NotAllowed
from placette.model.observations import ObservationRow
from placette.model.times import micros
from placette.publish.sensorthings import app
from placette.store import Store

NOW = micros("2026-07-01T12:00:00Z")
TOKEN = {"Authorization": "Bearer test"}
MEASUREMENT = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"


class OneToken:
    """A gate that knows one token."""

    def check(self, request: Request, access: Access) -> None:
        if request.headers.get("authorization") != TOKEN["Authorization"]:
            raise NotAllowed("this address needs a token")


def a_thing(number: int, **more: Any) -> dict[str, Any]:
    place = {"type": "Point", "coordinates": [5.44 + number / 100, 43.52]}
    return {
        "name": f"Thing {number}",
        "description": "a post",
        "properties": {"place": "rotonde" if number == 1 else "torse", "height": number * 2, "tags": ["a", "b"]},
        "Locations": [
            {
                "name": f"Place {number}",
                "description": "where it stands",
                "encodingType": "application/geo+json" if number == 1 else "application/vnd.geo+json",
                "location": place if number == 1 else {"type": "Feature", "geometry": place, "properties": {}},
            }
        ],
        **more,
    }


def a_datastream(name: str, **more: Any) -> dict[str, Any]:
    return {
        "name": name,
        "description": "a series",
        "observationType": MEASUREMENT,
        "unitOfMeasurement": {"name": "degree Celsius", "symbol": "°C", "definition": "Cel"},
        "Sensor": {
            "name": f"{name} sensor",
            "description": "s",
            "encodingType": "text/html",
            "metadata": "http://x.fr",
        },
        "ObservedProperty": {"name": f"{name} property", "definition": "http://x.fr/p", "description": "p"},
        **more,
    }


@pytest.fixture(name="a_thing")
def _a_thing() -> Any:
    """The maker of Things' bodies."""
    return a_thing


@pytest.fixture(name="a_datastream")
def _a_datastream() -> Any:
    """The maker of Datastreams' bodies."""
    return a_datastream


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store.open(tmp_path / "city.duckdb")
    yield made
    made.close()


def client_of(store: Store, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app(store, OneToken(), lambda: NOW), raise_app_exceptions=True)
    return httpx.AsyncClient(transport=transport, base_url="http://city.test/v1.1/", headers={**TOKEN, **headers})


@pytest.fixture
async def client(store: Store) -> AsyncIterator[httpx.AsyncClient]:
    """A client that may write, before an empty store."""
    async with client_of(store) as made:
        yield made


@pytest.fixture(scope="session")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Store]:
    """The small city, for tests that only read."""
    store = Store.open(tmp_path_factory.mktemp("city") / "city.duckdb")
    _fill(store)
    yield store
    store.close()


@pytest.fixture
async def city(filled: Store) -> AsyncIterator[httpx.AsyncClient]:
    """A client before the small city."""
    async with client_of(filled) as made:
        yield made


def _fill(store: Store) -> None:
    import asyncio

    async def run() -> None:
        async with client_of(store) as client:
            for number, names in ((1, ["air", "noise"]), (2, ["heat"])):
                body = a_thing(number, Datastreams=[a_datastream(name) for name in names])
                assert (await client.post("Things", json=body)).status_code == 201
        start = micros("2026-06-01T00:00:00Z")
        hour = 3_600_000_000
        rows = [ObservationRow(1 + k % 3, start + k // 3 * hour, float(k)) for k in range(30)]
        rows[9] = ObservationRow(1, start + 3 * hour, None, phenomenon_end=start + 4 * hour)
        rows[10] = ObservationRow(2, start + 3 * hour, None, '"open"')
        rows[11] = ObservationRow(
            3, start + 3 * hour, None, '{"level":{"now":7},"ok":true}', result_time=start + 5 * hour
        )
        await store.append_rows(rows)

    asyncio.run(run())
