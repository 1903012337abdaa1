"""Atmo Data, version 2: GeoJSON whose features are the index of a zone for a day, or the state of an episode.

The index runs from 1 (good) to 6 (extremely bad), 0 is "no data" and 7 "event" (arrêté of 10 July 2020, in force since
2021); it is kept as the code that was sent, ``code_qual`` and ``code_<pollutant>``, with its word in ``lib_qual``. A
day is one of the city's time zone; ``date_dif`` is when it was issued.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import faulty, instant, json_of, known, local_day, part, told
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.uplinks import Fields, Uplink


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each zone and day, or zone, day and pollutant."""
    zone = told(arrival, "zone")
    features = part(json_of(arrival), "features", list)
    ours = set(told(arrival, "devices").split())
    found = [_one(feature, number, zone) for number, feature in enumerate(features)]
    return [uplink for uplink in found if uplink.device in ours or uplink.fault]


def _one(feature: Any, number: int, zone: str) -> Uplink:
    where = f"feature {number}"
    device = ""
    try:
        said = part(feature, "properties", dict, where)
        code = said.get("code_zone")
        device = str(code) if isinstance(code, str | int) else part(said, "code_zone", str, where)
        begin, end = local_day(part(said, "date_ech", str, where), zone)
        fields = _episode(said) if "etat" in said else _index(said, where)
        issued = said.get("date_dif") or said.get("date_maj")
        issue = instant(issued, zone) if isinstance(issued, str) else None
    except PlacetteError as error:
        return faulty(device, error.what)
    return Uplink(device=device, fields=fields, device_time=begin, end_time=end, issue_time=issue)


def _index(said: dict[str, Any], where: str) -> Fields:
    part(said, "code_qual", int, where)
    return known({name: value for name, value in said.items() if name.startswith("code_") or name == "lib_qual"})


def _episode(said: dict[str, Any]) -> Fields:
    """Return the state of one pollutant under a name of its own: ``etat_pm10``."""
    pollutant = str(said.get("lib_pol") or said.get("code_pol") or "").lower().replace(".", "").replace(" ", "_")
    return {f"etat_{pollutant}": said["etat"], "etat": said["etat"]}
