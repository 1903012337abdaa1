"""VigiEau: the zones in force at a place; ``niveauGravite`` of surface, ground and drinking water, and the worst.

What is in force is told for the day of the city on which it was asked. A place without any zone has no restriction:
``pas_de_restriction``. Levels: vigilance, alerte, alerte_renforcee, crise.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, json_of, local_day, part, told
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import Unprocessable
from placette.model.uplinks import Uplink

NONE = "pas_de_restriction"
LEVELS = (NONE, "vigilance", "alerte", "alerte_renforcee", "crise")
TYPES = ("SUP", "SOU", "AEP")
"""Surface water, ground water, drinking water."""
_HOURS_OFF = 14 * 3_600_000_000


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink: the level of each kind of water (``SUP``, ``SOU``, ``AEP``) and the worst."""
    said = json_of(arrival)
    zones = [said] if isinstance(said, dict) and "niveauGravite" in said else said
    if not isinstance(zones, list):
        raise Unprocessable("the answer is no list of zones", remedy=REMEDY)
    levels = dict.fromkeys(TYPES, NONE)
    for number, zone in enumerate(zones):
        kind, level = _zone(zone, f"zone {number}")
        levels[kind] = max(levels.get(kind, NONE), level, key=LEVELS.index)
    begin, end = _day(arrival.received_time, told(arrival, "zone"))
    worst = max(levels.values(), key=LEVELS.index)
    return [
        Uplink(
            device=told(arrival, "device"),
            fields={**levels, "niveauGravite": worst},
            device_time=begin,
            end_time=end,
        )
    ]


def _zone(zone: Any, where: str) -> tuple[str, str]:
    kind = part(zone, "type", str, where)
    level = zone.get("niveauGravite")
    if level is None and "niveauGravite" in zone:
        return kind, NONE
    if level not in LEVELS:
        level = part(zone, "niveauGravite", str, where)
        raise Unprocessable(f"unknown level '{level[:40]}' in {where}", remedy=f"known: {', '.join(LEVELS)}")
    return kind, level


def _day(received: int, zone: str) -> tuple[int, int]:
    """Return the local day that holds an instant."""
    for near in (received - _HOURS_OFF, received, received + _HOURS_OFF):
        begin, end = local_day(times.iso(near), zone)
        if begin <= received < end:
            return begin, end
    raise Unprocessable("the day cannot be told", zone)
