"""What only the command line of the server's own machine may ask: backup and import, which name files of that machine.

Answers are JSON lines, so that long work shows how far it is; an error on the way is the last line.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from placette import photo_backup
from placette.api import Access, Route, json_response, read_body
from placette.city.model import City
from placette.importing import import_file
from placette.model.errors import BadInput, PlacetteError
from placette.store import Store
from placette.store import backup as copies

log = logging.getLogger(__name__)

BODY_BYTES = 65_536
LAST_BACKUP = "last_backup"
"""A file of the data folder whose time is that of the last backup, wherever that went."""


class BackupOrder(msgspec.Struct, frozen=True):
    """Where the copy goes: a file of the server's machine that does not exist yet."""

    target: str


class ImportOrder(msgspec.Struct, frozen=True):
    """Which file of the server's machine to read, by which mapping."""

    file: str
    mapping: str


def routes(store: Store, city: City, data: Path) -> list[Route]:
    """Return the routes of the command line's own door."""

    async def backup(request: Request) -> Response:
        order = await _order(request, BackupOrder)
        target = Path(order.target)
        report = await asyncio.to_thread(copies.backup, store, target)
        photos = await asyncio.to_thread(photo_backup.pack, data, target)
        note_backup(data)
        return json_response({"rows": report.rows, "bytes": report.bytes, "photos": msgspec.to_builtins(photos)})

    async def import_(request: Request) -> Response:
        order = await _order(request, ImportOrder)

        def work(tell: Callable[[Any], None]) -> Any:
            return import_file(store, Path(order.file), Path(order.mapping), city=city, progress=tell)

        return StreamingResponse(_told(work), media_type="application/x-ndjson")

    return [
        Route(
            method="POST",
            path="/api/admin/backup",
            handler=backup,
            access=Access.LOCAL,
            summary="Copy all data into one file of this machine",
            takes=BackupOrder,
        ),
        Route(
            method="POST",
            path="/api/admin/import",
            handler=import_,
            access=Access.LOCAL,
            summary="Read a file of this machine into the city",
            takes=ImportOrder,
        ),
    ]


def note_backup(data: Path) -> None:
    """Note that a backup was just made."""
    (data / LAST_BACKUP).touch()


async def _told(work: Callable[[Callable[[Any], None]], Any]) -> AsyncIterator[bytes]:
    """Run ``work`` in a thread and yield what it tells, then its result or its error, as JSON lines."""
    loop = asyncio.get_running_loop()
    lines: asyncio.Queue[bytes | None] = asyncio.Queue()

    def tell(key: str, value: Any) -> None:
        line = msgspec.json.encode({key: value}) + b"\n"
        loop.call_soon_threadsafe(lines.put_nowait, line)

    def run() -> None:
        try:
            tell("report", work(lambda step: tell("progress", step)))
        except PlacetteError as error:
            tell("error", {"what": error.what, "where": error.where, "remedy": error.remedy})
        except Exception:
            log.exception("the work failed")
            tell("error", {"what": "an error on our side", "remedy": "the cause is in the server's log"})
        finally:
            loop.call_soon_threadsafe(lines.put_nowait, None)

    working = asyncio.create_task(asyncio.to_thread(run))
    while (line := await lines.get()) is not None:
        yield line
    await working


async def _order(request: Request, kind: type[Any]) -> Any:
    try:
        return msgspec.json.decode(await read_body(request, BODY_BYTES), type=kind)
    except msgspec.DecodeError as error:
        raise BadInput(f"the order cannot be read: {error}", request.url.path) from None
