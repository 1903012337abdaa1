"""Atmo Data, the common service of the approved air quality associations (AASQA): indices and episodes, version 2.

A login gives a token of some hours; when it is refused, one new login is tried. Devices are zones: ``network_id`` is
the INSEE code of the commune (index), or that of the department (episodes).
Source: https://admindata.atmo-france.org/api/doc/v2
"""

from __future__ import annotations

from datetime import date, timedelta
from typing import cast

from placette.connect.feeds.days import today
from placette.connect.feeds.fetch import Answer
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.errors import Unreachable
from placette.model.feeds import AtmoOptions


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the index of one day, or the episodes; ``cursor``: ``{"day": the last day that is over}``."""
    options = cast("AtmoOptions", config.options)
    zones = ",".join(station.name for station in config.stations)
    if options.product == "episodes":
        answer = await _asked(client, config, "/api/v2/data/episodes/3jours", {"code_zone": zones})
        return Page((client.arrival(answer, {"zone": config.zone, "devices": config.names}),), cursor)
    now = today(client.now, config.zone)
    known = date.fromisoformat(cursor["day"]) if "day" in cursor else now - timedelta(days=options.days_back)
    day = date.fromisoformat(cursor["next"]) if "next" in cursor else known
    answer = await _asked(client, config, "/api/v2/data/indices/atmo", {"date": str(day), "code_zone": zones})
    arrivals = (client.arrival(answer, {"zone": config.zone, "devices": config.names}),)
    if day < now + timedelta(days=options.days_ahead):
        return Page(arrivals, {"day": str(known), "next": str(day + timedelta(days=1))}, more=True)
    return Page(arrivals, {"day": str(now)})


async def _asked(client: Client, config: FeedConfig, path: str, params: dict[str, str]) -> Answer:
    whole = {"format": "geojson", "with_geom": "false", **params}
    fresh = not client.bearer
    if fresh:
        await _log_in(client, config)
    try:
        return await client.whole(path, whole, headers={"Authorization": f"Bearer {client.bearer}"})
    except Unreachable as error:
        if error.status != 401 or fresh:
            raise
    await _log_in(client, config)
    return await client.whole(path, whole, headers={"Authorization": f"Bearer {client.bearer}"})


async def _log_in(client: Client, config: FeedConfig) -> None:
    client.bearer = ""
    answer = await client.post("/api/login", {"username": config.username, "password": config.password})
    said = answer.json() if answer is not None else None
    token = said.get("token") if isinstance(said, dict) else None
    if not isinstance(token, str) or not token:
        raise Unreachable("the login gives no token", f"{config.url}/api/login", "check the user and the password")
    client.bearer = token
