"""Météo-France's observations: one request for one station and one hour, or six minutes, of the last day (DPObs v1).

The service allows some fifty requests a minute, so a page is one request: when it says "later", what came before is
kept. An hour that is not there yet is asked for again at the next run; one that never came is given up after two hours.
"""

from __future__ import annotations

from typing import cast

from placette.connect.feeds.days import HOUR_US
from placette.connect.feeds.fetch import Answer
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model import times
from placette.model.errors import Unreachable
from placette.model.feeds import MeteoFranceOptions

STEPS = {"hourly": (HOUR_US, "/station/horaire"), "6min": (HOUR_US // 10, "/station/infrahoraire-6m")}
GIVE_UP_US = 2 * HOUR_US


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the next missing observation; ``cursor``: ``{"at": {station: ISO}, "later": [station]}``."""
    options = cast("MeteoFranceOptions", config.options)
    step, path = STEPS[options.product]
    at: dict[str, str] = dict(cursor.get("at", {}))
    later: list[str] = list(cursor.get("later", []))
    newest = client.now // step * step
    oldest = newest - options.hours_back * HOUR_US
    for station in config.stations:
        wanted = max(times.micros(at[station.name]) + step if station.name in at else oldest, oldest)
        if wanted > newest or station.name in later:
            continue
        params = {"id_station": station.name, "date": times.iso(wanted), "format": "json"}
        answer = await _observation(client, path, params, config.token)
        if answer is not None or client.now - wanted > GIVE_UP_US:
            at[station.name] = times.iso(wanted)
        else:
            later.append(station.name)
        arrivals = () if answer is None else (client.arrival(answer),)
        return Page(arrivals, {"at": at, "later": later}, more=True)
    return Page((), {"at": at})


async def _observation(client: Client, path: str, params: dict[str, str], token: str) -> Answer | None:
    """Return the answer, ``None`` when there is nothing for that moment."""
    try:
        answer = await client.whole(path, params, headers={"apikey": token})
    except Unreachable as error:
        if error.status == 404:
            return None
        raise
    return answer if answer.body.strip() not in (b"", b"[]") else None
