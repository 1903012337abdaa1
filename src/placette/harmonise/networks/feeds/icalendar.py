"""iCalendar (RFC 5545): events become observations whose phenomenonTime is the event's own span.

Repetitions, exceptions and moved occurrences are written out by ``recurring-ical-events`` from some days back to some
days ahead. Of an event are kept its title, place, page, status and identifier, never who organises it or who comes.
Events of exactly the same span stand together, since a calendar has one observation for a span: ``events`` is a list.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, known, told
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, TooLarge
from placette.model.uplinks import Uplink

MOST_EVENTS = 20_000
MOST_TEXT = 500


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each span with events; raises ``BadInput`` when this is no calendar."""
    import icalendar  # noqa: PLC0415  # a quarter of a second, for cities with a calendar alone
    import recurring_ical_events  # noqa: PLC0415

    device, zone = told(arrival, "device"), ZoneInfo(told(arrival, "zone"))
    text = _text(arrival.payload)
    now = datetime.fromtimestamp(arrival.received_time / 1e6, UTC).astimezone(zone)
    begin = now - timedelta(days=int(told(arrival, "back")))
    end = now + timedelta(days=int(told(arrival, "ahead")))
    try:
        calendar = icalendar.Calendar.from_ical(text)
        if calendar.name != "VCALENDAR":
            raise ValueError("it does not begin with BEGIN:VCALENDAR")
        found = recurring_ical_events.of(calendar, skip_bad_series=True).between(begin, end)
    except (ValueError, TypeError, KeyError, IndexError, AttributeError) as error:
        raise BadInput(f"this is no calendar: {str(error)[:200]}", remedy=REMEDY) from None
    if len(found) > MOST_EVENTS:
        raise TooLarge(f"the calendar has more than {MOST_EVENTS} events in this time", remedy="lower days_ahead")
    spans: dict[tuple[int, int], list[dict[str, Any]]] = {}
    for event in found:
        spans.setdefault(_span(event, zone), []).append(_told(event))
    return [
        Uplink(
            device=device,
            fields={"events": sorted(events, key=lambda one: (one["title"], one["uid"])), "count": len(events)},
            device_time=span[0],
            end_time=span[1],
        )
        for span, events in sorted(spans.items())
    ]


def _text(payload: bytes) -> str:
    try:
        return payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise BadInput(f"the calendar is not UTF-8: {error.reason}", remedy=REMEDY) from None


def _span(event: Any, zone: ZoneInfo) -> tuple[int, int]:
    """Return begin and end, µs UTC; whole days, and times without zone, are those of the city."""
    begin = event.start
    end = event.end
    return _instant(begin, zone), max(_instant(end, zone), _instant(begin, zone))


def _instant(moment: date | datetime, zone: ZoneInfo) -> int:
    if not isinstance(moment, datetime):
        moment = datetime(moment.year, moment.month, moment.day)  # made aware below
    return times.micros_of(moment if moment.tzinfo else moment.replace(tzinfo=zone))


def _told(event: Any) -> dict[str, Any]:
    said = {
        "title": _clean(event.get("SUMMARY")) or "",
        "place": _clean(event.get("LOCATION")),
        "url": _clean(event.get("URL")),
        "status": str(event.get("STATUS", "")).lower() or None,
        "uid": _clean(event.get("UID")) or "",
    }
    return known(said)


def _clean(value: Any) -> str | None:
    return None if value is None else str(value).strip()[:MOST_TEXT] or None
