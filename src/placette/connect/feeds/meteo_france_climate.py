"""Météo-France's climatological base: the hourly file of a department, read for the feed's stations alone.

The file is asked for only when it has changed, unpacked line by line in a thread (two years of a department are some
hundreds of megabytes), and what is behind the cursor is cut into pieces, each with the header.
"""

from __future__ import annotations

import asyncio
import gzip
import io
from typing import cast

from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.errors import BadInput, TooLarge
from placette.model.feeds import MeteoFranceClimateOptions

PIECE_LINES = 1_000
MOST_PLAIN = 4 << 30
"""Plain bytes of one file: ten times the largest of today."""
_STATION, _HOUR = b"NUM_POSTE", b"AAAAMMJJHH"


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return all that is new in the file; ``cursor``: ``{"at": {station: "2026070112"}}``."""
    options = cast("MeteoFranceClimateOptions", config.options)
    answer = await client.get(f"/{options.file}", conditional=True)
    if answer is None:
        return Page((), cursor)
    first = options.since.replace("-", "") + "00" if options.since else ""
    at = {station.name: cursor.get("at", {}).get(station.name, first) for station in config.stations}
    try:
        header, lines = await asyncio.to_thread(_lines, answer.body, at)
    except BadInput:
        return Page((client.arrival(answer, payload=answer.body[:100_000]),), cursor)
    pieces = [header + b"".join(lines[start : start + PIECE_LINES]) for start in range(0, len(lines), PIECE_LINES)]
    return Page(tuple(client.arrival(answer, payload=piece) for piece in pieces), {"at": at})


def _lines(packed: bytes, at: dict[str, str]) -> tuple[bytes, list[bytes]]:
    """Return the header and the lines of our stations behind ``at``, which is brought forward.

    Raises ``BadInput`` when this is not such a file.
    """
    wanted = {name.encode(): hour.encode() for name, hour in at.items()}
    reached = dict(wanted)
    found = []
    size = 0
    try:
        with gzip.open(io.BytesIO(packed)) as plain:
            header = plain.readline(1 << 16)
            columns = header.strip().split(b";")
            station_column, hour_column = columns.index(_STATION), columns.index(_HOUR)
            for line in plain:
                size += len(line)
                if size > MOST_PLAIN:
                    raise TooLarge(
                        f"the file unpacks to more than {MOST_PLAIN >> 30} GiB", remedy="name a file of one period"
                    )
                cells = line.split(b";", hour_column + 1)
                station = cells[station_column].strip()
                if station not in wanted or len(cells) <= hour_column:
                    continue
                hour = cells[hour_column].strip()
                if hour > wanted[station]:
                    found.append(line)
                    reached[station] = max(reached[station], hour)
    except (OSError, EOFError, ValueError) as error:
        raise BadInput(f"this is no hourly file of Météo-France: {error}") from None
    at.update({name.decode(): hour.decode("ascii", "replace") for name, hour in reached.items()})
    return header, found
