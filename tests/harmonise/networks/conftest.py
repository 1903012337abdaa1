"""Arrivals for the formats, and the same LoRaWAN frames as each network server writes them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from placette.harmonise.networks import FORMATS
from placette.model.arrivals import Arrival
from placette.model.uplinks import Uplink

Reading = Callable[..., list[Uplink]]


@pytest.fixture
def reading() -> Reading:
    """Read a message with a format: ``reading("ngsi", {...}, channel="…", options={…}, topics=[…])``."""

    def read(format_: str, payload: Any, *, channel: str = "/api/networks/x", **how: Any) -> list[Uplink]:
        packed = payload if isinstance(payload, bytes) else msgspec.json.encode(payload)
        arrival = Arrival(network="x", channel=channel, payload=packed, received_time=1_782_900_000_000_000)
        return FORMATS[format_].reader(how.get("options", {}), how.get("topics", ()))(arrival)

    return read
