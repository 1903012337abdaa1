"""SensorThings of another city (OGC 15-078r6 and 18-088): the observations of the Things that stand in things.csv.

``network_id`` is the Thing's id at the source, the fields of a model are keys or names of its observed properties. Each
run asks which datastreams the Things have, then for what is new in each of them, by the time of the last one seen.
``@iot.nextLink`` is followed on the source's own host alone.
"""

from __future__ import annotations

from typing import Any, cast

import httpx
import msgspec

from placette.connect.feeds.days import start
from placette.connect.feeds.fetch import Answer
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page, Station
from placette.model.errors import BadInput, Unreachable
from placette.model.feeds import SensorThingsOptions


class _Source(msgspec.Struct):
    """A datastream of the source: its id as written in an address, the device and the field it stands for, its unit."""

    id: str
    device: str
    field: str
    unit: str


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return a page of one datastream; ``cursor``: ``{"at": {datastream: ISO}, "plan": […], "next": link}``.

    ``plan`` and ``next`` live within a run: the datastreams still to be asked, and the link to go on with.
    """
    options = cast("SensorThingsOptions", config.options)
    at: dict[str, str] = dict(cursor.get("at", {}))
    plan = [msgspec.convert(one, _Source) for one in cursor["plan"]] if "plan" in cursor else None
    if plan is None:
        plan = [source for station in config.stations for source in await _sources(client, config, station)]
    if not plan:
        return Page((), {"at": at})
    source = plan[0]
    answer = await _observations(client, config, options, source, at, cursor.get("next", ""))
    newest, link = _told(answer, options.order)
    is_known = bool(newest) and newest == at.get(source.id)
    if newest:
        at[source.id] = max(newest, at.get(source.id, ""))
    link = _on_our_host(link, config.url) if link else link
    if link and link != cursor.get("next"):
        ahead: Cursor = {"at": at, "plan": plan, "next": link}
    else:
        ahead = {"at": at, "plan": plan[1:]} if plan[1:] else {"at": at}
    ahead = msgspec.to_builtins(ahead)
    told = {"device": source.device, "field": source.field, "unit": source.unit}
    arrivals = (client.arrival(answer, told),) if (newest and not is_known) or link is None else ()
    return Page(arrivals, ahead, more="plan" in ahead)


async def _sources(client: Client, config: FeedConfig, station: Station) -> list[_Source]:
    """Ask which datastreams a Thing has, and keep those whose observed property a field names."""
    thing = _key(station.name)
    params: dict[str, str | int] = {"$expand": "ObservedProperty", "$top": 200}
    answer = await client.whole(f"/Things({thing})/Datastreams", params, headers=_headers(config))
    said = answer.json()
    listed = said.get("value") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        what = "the service lists no datastreams: 'value' is missing"
        raise Unreachable(what, answer.url.partition("?")[0], "the service may have changed")
    found = []
    for one in listed:
        if not isinstance(one, dict):
            continue
        observed = one.get("ObservedProperty") or {}
        names = (observed.get("properties") or {}).get("key"), observed.get("name"), one.get("name")
        field = next((name for name in names if name in station.fields), None)
        if field is not None and "@iot.id" in one:
            unit = (one.get("unitOfMeasurement") or {}).get("definition") or ""
            found.append(_Source(_key(one["@iot.id"]), station.name, field, unit))
    return found


async def _observations(
    client: Client,
    config: FeedConfig,
    options: SensorThingsOptions,
    source: _Source,
    at: dict[str, str],
    link: str,
) -> Answer:
    if link:
        return await client.whole(link, headers=_headers(config))
    since = at.get(source.id)
    begin, _, end = (since or start(options.since, client.now)).partition("/")
    # the next interval may begin where the last one ended, so the last one is asked for again
    condition = f"{options.order} {'gt' if since and not end else 'ge'} {begin}"
    params: dict[str, str | int] = {
        "$filter": condition,
        "$orderby": f"{options.order} asc",
        "$top": options.page,
        "$select": "phenomenonTime,resultTime,result",
    }
    return await client.whole(f"/Datastreams({source.id})/Observations", params, headers=_headers(config))


def _headers(config: FeedConfig) -> dict[str, str]:
    return {"Authorization": f"Bearer {config.token}"} if config.token else {}


def _told(answer: Answer, order: str) -> tuple[str, str | None]:
    """Return the newest time and the link to go on with; ``("", None)`` when the answer is not what was expected."""
    try:
        said = answer.json()
    except BadInput:
        return "", None
    listed = said.get("value") if isinstance(said, dict) else None
    if not isinstance(listed, list):
        return "", None
    moments = [one.get(order) for one in listed if isinstance(one, dict)]
    newest = max((moment for moment in moments if isinstance(moment, str)), default="")
    if listed and not newest:
        return "", None
    link = said.get("@iot.nextLink")
    return newest, link if isinstance(link, str) else ""


def _on_our_host(link: str, url: str) -> str:
    """Return the link on the address we were given: services behind a proxy often write their inner one."""
    target, ours = httpx.URL(link), httpx.URL(url)
    path = target.raw_path.decode("ascii")
    _, version, rest = path.partition(ours.path.rstrip("/").rpartition("/")[2] + "/")
    if not version:
        raise Unreachable("the next page lies outside of the service", url, "check 'url' in feeds.toml")
    return f"{url.rstrip('/')}/{rest}"


def _key(value: Any) -> str:
    """Return an id as it stands in an address: numbers bare, text in quotes (OGC 18-088, section 9.2.3)."""
    text = str(value)
    return text if text.lstrip("-").isdigit() else "'" + text.replace("'", "''") + "'"
