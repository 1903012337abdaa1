"""DATAtourisme: the points of interest of a flux, as a ZIP or tar of JSON-LD objects with an index.

The flux is asked for only when it has changed. ``url`` is that of the flux with ``{token}`` in the place of the
application's key. Each object is one arrival; which of them have changed is told from what is stored. E-mail addresses
and telephone numbers are left out at once.
"""

from __future__ import annotations

import asyncio
import io
import tarfile
import zipfile
from collections.abc import Callable, Iterator
from typing import Any

import msgspec

from placette.connect.feeds.persons import without_persons
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.errors import BadInput, TooLarge

_CONTACTS = frozenset({"schema:email", "schema:telephone", "schema:faxNumber"})
MOST_OBJECT = 1 << 20
MOST_OBJECTS = 200_000
"""Objects of one flux; all of France has some 450,000, a department some thousands."""


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return every object of the flux, nothing when the flux is the same."""
    answer = await client.get(config.url, conditional=True)
    if answer is None:
        return Page((), cursor)
    most = config.options.most_mib << 20
    objects = await asyncio.to_thread(lambda: list(unpacked(answer.body, most, answer.url)))
    return Page(tuple(client.arrival(answer, {"object": name}, payload) for name, payload in objects), cursor)


def unpacked(body: bytes, limit: int, where: str = "") -> Iterator[tuple[str, bytes]]:
    """Yield the name and bytes of each object of a ZIP or (packed) tar, ``limit`` plain bytes in all.

    Raises ``BadInput`` when it is neither, ``TooLarge`` beyond the limits.
    """
    left = limit
    for found, (name, size, payload) in enumerate(_members(body, where), 1):
        left -= size
        if left < 0 or found > MOST_OBJECTS or size > MOST_OBJECT:
            what = f"the flux unpacks to more than {limit >> 20} MiB or {MOST_OBJECTS} objects"
            raise TooLarge(what, where, "ask for less, or raise most_mib in the feed's options")
        yield name, _anonymous(payload())


def _anonymous(payload: bytes) -> bytes:
    try:
        said = msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return without_persons(payload.decode("utf-8", "replace")).encode()
    return msgspec.json.encode(_without_contacts(said))


def _without_contacts(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _without_contacts(one) for key, one in value.items() if key not in _CONTACTS}
    return [_without_contacts(one) for one in value] if isinstance(value, list) else value


def _members(body: bytes, where: str) -> Iterator[tuple[str, int, Callable[[], bytes]]]:
    """Yield name, plain size and a reader of each object, without unpacking any."""
    try:
        if zipfile.is_zipfile(io.BytesIO(body)):
            with zipfile.ZipFile(io.BytesIO(body)) as archive:
                for entry in archive.infolist():
                    if _is_object(entry.filename):
                        yield entry.filename, entry.file_size, lambda entry=entry: archive.read(entry)  # type: ignore[misc]
            return
        with tarfile.open(fileobj=io.BytesIO(body)) as tape:
            for member in tape:
                if member.isfile() and _is_object(member.name):
                    source = tape.extractfile(member)
                    if source is not None:
                        yield member.name, member.size, source.read
    except (tarfile.TarError, zipfile.BadZipFile, OSError, EOFError) as error:
        what = f"the flux is neither ZIP nor tar: {str(error).partition(':')[0]}"
        raise BadInput(what, where, "choose the JSON format of the flux") from None


def _is_object(name: str) -> bool:
    return "objects/" in name and name.endswith(".json")
