"""Cayenne Low Power Payload: channel, type and value, one after the other, big-endian.

Types, sizes and resolutions are those of the Cayenne LPP 1.0 documentation (myDevices) and of the extended types that
the ``CayenneLPP`` libraries share (IPSO object number minus 3200). A field is named by type and channel: ``gps_1``.
"""

from __future__ import annotations

import hashlib
import struct
from collections.abc import Callable
from typing import Any

import msgspec

from placette.harmonise.codecs.codec import CodecError, Decoded, Frame, one_by_one


class _Kind(msgspec.Struct, frozen=True):
    """One type: its name, size in bytes, the divisor of each part and the names of the parts, if it has several."""

    name: str
    size: int
    divide: tuple[float, ...]
    parts: tuple[str, ...] = ()
    signed: bool = False


KINDS: dict[int, _Kind] = {
    0: _Kind("digital_input", 1, (1,)),
    1: _Kind("digital_output", 1, (1,)),
    2: _Kind("analog_input", 2, (100,), signed=True),
    3: _Kind("analog_output", 2, (100,), signed=True),
    100: _Kind("generic", 4, (1,)),
    101: _Kind("illuminance", 2, (1,)),
    102: _Kind("presence", 1, (1,)),
    103: _Kind("temperature", 2, (10,), signed=True),
    104: _Kind("humidity", 1, (2,)),
    113: _Kind("accelerometer", 6, (1000,) * 3, ("x", "y", "z"), signed=True),
    115: _Kind("barometer", 2, (10,)),
    116: _Kind("voltage", 2, (100,)),
    117: _Kind("current", 2, (1000,)),
    118: _Kind("frequency", 4, (1,)),
    120: _Kind("percentage", 1, (1,)),
    121: _Kind("altitude", 2, (1,), signed=True),
    125: _Kind("concentration", 2, (1,)),
    128: _Kind("power", 2, (1,)),
    130: _Kind("distance", 4, (1000,)),
    131: _Kind("energy", 4, (1000,)),
    132: _Kind("direction", 2, (1,)),
    133: _Kind("unix_time", 4, (1,)),
    134: _Kind("gyrometer", 6, (100,) * 3, ("x", "y", "z"), signed=True),
    135: _Kind("colour", 3, (1,) * 3, ("red", "green", "blue")),
    136: _Kind("gps", 9, (10_000, 10_000, 100), ("latitude", "longitude", "altitude"), signed=True),
    142: _Kind("switch", 1, (1,)),
}
"""The types by their number. °C, %, hPa, lx, G, °/s, degrees and metres, V, A, Hz, m, kWh, W, s since 1970."""

_REMEDY = "check that the device sends Cayenne LPP, and on this port"
Read = Callable[[bytes, int], Any]


class CayenneLpp:
    """The codec ``cayenne-lpp``."""

    name = "cayenne-lpp"
    version = hashlib.sha256(repr(KINDS).encode()).hexdigest()[:12]

    def decode(self, payload: bytes, port: int | None, received_time: int) -> Decoded:
        """Return the fields of this payload; raises ``CodecError`` that names the byte.

        >>> CayenneLpp().decode(bytes.fromhex("03670110056700ff"), None, 0).fields
        {'temperature_3': 27.2, 'temperature_5': 25.5}
        """
        fields: dict[str, Any] = {}
        at, length = 0, len(payload)
        while at < length:
            if at + 1 == length:
                raise CodecError(f"byte {at}: a channel without a type ends the payload", f"codec {self.name}", _REMEDY)
            channel, number = payload[at], payload[at + 1]
            known = _READERS.get(number)
            if known is None:
                what = f"byte {at + 1}: the type {number} is not one of Cayenne LPP"
                raise CodecError(what, f"codec {self.name}", _REMEDY)
            name, size, read = known
            if at + 2 + size > length:
                what = f"byte {at + 2}: {name} on channel {channel} has {length - at - 2} bytes of {size}"
                raise CodecError(what, f"codec {self.name}", _REMEDY)
            fields[f"{name}_{channel}"] = read(payload, at + 2)
            at += 2 + size
        return Decoded(fields)

    def decode_many(self, frames: list[Frame]) -> list[Decoded | CodecError]:
        """Return the fields of each payload, or why there are none."""
        return one_by_one(self, frames)

    def close(self) -> None:
        """Nothing is held."""


def _reader(kind: _Kind) -> Read:
    width = kind.size // len(kind.divide)
    if kind.parts:
        names, divide, signed = kind.parts, kind.divide, kind.signed

        def parts(payload: bytes, at: int) -> dict[str, float]:
            numbers = (
                int.from_bytes(payload[at + width * n : at + width * (n + 1)], signed=signed) for n in range(len(names))
            )
            return {
                name: number / by if by != 1 else number
                for name, number, by in zip(names, numbers, divide, strict=True)
            }

        return parts
    letter = {1: "b", 2: "h", 4: "i"}[width]
    unpack = struct.Struct(">" + (letter if kind.signed else letter.upper())).unpack_from
    by = kind.divide[0]
    if by == 1:
        return lambda payload, at: unpack(payload, at)[0]
    return lambda payload, at: unpack(payload, at)[0] / by


_READERS = {number: (kind.name, kind.size, _reader(kind)) for number, kind in KINDS.items()}
