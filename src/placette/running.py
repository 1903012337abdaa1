"""The life of the process: opens the data, serves, gathers, and closes in good order. One TaskGroup owns every task."""

from __future__ import annotations

import asyncio
import logging
import signal
import socket
from collections.abc import Callable, Coroutine, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec
import pyarrow as pa
import uvicorn
import uvloop

from placette import city, control, greeting, settings
from placette.access import Tokens
from placette.api import Access
from placette.app import House
from placette.city.model import City
from placette.connect.private_body import PrivateProtocol
from placette.fieldwork import overlay
from placette.model.entities import Origin
from placette.model.errors import Conflict, StorageFailure
from placette.publish.city_sync import sync
from placette.secrets_named import unset
from placette.store import Store, compaction

log = logging.getLogger(__name__)

SORT_AFTER_S = 600
GRACE_S = 3
"""How long open requests (live readers among them) may take to end when the server stops, s."""

Gather = Callable[[House], Coroutine[Any, Any, None]]


def serve(data: Path, folder: Path, *, host: str | None = None, port: int | None = None) -> int:
    """Run a city until interrupted; returns the exit code. Raises ours when it cannot start."""
    chosen = settings.read(data)
    server = chosen.server
    if host is not None:
        server = msgspec.structs.replace(server, host=host)
    if port is not None:
        server = msgspec.structs.replace(server, port=port)
    chosen = msgspec.structs.replace(chosen, server=server)
    return run(data, city.read(folder), chosen, Origin.MEASURED, _connect, folder)


async def _connect(house: House) -> None:
    """Say where the city is and follow its networks."""
    greeting.show(house)
    for lacking in unset(house.city):
        log.warning("%s", lacking)
    async with asyncio.TaskGroup() as group:
        for network in house.brokers:
            group.create_task(house.connect(network).run())
        for door in house.doors:
            group.create_task(door.run())
        group.create_task(house.feeds.follow())


def run(
    data: Path, found: City, chosen: settings.Settings, origin: Origin, gather: Gather, folder: Path | None = None
) -> int:
    """Open the data, put the city into it, serve until interrupted while ``gather`` brings data in, and close."""
    _make(data)
    # Arrow's own allocator keeps some 60 MB more after bulk uploads (mimalloc 3, 4 uploads at once), and is no faster.
    pa.set_memory_pool(pa.system_memory_pool())
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(levelname)s %(name)s: %(message)s")
    with ExitStack() as stack:
        listening = stack.enter_context(_listening(chosen.server))
        store = Store.open(data / settings.DATABASE, chosen.of_store())
        stack.callback(store.close)
        declared, found = found.devices, overlay(store, found)
        sync(store, found, origin)
        tokens = Tokens(data)
        url = f"http://{_shown(chosen.server.host)}:{listening.getsockname()[1]}"
        stack.enter_context(control.announced(data, url, tokens.grant_for_this_run(Access.LOCAL)))
        house = House(
            store=store,
            city=found,
            settings=chosen,
            tokens=tokens,
            data=data,
            url=url,
            folder=folder,
            declared=declared,
            origin=origin,
        )
        stack.callback(house.codecs.close)
        stack.callback(house.wifi.abandon)
        uvloop.run(_live(house, listening, gather))
    return 0


def _make(data: Path) -> None:
    try:
        data.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageFailure(
            f"the data folder cannot be made: {error.strerror}", str(data), "name a folder you may write to with --data"
        ) from None


async def _live(house: House, listening: socket.socket, gather: Gather) -> None:
    config = uvicorn.Config(
        house.asgi(),
        loop="none",
        http=cast("Any", PrivateProtocol) if house.wifi.counting else "httptools",
        ws="none",
        lifespan="off",
        log_config=None,
        access_log=False,
        server_header=False,
        timeout_graceful_shutdown=GRACE_S,
        proxy_headers=house.settings.server.trust_proxy,
        forwarded_allow_ips="*" if house.settings.server.trust_proxy else None,
        backlog=2048,
    )
    server = _Server(config)
    async with asyncio.TaskGroup() as group:
        live = group.create_task(house.live.run())
        sorting = group.create_task(_sort(house.store))
        jobs = group.create_task(house.jobs.run())
        gathering = group.create_task(gather(house))

        def stop() -> None:
            gathering.cancel()  # before the server: the demo's sensors would find its door closed
            server.stop()

        for number in (signal.SIGINT, signal.SIGTERM):
            asyncio.get_running_loop().add_signal_handler(number, stop)
        await server.serve(sockets=[listening])
        gathering.cancel()
        live.cancel()
        sorting.cancel()
        jobs.cancel()


async def _sort(store: Store) -> None:
    """Sort settled days from a while after the start on: a city that comes back has more urgent things to do."""
    await asyncio.sleep(SORT_AFTER_S)
    await compaction.tend(store)


class _Server(uvicorn.Server):
    """Uvicorn without its own signal handling, which would end the process before the store is closed."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield

    def stop(self) -> None:
        self.should_exit = True


@contextmanager
def _listening(server: settings.ServerSettings) -> Iterator[socket.socket]:
    family = socket.AF_INET6 if ":" in server.host else socket.AF_INET
    with socket.socket(family) as listening:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listening.bind((server.host, server.port))
        except OSError as error:
            raise Conflict(
                f"cannot listen on {server.host}:{server.port}: {error.strerror}",
                remedy="choose another --port, or stop the program that uses it",
            ) from None
        listening.listen(2048)
        yield listening


def _shown(host: str) -> str:
    return {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, host)  # noqa: S104 — compared, not bound
