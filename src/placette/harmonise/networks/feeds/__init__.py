"""How the answers of feeds are read: one file per kind, under the names of ``model.feeds.KINDS``."""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import Any

from placette.model.arrivals import Arrival
from placette.model.feeds import KINDS
from placette.model.uplinks import Uplink

Read = Callable[[Arrival, Any], list[Uplink]]


def _reader(kind: str) -> Read:
    read: Read = import_module(f"{__name__}.{kind.replace('-', '_')}").read
    return read


READERS = {kind: _reader(kind) for kind in KINDS}
"""Each reader under the kind of its feed: that of ``meteo-france`` stands in ``meteo_france.py``."""
