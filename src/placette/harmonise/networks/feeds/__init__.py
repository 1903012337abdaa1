"""How the answers of feeds are read: one file per kind, under the names of ``model.feeds.KINDS``."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from placette.harmonise.networks.feeds import (
    atmo,
    datatourisme,
    gbfs,
    icalendar,
    meteo_france,
    meteo_france_climate,
    open_meteo,
    openaq,
    opendatasoft,
    sensorthings,
    vigieau,
)
from placette.model.arrivals import Arrival
from placette.model.uplinks import Uplink

READERS: dict[str, Callable[[Arrival, Any], list[Uplink]]] = {
    "open-meteo": open_meteo.read,
    "meteo-france": meteo_france.read,
    "meteo-france-climate": meteo_france_climate.read,
    "atmo": atmo.read,
    "vigieau": vigieau.read,
    "opendatasoft": opendatasoft.read,
    "sensorthings": sensorthings.read,
    "openaq": openaq.read,
    "datatourisme": datatourisme.read,
    "icalendar": icalendar.read,
    "gbfs": gbfs.read,
}
"""Each reader under the kind of its feed."""
