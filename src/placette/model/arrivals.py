"""What comes in from outside, before anybody has understood it, and what is kept when nobody could."""

from __future__ import annotations

import msgspec


class Arrival(msgspec.Struct, frozen=True, kw_only=True):
    """Bytes from outside: which network brought them, on which channel, when.

    ``channel`` is the MQTT topic, the HTTP path or the file name; ``received_time`` is in µs since 1970-01-01 UTC.
    ``retained`` says that the broker had kept the message, so that ``received_time`` is not when it was sent.
    """

    network: str
    channel: str
    payload: bytes
    received_time: int
    retained: bool = False


class DeadLetter(msgspec.Struct, frozen=True, kw_only=True):
    """An arrival that could not become observations, kept whole with its reason so that it can be replayed."""

    arrival: Arrival
    what: str
    where: str = ""
    remedy: str = ""
