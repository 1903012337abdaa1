"""An Opendatasoft portal's records (Explore API 2.1): ``{"total_count": n, "results": [{…}]}``; fields as they are.

Dates carry their offset; one without is in the city's time zone.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import faulty, instant, json_of, known, part, told
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.uplinks import Uplink


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each record of our stations; one without station or date is a fault of its own."""
    date_field, station_field, zone = (told(arrival, name) for name in ("date_field", "station_field", "zone"))
    records = part(json_of(arrival), "results", list)
    ours = set(told(arrival, "devices").split())
    found = [_one(record, number, date_field, station_field, zone) for number, record in enumerate(records)]
    return [uplink for uplink in found if uplink.device in ours or uplink.fault]


def _one(record: Any, number: int, date_field: str, station_field: str, zone: str) -> Uplink:
    where = f"record {number}"
    device = ""
    try:
        station = record.get(station_field) if isinstance(record, dict) else None
        device = str(station) if isinstance(station, int | str) else part(record, station_field, str, where)
        moment = instant(part(record, date_field, str, where), zone)
    except PlacetteError as error:
        return faulty(device, error.what)
    return Uplink(device=device, fields=known(record), device_time=moment)
