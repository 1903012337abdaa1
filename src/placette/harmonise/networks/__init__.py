"""One file per network format: reads the network's envelope into uplinks. Pure; no clock, no sockets, no files.

``FORMATS`` is the whole list. A format's ``read(arrival)`` returns the uplinks of one arrival; it raises a
``PlacetteError`` when the envelope cannot be used (the arrival is kept as a dead letter) and returns an empty list for a
message that is well formed and says nothing of interest.
"""

from __future__ import annotations

from collections.abc import Callable

import msgspec

from placette.model.arrivals import Arrival
from placette.model.uplinks import Uplink

Read = Callable[[Arrival], list[Uplink]]


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of network writes its messages; ``topics`` are the MQTT filters to follow unless a city says others."""

    read: Read
    topics: tuple[str, ...] = ()


FORMATS: dict[str, Format] = {}
"""Each format under the name that ``networks.toml`` gives it (``format = "chirpstack"``)."""
