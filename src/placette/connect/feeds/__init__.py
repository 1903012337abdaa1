"""Feeds: data that we ask others for, in a rhythm. One file per kind of source, as ``model.feeds.KINDS`` lists them.

A connector is one function, ``fetch(client, cursor, config) -> Page``: it asks for the next page behind the cursor and
returns what came as arrivals, not yet understood, with the cursor behind them. How answers are read stands in
``harmonise/networks`` under the same name; what a city may set, in ``model/feeds.py``. ``feed.py`` runs one of them.
"""

from __future__ import annotations

from importlib import import_module

from placette.connect.feeds.feed import Feed, Notes
from placette.connect.feeds.fetch import Web
from placette.connect.feeds.shape import FeedConfig, Fetch, Station
from placette.model.feeds import KINDS

__all__ = ["CONNECTORS", "Feed", "FeedConfig", "Fetch", "Notes", "Station", "Web"]


def _connector(kind: str) -> Fetch:
    fetch: Fetch = import_module(f"{__name__}.{kind.replace('-', '_')}").fetch
    return fetch


CONNECTORS = {kind: _connector(kind) for kind in KINDS}
"""Each connector under its kind: ``meteo-france`` stands in ``meteo_france.py``."""
