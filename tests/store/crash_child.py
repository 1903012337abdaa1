"""Appends until it is killed, printing every acknowledged batch: the child process of the durability test."""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from conftest import NOON, make_datastreams  # this folder's: a script has its own folder on the path
from placette.model.observations import ObservationRow
from placette.store import Store


async def append(store: Store, stream: int, caller: int) -> None:
    number = 0
    while True:
        await store.append_rows([ObservationRow(stream, NOON + number, float(caller))])
        sys.stdout.write(f"{stream} {number}\n")
        sys.stdout.flush()
        number += 1


async def main() -> None:
    store = Store.open(Path(sys.argv[1]))
    streams = make_datastreams(store, 8)
    await asyncio.gather(*(append(store, stream, caller) for caller, stream in enumerate(streams)))


asyncio.run(main())
