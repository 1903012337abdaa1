"""The compact payload, version 1: docs/hive.md of Placette has the table."""

import struct

VERSION = 1
SIZE = 24
_LAYOUT = ">BBHIHBHHhhhBBB"
_TIME, _AGE = 4, 8
_FLAGS = ("mains", "fan_failure", "enclosure_open", "warming_up", "restarted")
_FIELDS = (
    # name, step, lowest and highest raw value, raw value of "not measured"
    ("battery", 0.02, 0, 0xFE, 0xFF),
    ("pm10", 0.1, 0, 0xFFFE, 0xFFFF),
    ("pm2_5", 0.1, 0, 0xFFFE, 0xFFFF),
    ("no2", 0.1, -0x7FFF, 0x7FFF, -0x8000),
    ("o3", 0.1, -0x7FFF, 0x7FFF, -0x8000),
    ("temperature", 0.01, -0x7FFF, 0x7FFF, -0x8000),
    ("humidity", 0.5, 0, 0xFE, 0xFF),
    ("sound_level", 0.5, 0, 0xFE, 0xFF),
)


def pack(values, session, counter, unix_time=0):
    """Return the 24 bytes of a reading; ``values`` by name, ``unix_time`` 0 while the clock is not set."""
    raw = [_raw(values.get(name), step, low, high, missing) for name, step, low, high, missing in _FIELDS]
    bits = sum(1 << bit for bit, name in enumerate(_FLAGS) if values.get(name))
    return struct.pack(_LAYOUT, VERSION, session & 0xFF, counter & 0xFFFF, unix_time, 0, *raw, bits)


def dated(payload, unix_time):
    """Return a payload that says when it was measured, once the clock is known."""
    return payload[:_TIME] + struct.pack(">I", unix_time) + payload[_AGE:]


def aged(payload, age_s):
    """Return a payload that says how old it is; one that knows its time stays as it is."""
    if payload[_TIME:_AGE] != b"\0\0\0\0":
        return payload
    return payload[:_AGE] + struct.pack(">H", min(max(0, age_s) // 60, 0xFFFF)) + payload[_AGE + 2 :]


def _raw(value, step, low, high, missing):
    return missing if value is None else max(low, min(high, round(value / step)))
