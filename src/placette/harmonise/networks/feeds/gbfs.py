"""GBFS: ``station_status`` of versions 2 and 3; each station is a device.

Version 3 says vehicles where version 2 said bikes: both names are given. ``last_reported`` is in Unix seconds (2.x) or
ISO 8601 (3.x); without it the time of the file (``last_updated``) counts.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import faulty, json_of, known, part, told
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, PlacetteError
from placette.model.uplinks import Uplink

_SAME = (("num_bikes_available", "num_vehicles_available"), ("num_bikes_disabled", "num_vehicles_disabled"))


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each station of ours; one without ``station_id`` or time is a fault of its own."""
    said = json_of(arrival)
    stations = part(part(said, "data", dict), "stations", list, "'data'")
    updated = said.get("last_updated")
    ours = set(told(arrival, "devices").split())
    found = [_one(station, number, updated) for number, station in enumerate(stations)]
    return [uplink for uplink in found if uplink.device in ours or uplink.fault]


def _one(station: Any, number: int, updated: Any) -> Uplink:
    where = f"station {number}"
    device = ""
    try:
        device = part(station, "station_id", str, where)
        moment = _moment(station.get("last_reported") or updated)
    except PlacetteError as error:
        return faulty(device, error.what)
    fields = known(station)
    for old, new in _SAME:
        for one, other in ((old, new), (new, old)):
            if one in fields:
                fields.setdefault(other, fields[one])
    return Uplink(device=device, fields=fields, device_time=moment)


def _moment(value: Any) -> int:
    if isinstance(value, str):
        return times.micros(value)
    if isinstance(value, int) and not isinstance(value, bool):
        moment = value * 1_000_000
        times.check(moment)
        return moment
    raise BadInput("'last_reported' and 'last_updated' are missing")
