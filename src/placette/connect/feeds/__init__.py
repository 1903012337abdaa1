"""Feeds: data that we ask others for, in a rhythm. One file per kind of source; ``CONNECTORS`` is the whole list.

A connector is one function, ``fetch(client, cursor, config) -> Page``: it asks for the next page behind the cursor and
returns what came as arrivals, not yet understood, with the cursor behind them. How answers are read stands in
``harmonise/networks`` under the same name; what a city may set, in ``model/feeds.py``. ``feed.py`` runs one of them.
"""

from __future__ import annotations

from placette.connect.feeds import (
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
from placette.connect.feeds.feed import Feed, Notes
from placette.connect.feeds.fetch import Web
from placette.connect.feeds.shape import FeedConfig, Fetch, Station

__all__ = ["CONNECTORS", "Feed", "FeedConfig", "Fetch", "Notes", "Station", "Web"]

CONNECTORS: dict[str, Fetch] = {
    "open-meteo": open_meteo.fetch,
    "meteo-france": meteo_france.fetch,
    "meteo-france-climate": meteo_france_climate.fetch,
    "atmo": atmo.fetch,
    "vigieau": vigieau.fetch,
    "opendatasoft": opendatasoft.fetch,
    "sensorthings": sensorthings.fetch,
    "openaq": openaq.fetch,
    "datatourisme": datatourisme.fetch,
    "icalendar": icalendar.fetch,
    "gbfs": gbfs.fetch,
}
"""Each connector under its kind, as in ``model.feeds.KINDS``."""
