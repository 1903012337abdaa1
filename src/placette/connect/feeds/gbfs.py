"""GBFS 2.x and 3.x: what a shared mobility system has at its stations (https://gbfs.org/documentation/reference).

``url`` is that of ``gbfs.json``, which names the other files; ``network_id`` is a station's ``station_id``.
"""

from __future__ import annotations

from typing import Any

from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.errors import Unreachable


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the state of the stations, unless it is that of the last run."""
    index = await client.whole(config.url)
    url = _file(index.json(), "station_status")
    if url is None:
        raise Unreachable("gbfs.json names no station_status", index.url, "this system may have no stations")
    answer = await client.get(url, conditional=True)
    return Page(() if answer is None else (client.arrival(answer, {"devices": config.names}),), cursor)


def _file(said: Any, name: str) -> str | None:
    """Return the address of a file: version 3 lists the files once, version 2 once for each language."""
    data = said.get("data") if isinstance(said, dict) else None
    if not isinstance(data, dict):
        return None
    lists = [data, *(one for one in data.values() if isinstance(one, dict))]
    feeds = [feed for one in lists for feed in one.get("feeds") or [] if isinstance(feed, dict)]
    return next((str(feed["url"]) for feed in feeds if feed.get("name") == name and feed.get("url")), None)
