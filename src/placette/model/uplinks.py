"""One message of one device, as its network gave it: who sent it, what it holds, how and when it was heard.

Every network format (``harmonise/networks``) reads its own envelope into this one shape, so that the same frame is the
same uplink whichever server forwarded it. Nothing is interpreted yet: payloads are decoded by the device's codec and
fields are given their meaning by the mapping of the device's model.
"""

from __future__ import annotations

from typing import Any, Literal

import msgspec

Fields = dict[str, Any]
"""Decoded values by name; values are JSON values, possibly nested, so that a mapping may name ``gnss.latitude``."""


class Reception(msgspec.Struct, frozen=True, kw_only=True):
    """One gateway that heard the frame; ``time`` is the gateway's own, µs UTC."""

    gateway: str
    rssi_dbm: float | None = None
    snr_db: float | None = None
    time: int | None = None


class Radio(msgspec.Struct, frozen=True, kw_only=True):
    """How a LoRaWAN frame was sent."""

    spreading_factor: int | None = None
    bandwidth_hz: int | None = None
    frequency_hz: int | None = None
    coding_rate: str = ""
    """As ``4/5``."""


class Uplink(msgspec.Struct, frozen=True, kw_only=True):
    """One message of one device; times in µs since 1970-01-01 UTC.

    ``device`` is the device's address on its network: the DevEUI in upper-case hexadecimal for LoRaWAN, otherwise what
    the network calls it. ``payload`` holds the device's own bytes when the network forwards them, ``fields`` what was
    decoded elsewhere (by the network server, or because the message is not packed at all). ``units`` are UCUM codes
    that the message itself states for some fields.
    """

    device: str
    event: Literal["up", "join", "status", "location", "log", "other"] = "up"
    payload: bytes | None = None
    port: int | None = None
    fields: Fields | None = None
    units: dict[str, str] = {}
    counter: int | None = None
    """Frame counter (``fCnt``): the same in a retransmission."""
    session: str = ""
    """What the counter belongs to (LoRaWAN ``devAddr``): it starts again with a new session."""
    deduplication: str = ""
    """The network's own identifier of this message, the same when it is delivered again."""
    device_time: int | None = None
    """When the device says that it measured."""
    gateway_time: int | None = None
    """When the first gateway heard it, by a gateway whose clock is set."""
    server_time: int | None = None
    """When the network server received it."""
    receptions: tuple[Reception, ...] = ()
    """The gateways that heard it, the best signal first."""
    radio: Radio | None = None
    battery_percent: float | None = None
    leaves_out_zeros: bool = False
    """True where the network leaves out fields that are 0, false or empty (The Things Stack)."""
    end_time: int | None = None
    """When what is told ends, for an interval (an event, an hourly mean); it begins at ``device_time``."""
    issue_time: int | None = None
    """When a forecast was issued: its result time, so that each issue is a series of its own."""
    fault: str = ""
    """What of this one message cannot be read, when the others of its arrival can: they are used, and the arrival is
    kept as a dead letter with this reason. Nothing else of a message with a fault counts."""
