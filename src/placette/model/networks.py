"""What a message network hands over and how it is doing; shown on the health page."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence

import msgspec

from placette.model.arrivals import Arrival


class Taken(msgspec.Struct, frozen=True):
    """What some arrivals have become, all of it durable.

    Observations stored, arrivals kept as dead letters, messages left out because they had been taken before.
    """

    stored: int = 0
    dead: int = 0
    repeated: int = 0
    reasons: tuple[str, ...] = ()
    """Why arrivals are kept as dead letters: the first of the reasons."""
    aside: Mapping[int, str] = {}
    """Arrivals of which nothing was stored: their number in what was handed over, and why."""


Sink = Callable[[Sequence[Arrival]], Awaitable[Taken]]
"""Takes arrivals and returns once they are durable; raises ``Busy`` or ``StorageFailure`` when nothing was taken."""


class NetworkCounters(msgspec.Struct, kw_only=True):
    """Counters of one network since the start; times in µs UTC, 0: never."""

    name: str
    address: str
    connected: bool = False
    connected_time: int = 0
    """Since when, or until when."""
    connections: int = 0
    received: int = 0
    """Messages."""
    stored: int = 0
    """Observations."""
    dead: int = 0
    """Messages kept as dead letters, whole or in part."""
    repeated: int = 0
    """Messages that had been taken before: sent again, or forwarded by another server too."""
    published: int = 0
    """Observations sent out to the network."""
    unpublished: int = 0
    """Observations left out because the network was slow or away."""
    waiting: int = 0
    """Messages received and not yet durable; none of them is acknowledged."""
    last_frame_time: int = 0
    last_stored_time: int = 0
    lag_s: float = 0.0
    """How long the last stored message waited for the disk, s."""
    problem: str = ""
    """What is wrong at the moment, in words; empty when nothing is."""
