"""Bytes as hives publish them over MQTT: the device's own payload is the message, the topic names the device."""

from __future__ import annotations

from placette.harmonise import hive
from placette.harmonise.networks import senml
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.uplinks import Uplink

TOPICS = ("hive/{device}/up",)


def read(arrival: Arrival, options: object = None) -> list[Uplink]:
    """Return the one uplink of a message on ``…/{device}/up``; raises ``BadInput`` when the topic names no device."""
    device = senml.device_of(arrival.channel)
    if not device:
        raise BadInput("the topic names no device", arrival.channel[:80], "publish on hive/<device>/up")
    return [hive.uplink(device, arrival.payload, arrival.received_time)]
