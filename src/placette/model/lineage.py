"""What an observation came from: the arrival that brought it, the codec that decoded it, the mapping that named it."""

from __future__ import annotations

from typing import Literal

import msgspec

Clock = Literal["device", "gateway", "server", "received"]
"""Whose time a message was given."""


class Lineage(msgspec.Struct, frozen=True):
    """By what a message was understood; versions are the first digits of a SHA-256 of what was applied.

    ``codec`` is empty where nothing had to be decoded; ``mapping`` is the key of the device model.
    """

    codec: str = ""
    codec_version: str = ""
    mapping: str = ""
    mapping_version: str = ""


class UplinkRecord(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One message that became observations, as kept beside them; ``time`` in µs UTC.

    ``arrival`` is the number of its arrival among those read together. ``drift_s`` is how far the device's clock was
    ahead of the network's, s. ``fingerprint`` is a number that is the same for the same message of the same device.
    """

    arrival: int
    device: str
    time: int
    thing_code: str | None = None
    event: str = "up"
    lineage: Lineage = Lineage()
    port: int | None = None
    counter: int | None = None
    session: str = ""
    deduplication: str = ""
    fingerprint: int | None = None
    clock: Clock = "received"
    drift_s: float | None = None
    gateway: str = ""
    gateways: int = 0
    rssi_dbm: float | None = None
    snr_db: float | None = None
    spreading_factor: int | None = None
    bandwidth_hz: int | None = None
    frequency_hz: int | None = None
    payload_bytes: int | None = None
    battery_percent: float | None = None

    @property
    def heard(self) -> int:
        """When the network heard the message, µs UTC: its time without what the device's clock is ahead."""
        ahead = self.drift_s if self.clock == "device" and self.drift_s is not None else 0.0
        return self.time - round(ahead * 1e6)
