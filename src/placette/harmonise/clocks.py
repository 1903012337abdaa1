"""Which clock a message's time is taken from, and when a clock is not to be believed.

The device's own time is believed first unless its model says otherwise, then that of the first gateway, then the
network server's, then the moment of arrival. A device that is ahead of the network that just heard it, or further
behind than it may have stored its readings, has a wrong clock: the network's time is taken, the values are suspect.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.city.model import DeviceModel
from placette.model import times
from placette.model.errors import BadInput, PlacetteError
from placette.model.lineage import Clock
from placette.model.uplinks import Uplink

_GATEWAY_OFF_US = 3_600_000_000
"""A gateway an hour away from its server has lost its time."""
_MILLISECONDS_FROM = 1e11
"""Unix times from here on count milliseconds: in seconds it would be the year 5138."""


class Moment(msgspec.Struct, frozen=True):
    """When something was measured, µs UTC, by whose clock; ``drift_s``: how far the device's was ahead, s."""

    time: int
    clock: Clock
    drift_s: float | None = None
    doubtful: bool = False


def moment(uplink: Uplink, model: DeviceModel, device_time: int | None, received: int) -> Moment:
    """Return the moment of what a message holds; ``received`` is its arrival, ``device_time`` what its fields say.

    Clocks are only compared where a gateway or a server witnessed the message; what a platform tells of the past, or a
    forecast of the future, is taken as it is.
    """
    told = device_time if device_time is not None else uplink.device_time
    heard, clock = _heard(uplink, received)
    if told is None:
        return Moment(heard, clock)
    witnessed = clock != "received"
    drift_s = (told - heard) / 1e6 if witnessed else None
    if model.time == "received":
        return Moment(received, "received", drift_s)
    if drift_s is not None and uplink.issue_time is None and not -model.max_age_s <= drift_s <= model.max_drift_s:
        return Moment(heard, clock, drift_s, doubtful=True)
    if model.time == "gateway" and witnessed:
        return Moment(heard, clock, drift_s)
    return Moment(told, "device", drift_s)


def read(value: Any, name: str) -> int | None:
    """Return a device's own time as µs UTC: ISO 8601, or seconds or milliseconds since 1970; ``None`` for none.

    Raises ``BadInput``.

    >>> read(1_790_000_000, "t") == read("2026-09-21T14:13:20Z", "t") == read(1_790_000_000_000, "t")
    True
    """
    if value is None or value in {0, ""}:
        return None
    if isinstance(value, str):
        try:
            return times.micros(value)
        except PlacetteError as error:
            raise BadInput(error.what, name, error.remedy) from None
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < 4e14:
        raise BadInput(f"{name} is no time: {str(value)[:40]}", name, "send ISO 8601, or seconds since 1970")
    return int(value * (1_000 if value >= _MILLISECONDS_FROM else 1_000_000))


def heard(uplink: Uplink, received: int) -> int:
    """Return when the network heard a message, µs UTC, or when it arrived where nothing else is known."""
    return _heard(uplink, received)[0]


def _heard(uplink: Uplink, received: int) -> tuple[int, Clock]:
    gateway, server = uplink.gateway_time, uplink.server_time
    if gateway is not None and abs(gateway - (received if server is None else server)) <= _GATEWAY_OFF_US:
        return gateway, "gateway"
    if gateway is not None and server is None:
        return gateway, "gateway"  # replayed from a log: nothing else says when
    return (server, "server") if server is not None else (received, "received")
