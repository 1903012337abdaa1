"""VigiEau: the drought restrictions in force at the position of each device (https://api.vigieau.gouv.fr, zones)."""

from __future__ import annotations

from typing import cast

from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.feeds import VigieauOptions


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the zones of one device after the other; ``cursor``: ``{"next": number}`` within a run."""
    options = cast("VigieauOptions", config.options)
    number = cursor.get("next", 0)
    if number >= len(config.stations):
        return Page((), {})
    station = config.stations[number]
    params: dict[str, str | int | float] = {"lon": station.longitude, "lat": station.latitude}
    params |= {"commune": options.commune} if options.commune else {}
    answer = await client.whole("/api/zones", params | {"profil": options.profile})
    more = number + 1 < len(config.stations)
    arrival = client.arrival(answer, {"device": station.name, "zone": config.zone})
    return Page((arrival,), {"next": number + 1} if more else {}, more)
