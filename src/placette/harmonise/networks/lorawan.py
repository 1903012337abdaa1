"""What LoRaWAN network servers have in common, so that the same frame is the same uplink whichever one forwarded it.

Sources: LoRaWAN 1.0.4 (TS001) for addresses and ports; GPS time began on 1980-01-06 and runs 18 leap seconds ahead of
UTC since 2017 (IS-GPS-200, IERS Bulletin C).
"""

from __future__ import annotations

import base64
from collections.abc import Iterable
from datetime import UTC, datetime

from placette.model import times
from placette.model.errors import BadInput
from placette.model.uplinks import Reception

CLOCK_SET = times.micros_of(datetime(2015, 1, 1, tzinfo=UTC))
"""LoRaWAN began in 2015: a gateway that says an earlier time has not set its clock (1970 after a start without GPS)."""
_GPS_EPOCH = times.micros_of(datetime(1980, 1, 6, tzinfo=UTC))
_LEAP_S = 18
_HEX = frozenset("0123456789ABCDEF")


def eui(text: str, where: str) -> str:
    """Return a DevEUI as 16 upper-case hexadecimal digits; ``BadInput`` when it is none.

    >>> eui("70-b3-d5-e7-5e-01-4a-1f", "")
    '70B3D5E75E014A1F'
    """
    plain = text.replace("-", "").replace(":", "").upper()
    if len(plain) != 16 or not _HEX.issuperset(plain):
        raise BadInput(f"'{text[:40]}' is no DevEUI", where, "a DevEUI is 16 hexadecimal digits")
    return plain


def payload(text: str, port: int | None, where: str) -> bytes | None:
    """Return the bytes of a base64 payload; ``None`` for a frame that carries nothing for the application."""
    if not text:
        return b"" if port else None
    try:
        return base64.b64decode(text, validate=True)
    except ValueError:  # binascii.Error is one; so is what is not ASCII
        raise BadInput("the payload is no base64", where, "is this message of this network?") from None


def moment(text: str | None) -> int | None:
    """Return a server's or gateway's time in µs UTC, nanoseconds cut; ``None`` when absent or of a clock never set."""
    if not text:
        return None
    try:
        value = times.micros(text)
    except BadInput:
        return None
    return value if value >= CLOCK_SET else None


def gps_moment(duration: str | None) -> int | None:
    """Return µs UTC of a time since the GPS epoch as protobuf JSON writes durations (``1466935218.250s``).

    >>> gps_moment("1466935218.250s")
    1782900000250000
    """
    if not duration or not duration.endswith("s"):
        return None
    whole, _, fraction = duration[:-1].partition(".")
    if not (whole.isascii() and whole.isdigit() and (not fraction or fraction.isdigit())):
        return None
    micros = (int(whole) - _LEAP_S) * times.MICROS_PER_S + int(fraction.ljust(6, "0")[:6] or 0)
    value = _GPS_EPOCH + micros
    return value if CLOCK_SET <= value < times.LATEST else None


def best_first(receptions: Iterable[Reception]) -> tuple[Reception, ...]:
    """Return them by signal, the best first; equal signals by name, so that the order says nothing of the server."""
    return tuple(
        sorted(receptions, key=lambda each: (-_or_worst(each.snr_db), -_or_worst(each.rssi_dbm), each.gateway))
    )


def first_heard(receptions: Iterable[Reception]) -> int | None:
    """Return the earliest time that a gateway with a set clock says, µs UTC."""
    return min((each.time for each in receptions if each.time is not None), default=None)


def _or_worst(value: float | None) -> float:
    return -1e9 if value is None else value
