"""How commands work with a city's data: through the server that runs on it, or the same door of a stopped one."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, TypeVar

import httpx
import msgspec

from placette import city as cities
from placette import control, settings
from placette.access import Tokens
from placette.api import Access
from placette.app import House
from placette.fieldwork import overlay
from placette.model.errors import NotFound, PlacetteError
from placette.store import Store

T = TypeVar("T")
Client = httpx.AsyncClient


def ask(data: Path, city: Path | None, work: Callable[[Client], Awaitable[T]]) -> T:
    """Run ``work`` with a client of the city's API that may administrate; its errors are raised as ours.

    Where no server runs on the data folder, it is opened with the city folder ``city`` and closed again. Raises
    ``NotFound`` when there is no data, or no city folder is named for it.
    """

    async def run() -> T:
        async with _client(data, city) as client:
            return await work(client)

    return asyncio.run(run())


async def said(answer: httpx.Response) -> Any:
    """Return the JSON of an answer; raises its error as ours."""
    content = await answer.aread()
    if answer.status_code >= 400:
        problem = msgspec.json.decode(content)
        raise PlacetteError(problem.get("what", "refused"), problem.get("where", ""), problem.get("remedy", ""))
    return msgspec.json.decode(content)


@asynccontextmanager
async def _client(data: Path, city: Path | None) -> AsyncIterator[Client]:
    running = control.find(data)
    if running is not None:
        headers = {"Authorization": f"Bearer {running.secret}"}
        timeout = httpx.Timeout(None, connect=5)
        async with Client(base_url=running.url, headers=headers, timeout=timeout, trust_env=False) as client:
            yield client
        return
    async with _stopped(data, city) as (transport, secret):
        headers = {"Authorization": f"Bearer {secret}"}
        async with Client(transport=transport, base_url="http://placette", headers=headers, timeout=None) as client:
            yield client


@asynccontextmanager
async def _stopped(data: Path, city: Path | None) -> AsyncIterator[tuple[httpx.ASGITransport, str]]:
    file = data / settings.DATABASE
    if not file.exists():
        raise NotFound(f"there is no data in {data}", str(file), "name the data folder with --data")
    if city is None:
        raise NotFound(f"no server runs on {data}", str(data), "start it, or name the city folder with --city")
    chosen = settings.read(data)
    store = Store.open(file, chosen.of_store())
    try:
        tokens = Tokens(data)
        read = cities.read(city)
        house = House(
            store=store,
            city=overlay(store, read),
            declared=read.devices,
            settings=chosen,
            tokens=tokens,
            data=data,
            url="",
            folder=city,
        )
        try:
            app: Any = house.asgi()
            yield httpx.ASGITransport(app=app), tokens.grant_for_this_run(Access.ADMIN)
        finally:
            house.codecs.close()
    finally:
        store.close()
