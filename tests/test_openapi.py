"""Every route is called with what its own description allows: none may fail on our side."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings

from placette import city
from placette.access import Tokens
from placette.api import Access
from placette.app import House
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.settings import Settings
from placette.store import Store

AIX = Path(__file__).resolve().parents[1] / "cities" / "aix"


@schemathesis.serializer("application/x-ndjson")
def lines(_context: schemathesis.SerializationContext, value: object) -> bytes:
    """One line of NDJSON."""
    return json.dumps(value).encode()


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    data = tmp_path_factory.mktemp("openapi")
    store = Store.open(data / "placette.duckdb")
    found = city.read(AIX)
    sync(store, found, Origin.SIMULATED)
    yield House(store=store, city=found, settings=Settings(), tokens=Tokens(data), data=data, url="http://test")
    store.close()


def test_no_route_fails_on_our_side(house: House) -> None:
    schema = schemathesis.openapi.from_asgi("/openapi.json", house.asgi())
    # the live stream does not end, and the command line's own door reads files of this machine
    chosen = schema.exclude(path_regex="^/api/(live|admin)")
    headers = {"Authorization": f"Bearer {house.tokens.grant_for_this_run(Access.ADMIN)}"}
    called = set()
    for found in chosen.get_all_operations():
        operation = found.ok()

        @given(case=operation.as_strategy())
        @settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
        def call(case: schemathesis.Case) -> None:
            assert case.call(headers=headers).status_code < 500

        call()
        called.add(operation.label)
    assert {"POST /api/observations", "GET /api/series", "GET /api/latest", "GET /api/health"} <= called
