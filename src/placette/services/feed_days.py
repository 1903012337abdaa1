"""Events of published calendars (feeds of the kind ``icalendar``) as days of the city, beside those of calendar.toml.

The calendar's device says of which place its events are: that of its row in things.csv, or the whole city's without
one. Cancelled events count for nothing; what lasts longer than a year is no event.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from placette.city.calendar import LONGEST_DAYS
from placette.city.model import City, Occasion
from placette.model.times import MICROS_PER_S
from placette.store import Store
from placette.store.sql import among

KIND = "icalendar"
MOST = 5_000
"""Events looked at, the newest first."""
_EVENTS = """
SELECT epoch_us(phenomenon_time) AS first, epoch_us(coalesce(phenomenon_end, phenomenon_time)) AS last, result_json
FROM observation
WHERE datastream_id IN {ids} AND result_json IS NOT NULL AND quality NOT IN (4, 9)
ORDER BY phenomenon_time DESC LIMIT {most}
"""


def with_events_of_feeds(store: Store, city: City) -> City:
    """Return the city with its calendars' events among those of calendar.toml; the same without such feeds. Blocks."""
    found: list[Occasion] = []
    for device in city.devices:
        feed = city.feeds.get(device.network)
        if feed is None or feed.kind != KIND:
            continue
        infos = [info.id for info in store.directory.by_id.values() if info.thing_code == device.code]
        if infos:
            rows = store.query_now(_EVENTS.format(ids=among(infos), most=MOST), []).to_pylist()
            found += [one for row in rows for one in _occasions(city, device.place, row)]
    if not found:
        return city
    calendar = msgspec.structs.replace(city.calendar, events=(*city.calendar.events, *found))
    return msgspec.structs.replace(city, calendar=calendar)


def _occasions(city: City, place: str, row: dict[str, Any]) -> list[Occasion]:
    first, last = _day(city, row["first"]), _day(city, max(row["first"], row["last"] - 1))
    if (last - first).days >= LONGEST_DAYS:
        return []
    return [
        Occasion(
            key=f"feed-{event.get('uid', '')}",
            names=dict.fromkeys(city.languages, str(event["title"])),
            first=first,
            last=last,
            places=(place,) if place else (),
        )
        for event in _events(row["result_json"])
        if event.get("title") and event.get("status") != "cancelled"
    ]


def _events(text: str) -> list[dict[str, Any]]:
    """Return the events of one span: a calendar's result is a list of them."""
    try:
        told = msgspec.json.decode(text)
    except msgspec.DecodeError:
        return []
    return [each for each in told if isinstance(each, dict)] if isinstance(told, list) else []


def _day(city: City, instant: int) -> date:
    return datetime.fromtimestamp(instant / MICROS_PER_S, ZoneInfo(city.zone)).date()
