"""OpenAQ, version 3: the measurements of each sensor of a location (https://docs.openaq.org).

``network_id`` is the number of the location; the fields of a model are names of parameters (``pm25``, ``no2``). The key
goes in ``X-API-Key``. The cursor is, for each sensor, the end of the last period seen.
"""

from __future__ import annotations

from typing import Any, cast

from placette.connect.feeds.days import start
from placette.connect.feeds.fetch import Answer
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page, Station
from placette.model.errors import BadInput, Unreachable
from placette.model.feeds import OpenaqOptions


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return a page of one sensor; ``cursor``: ``{"at": {sensor: ISO}, "plan": [[sensor, location]], "page": number}``.

    ``plan`` and ``page`` live within a run.
    """
    options = cast("OpenaqOptions", config.options)
    headers = {"X-API-Key": config.token}
    at: dict[str, str] = dict(cursor.get("at", {}))
    plan: list[list[str]] | None = cursor.get("plan")
    if plan is None:
        plan = [pair for station in config.stations for pair in await _sensors(client, station, headers)]
    if not plan:
        return Page((), {"at": at})
    sensor, location = plan[0]
    number = cursor.get("page", 1)
    since = cursor.get("from") or at.get(sensor) or start(options.since, client.now)
    params: dict[str, str | int] = {"datetime_from": since, "limit": options.page, "page": number}
    answer = await client.whole(f"/sensors/{sensor}/measurements", params, headers=headers)
    newest, count = _told(answer)
    if newest:
        at[sensor] = max(newest, at.get(sensor, ""))
    if count == options.page:
        ahead: Cursor = {"at": at, "plan": plan, "page": number + 1, "from": since}
    else:
        ahead = {"at": at, "plan": plan[1:]} if plan[1:] else {"at": at}
    arrivals = (client.arrival(answer, {"device": location}),) if count != 0 else ()
    return Page(arrivals, ahead, more="plan" in ahead)


async def _sensors(client: Client, station: Station, headers: dict[str, str]) -> list[list[str]]:
    """Ask which sensors a location has, and keep those whose parameter a field names."""
    answer = await client.whole(f"/locations/{station.name}", headers=headers)
    said = answer.json()
    try:
        sensors = said["results"][0]["sensors"]
        return [[str(one["id"]), station.name] for one in sensors if one["parameter"]["name"] in station.fields]
    except (KeyError, IndexError, TypeError):
        raise Unreachable(
            "the location's sensors are not where they were",
            answer.url.partition("?")[0],
            "the service may have changed",
        ) from None


def _told(answer: Answer) -> tuple[str, int]:
    """Return the end of the newest period and the number of measurements, -1 for an unexpected answer."""
    try:
        results: Any = answer.json()["results"]
        ends = [one["period"]["datetimeTo"]["utc"] for one in results if "period" in one]
    except (BadInput, KeyError, TypeError):
        return "", -1
    return max(ends, default=""), len(results)
