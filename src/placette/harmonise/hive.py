"""The compact payload of our own hives, specified in docs/hive.md: 24 bytes, made for LoRaWAN's smallest frames."""

from __future__ import annotations

import struct

import msgspec

from placette.model import times
from placette.model.errors import BadInput
from placette.model.uplinks import Uplink

VERSION = 1
SIZE = 24
_LAYOUT = struct.Struct(">BBHIHBHHhhhBBB")
_NO_U8, _NO_U16, _NO_I16 = 0xFF, 0xFFFF, -0x8000
FLAGS = ("mains", "fan_failure", "enclosure_open", "warming_up", "restarted")
"""What each bit of the last byte says, the lowest first; the others are 0 in version 1."""


class Reading(msgspec.Struct, frozen=True, kw_only=True):
    """What a hive measured; ``None``: not measured. ``time`` is in s UTC, 0 without a clock, ``age_min`` counts then.

    Units: V, µg/m³ (PM), ppb (gases), °C, % (humidity), dB (sound level).
    """

    session: int = 0
    counter: int = 0
    time: int = 0
    age_min: int = 0
    battery: float | None = None
    pm10: float | None = None
    pm2_5: float | None = None
    no2: float | None = None
    o3: float | None = None
    temperature: float | None = None
    humidity: float | None = None
    sound_level: float | None = None
    flags: tuple[str, ...] = ()


def encode(reading: Reading) -> bytes:
    """Return the payload of a reading; values beyond their range are cut to it.

    >>> encode(Reading(counter=7, temperature=21.5, humidity=40.0)).hex()
    '01000007000000000000ffffffffff80008000086650ff00'
    """
    return _LAYOUT.pack(
        VERSION,
        reading.session & 0xFF,
        reading.counter & 0xFFFF,
        reading.time,
        min(reading.age_min, _NO_U16),
        _scaled(reading.battery, 0.02, 0, _NO_U8 - 1, _NO_U8),
        _scaled(reading.pm10, 0.1, 0, _NO_U16 - 1, _NO_U16),
        _scaled(reading.pm2_5, 0.1, 0, _NO_U16 - 1, _NO_U16),
        _scaled(reading.no2, 0.1, _NO_I16 + 1, -_NO_I16 - 1, _NO_I16),
        _scaled(reading.o3, 0.1, _NO_I16 + 1, -_NO_I16 - 1, _NO_I16),
        _scaled(reading.temperature, 0.01, _NO_I16 + 1, -_NO_I16 - 1, _NO_I16),
        _scaled(reading.humidity, 0.5, 0, _NO_U8 - 1, _NO_U8),
        _scaled(reading.sound_level, 0.5, 0, _NO_U8 - 1, _NO_U8),
        sum(1 << FLAGS.index(flag) for flag in reading.flags),
    )


def read(payload: bytes) -> Reading:
    """Return the reading of a payload; bytes beyond the 24 known ones are passed over. Raises ``BadInput``.

    >>> read(encode(Reading(counter=7, pm10=12.34, flags=("mains",)))).pm10
    12.3
    """
    if not payload or payload[0] != VERSION:
        version = payload[0] if payload else "none"
        raise BadInput(f"hive payload of version {version}", "byte 0", f"version {VERSION} is read; see docs/hive.md")
    if len(payload) < SIZE:
        raise BadInput(f"hive payload of {len(payload)} bytes", remedy=f"version {VERSION} has {SIZE}")
    _, session, counter, time, age, battery, pm10, pm2_5, no2, o3, temperature, humidity, sound, flags = (
        _LAYOUT.unpack_from(payload)
    )
    return Reading(
        session=session,
        counter=counter,
        time=time,
        age_min=age,
        battery=_value(battery, 50, _NO_U8),
        pm10=_value(pm10, 10, _NO_U16),
        pm2_5=_value(pm2_5, 10, _NO_U16),
        no2=_value(no2, 10, _NO_I16),
        o3=_value(o3, 10, _NO_I16),
        temperature=_value(temperature, 100, _NO_I16),
        humidity=_value(humidity, 2, _NO_U8),
        sound_level=_value(sound, 2, _NO_U8),
        flags=tuple(name for bit, name in enumerate(FLAGS) if flags >> bit & 1),
    )


def time_of(reading: Reading, received_time: int) -> int | None:
    """Return when a reading was measured, µs UTC, by its clock or by its age; ``None`` when it says neither."""
    if reading.time:
        return reading.time * times.MICROS_PER_S
    return received_time - reading.age_min * 60 * times.MICROS_PER_S if reading.age_min and received_time else None


def uplink(device: str, payload: bytes, received_time: int) -> Uplink:
    """Return a device's bytes as an uplink; those of a hive bring their time, and a number that tells repetitions."""
    if len(payload) < SIZE or payload[0] != VERSION:
        return Uplink(device=device, payload=payload)
    found = read(payload)
    return Uplink(
        device=device,
        payload=payload,
        deduplication=f"{device}/{found.session:02x}/{found.counter}",
        device_time=time_of(found, received_time),
    )


def _scaled(value: float | None, step: float, low: int, high: int, missing: int) -> int:
    return missing if value is None else max(low, min(high, round(value / step)))


def _value(raw: int, per_unit: int, missing: int) -> float | None:
    return None if raw == missing else raw / per_unit
