"""Appends until it is killed, printing every acknowledged row: the child process of the durability test.

``crash_child.py FILE START DATASTREAM…`` writes one row per µs from START into each datastream, all at the same time.
"""

from __future__ import annotations

import asyncio
import sys
from pathlib import Path

from placette.model.observations import ObservationRow
from placette.store import Store


async def append(store: Store, stream: int, start: int) -> None:
    number = 0
    while True:
        await store.append_rows([ObservationRow(stream, start + number, float(number))])
        sys.stdout.write(f"{stream} {number}\n")
        sys.stdout.flush()
        number += 1


async def main(file: str, start: str, *streams: str) -> None:
    store = Store.open(Path(file))
    await asyncio.gather(*(append(store, int(stream), int(start)) for stream in streams))


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
