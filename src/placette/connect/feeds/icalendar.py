"""iCalendar: a calendar that somebody publishes at an address (RFC 5545). The device of the feed stands for it.

A secret address is written with ``{token}`` in the place of the secret part. Today's date belongs to the question: with
each day that passes, events come into view although the calendar has not changed.

Of a calendar only those properties are kept that say what, when and where: who organises and who comes never reaches
the disk, and e-mail addresses and telephone numbers are taken out of the texts.
"""

from __future__ import annotations

import re
from typing import cast

from placette.connect.feeds.days import today
from placette.connect.feeds.persons import without_persons
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.feeds import IcalendarOptions

_FOLD = re.compile(rb"\r?\n[ \t]")
_SHOWN = 200
"""Bytes kept of what is no calendar at all, for its dead letter."""
_TEXTS = ("SUMMARY", "LOCATION", "URL")
_KEPT = frozenset(
    (
        *(
            "BEGIN",
            "END",
            "VERSION",
            "PRODID",
            "CALSCALE",
            "X-WR-TIMEZONE",
            "UID",
            "DTSTAMP",
            "LAST-MODIFIED",
            "SEQUENCE",
        ),
        *("DTSTART", "DTEND", "DURATION", "RRULE", "RDATE", "EXDATE", "RECURRENCE-ID", "STATUS", *_TEXTS),
        *("TZID", "TZOFFSETFROM", "TZOFFSETTO", "TZNAME"),
    )
)


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the calendar when it has changed or a day has passed; ``cursor``: ``{"day": ISO}``."""
    options = cast("IcalendarOptions", config.options)
    day = str(today(client.now, config.zone))
    answer = await client.get(config.url, conditional=True, anew=cursor.get("day") != day)
    if answer is None:
        return Page((), cursor)
    told: dict[str, str | int] = {"zone": config.zone, "back": options.days_back, "ahead": options.days_ahead}
    kept = anonymous(answer.body)
    arrivals = tuple(client.arrival(answer, {"device": station.name, **told}, kept) for station in config.stations)
    return Page(arrivals, {"day": day})


def anonymous(calendar: bytes) -> bytes:
    r"""Return a calendar without what it says of people; bytes that are no UTF-8 come through as they are.

    >>> anonymous(b"BEGIN:VEVENT\r\nATTENDEE;CN=Zoe:mailto:z\r\n oe@example.org\r\nSUMMARY:Fair\r\n")
    b'BEGIN:VEVENT\r\nSUMMARY:Fair\r\n'
    """
    kept = []
    for line in _FOLD.sub(b"", calendar).splitlines():
        text = line.decode("utf-8", "surrogateescape")
        name = re.split("[;:]", text, maxsplit=1)[0].strip("\ufeff").upper()
        if name in _TEXTS:
            text = without_persons(text)
        if name in _KEPT:
            kept.append(text.encode("utf-8", "surrogateescape"))
    return (
        b"".join(line + b"\r\n" for line in kept)
        or without_persons(calendar[:_SHOWN].decode("utf-8", "replace")).encode()
    )
