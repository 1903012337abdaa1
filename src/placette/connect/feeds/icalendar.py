"""iCalendar: a calendar that somebody publishes at an address (RFC 5545). The device of the feed stands for it.

A secret address is written with ``{token}`` in the place of the secret part. Today's date belongs to the question: with
each day that passes, events come into view although the calendar has not changed.
"""

from __future__ import annotations

from typing import cast

from placette.connect.feeds.days import today
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.feeds import IcalendarOptions


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the calendar when it has changed or a day has passed; ``cursor``: ``{"day": ISO}``."""
    options = cast("IcalendarOptions", config.options)
    day = str(today(client.now, config.zone))
    answer = await client.get(config.url, conditional=cursor.get("day") == day)
    if answer is None:
        return Page((), cursor)
    told: dict[str, str | int] = {"zone": config.zone, "back": options.days_back, "ahead": options.days_ahead}
    arrivals = tuple(client.arrival(answer, {"device": station.name, **told}) for station in config.stations)
    return Page(arrivals, {"day": day})
