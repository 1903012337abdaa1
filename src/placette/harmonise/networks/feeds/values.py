"""What the readers of feeds share: JSON, its parts by name or a clear word, times as feeds write them."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from placette.model import feeds, times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, Unprocessable
from placette.model.uplinks import Fields, Uplink

REMEDY = "the service may have changed: compare it with its documentation, then replay"
UNITS = {
    "°C": "Cel",
    "°F": "[degF]",
    "K": "K",
    "%": "%",
    "mm": "mm",
    "cm": "cm",
    "m": "m",
    "km": "km",
    "km/h": "km/h",
    "m/s": "m/s",
    "°": "deg",
    "hPa": "hPa",
    "Pa": "Pa",
    "W/m²": "W/m2",
    "MJ/m²": "MJ/m2",
    "J/kg": "J/kg",
    "s": "s",
    "m³/m³": "m3/m3",
    "μg/m³": "ug/m3",
    "µg/m³": "ug/m3",
    "mg/m³": "mg/m3",
    "ppm": "[ppm]",
    "ppb": "[ppb]",
}
"""Units as feeds show them, and their UCUM codes."""


def json_of(arrival: Arrival) -> Any:
    """Return the payload as JSON; raises ``BadInput`` when it is none, or is not UTF-8."""
    try:
        return msgspec.json.decode(arrival.payload)
    except UnicodeDecodeError as error:
        raise BadInput(f"the answer is not UTF-8: {error.reason}", remedy=REMEDY) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise BadInput(f"the answer is no JSON: {error}", remedy=REMEDY) from None


def told(arrival: Arrival, name: str) -> str:
    """Return what the connector told of its question; raises ``Unprocessable`` when it told nothing of the kind."""
    found = feeds.context(arrival.channel).get(name)
    if found is None:
        raise Unprocessable(f"the channel does not tell '{name}'", arrival.channel[:200], "let the feed ask anew")
    return found


def part(value: Any, name: str, kind: type, where: str = "the answer") -> Any:
    """Return a member of an object; raises ``Unprocessable`` that names it when it is missing or of another type."""
    found = value.get(name) if isinstance(value, dict) else None
    if not isinstance(found, kind) or (kind is int and isinstance(found, bool)):
        what = "is missing" if found is None else f"is a {type(found).__name__}"
        raise Unprocessable(f"'{name}' {what} in {where}", remedy=REMEDY)
    return found


def known(fields: Fields) -> Fields:
    """Return the fields that say something: what a source leaves empty was not measured.

    >>> known({"t": 3.5, "u": None})
    {'t': 3.5}
    """
    return {name: value for name, value in fields.items() if value is not None}


def faulty(device: str, what: str) -> Uplink:
    """Return a record that cannot be read, beside others that can."""
    return Uplink(device=device, event="other", fault=what)


def local_day(text: str, zone: str) -> tuple[int, int]:
    """Return the first instant of a day in a time zone and that of the next day, µs UTC; raises ``BadInput``.

    >>> begin, end = local_day("2026-03-29", "Europe/Paris")
    >>> (end - begin) // 3_600_000_000
    23
    """
    try:
        day = date.fromisoformat(text[:10])
    except ValueError:
        raise BadInput(f"'{text[:40]}' is no day", remedy=REMEDY) from None
    return _midnight(day, zone), _midnight(day + timedelta(days=1), zone)


def _midnight(day: date, zone: str) -> int:
    return times.micros_of(datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)))


def instant(text: str, zone: str = "UTC") -> int:
    """Return an instant as a feed writes it, µs UTC; one without offset is in ``zone``. Raises ``BadInput``."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return times.micros(text)
    return times.micros_of(moment if moment.tzinfo else moment.replace(tzinfo=ZoneInfo(zone)))
