"""One file per network format: reads the network's envelope into uplinks. Pure; no clock, no sockets, no files.

``FORMATS`` is the whole list. A format is a function ``read(arrival) -> list[Uplink]``; it raises a ``PlacetteError``
when the envelope cannot be used (the arrival is kept as a dead letter) and returns an empty list for a message that
is well formed and says nothing of interest.
"""

from __future__ import annotations

from collections.abc import Callable

from placette.model.arrivals import Arrival
from placette.model.uplinks import Uplink

Format = Callable[[Arrival], list[Uplink]]

FORMATS: dict[str, Format] = {}
"""Each format under the name that ``networks.toml`` gives it (``format = "chirpstack"``)."""
