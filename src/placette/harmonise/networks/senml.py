"""SenML (RFC 8428) in JSON and CBOR: records with base values become one uplink per device and time.

A record's name says which device it is of and what was measured: ``urn:dev:ow:10e2073a01080063:voltage`` is the
``voltage`` of the device ``10e2073a01080063`` (RFC 9039), and below a base name the rest is the measurement. A record
that names no device is of the one that the channel names: the last level of the MQTT topic but one (``…/{device}/up``),
the second of the CoAP path, or ``?device=`` of an HTTP address. Names that are LwM2M paths (``3303/0/5700``) get the
names of ``lwm2m.toml``.

Units become UCUM by ``senml_units.toml``. A sum (``s``) is a field of its own, ``<name>_sum``, in unit · second.
Secondary units (RFC 8798) are read whatever the version says; versions beyond 10 are refused but 26, which announces
them (RFC 9100). Times below 2²⁸ s are relative to the reception (section 4.5.3).
"""

from __future__ import annotations

import base64
import math
import re
import tomllib
from collections.abc import Iterable
from functools import cache
from importlib.resources import files
from typing import Any
from urllib.parse import parse_qs

import msgspec

from placette.harmonise.networks import lwm2m
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, TooLarge, UnsupportedMedia
from placette.model.uplinks import Fields, Uplink

TOPICS = ("senml/{device}/up",)
MAX_RECORDS = 5_000
"""Values in one pack; a gateway that kept a day of ten sensors every five minutes sends 2,880."""
MAX_NAME = 200
VERSIONS = frozenset({*range(1, 11), 26})
"""Base versions understood: RFC 8428 is 10, with secondary units it is 26 (RFC 9100)."""
_RELATIVE_BELOW_S = 2**28
_LABELS = {-1: "bver", -2: "bn", -3: "bt", -4: "bu", -5: "bv", -6: "bs"} | dict(
    enumerate(("n", "u", "v", "vs", "vb", "s", "t", "ut", "vd"))
)
"""CBOR labels (RFC 8428, table 4)."""
_NUMBERS = ("v", "s", "t", "ut", "bt", "bv", "bs")
_TEXTS = ("n", "u", "vs", "vd", "bn", "bu")
_NAME = re.compile(r"[A-Za-z0-9/][A-Za-z0-9\-:./_]*")
_URN = re.compile(r"urn:dev:[a-z0-9]+:([^/:_]+)[/:_]?(.*)", re.IGNORECASE)
_TRAILING = "/:_.-"
_HTTP = "/api/networks/"

Record = dict[str, Any]


class Value(msgspec.Struct, frozen=True):
    """One resolved record: its whole name, the device the base name speaks of, time in µs UTC or ``None`` for now."""

    name: str
    base: str
    time: int | None
    unit: str
    value: float | bool | str | None
    sum: float | None


def read(arrival: Arrival, options: object = None) -> list[Uplink]:
    """Return the uplinks of one pack; raises ``BadInput``, ``TooLarge`` or ``UnsupportedMedia``."""
    values = resolve(records(arrival.payload), arrival.received_time)
    return uplinks(values, device_of(arrival.channel))


def records(payload: bytes) -> list[Record]:
    """Return the records of a pack with their JSON labels, their types checked; JSON or CBOR by the first byte."""
    start = payload.lstrip(b" \t\r\n")[:1]
    found = _json(payload) if start == b"[" else _cbor(payload)
    if not isinstance(found, list) or not all(isinstance(record, dict) for record in found):
        raise BadInput("this is no SenML pack", remedy="send an array of records (RFC 8428)")
    if len(found) > MAX_RECORDS:
        raise TooLarge(f"{len(found)} records in one pack", remedy=f"send at most {MAX_RECORDS}")
    return [_checked(record, f"record {number}") for number, record in enumerate(found)]


def resolve(pack: Iterable[Record], now: int) -> list[Value]:
    """Return the values of a pack, base fields applied (RFC 8428, section 4.6); ``now`` is the reception, µs UTC."""
    base: Record = {}
    found = []
    for number, record in enumerate(pack):
        base |= {label: value for label, value in record.items() if label in ("bn", "bt", "bu", "bv", "bs")}
        if record.keys() & {"v", "vs", "vb", "vd", "s"} or ("n" in record and base.keys() & {"bv", "bs"}):
            found.append(_resolved(record, base, now, f"record {number}"))
    return found


def uplinks(values: Iterable[Value], channel_device: str, below: str = "") -> list[Uplink]:
    """Group values by device and time; ``below`` is the LwM2M path that the channel already names."""
    groups: dict[tuple[str, int | None], tuple[Fields, dict[str, str]]] = {}
    for value in values:
        device, name = _split(value, channel_device)
        fields, units = groups.setdefault((device, value.time), ({}, {}))
        _put(value, f"{below}/{name}" if below and not name.startswith("/") else name, fields, units)
    return [
        Uplink(device=device, fields=fields, units=units, device_time=time, battery_percent=_battery(fields))
        for (device, time), (fields, units) in groups.items()
    ]


def device_of(channel: str) -> str:
    """Return the device that a channel names: a topic in its last level but one, an HTTP address by ``?device=``.

    >>> device_of("senml/AIX-HDV-AIR-01/up"), device_of("/api/networks/gateway?device=AIX-HDV-AIR-01")
    ('AIX-HDV-AIR-01', 'AIX-HDV-AIR-01')
    """
    if channel.startswith(_HTTP):
        return parse_qs(channel.partition("?")[2]).get("device", [""])[0]
    levels = channel.split("/")
    return levels[-2] if len(levels) > 1 else ""


def ucum(unit: str) -> tuple[str, float]:
    """Return the UCUM code of a SenML unit and the factor of its values; an unknown unit stays as it is written.

    >>> ucum("%RH"), ucum("Bspl"), ucum("/"), ucum("ppm")
    (('%', 1.0), ('dB[SPL]', 10.0), ('1', 1.0), ('[ppm]', 1.0))
    """
    found = _units().get(unit, unit)
    return (found, 1.0) if isinstance(found, str) else (found[0], found[1])


@cache
def _units() -> dict[str, Any]:
    table = tomllib.loads(files(__package__).joinpath("senml_units.toml").read_text(encoding="utf-8"))
    units: dict[str, Any] = table["primary"] | table["secondary"]
    return units


def _json(payload: bytes) -> object:
    try:
        return msgspec.json.decode(payload)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise BadInput(f"this is no JSON: {error}", remedy="SenML JSON is an array of records (RFC 8428)") from None


def _cbor(payload: bytes) -> object:
    if not payload or payload[0] >> 5 != 4:
        raise BadInput("this is no SenML pack", remedy="send an array of records, in JSON or CBOR (RFC 8428)")
    try:
        import cbor2  # noqa: PLC0415  # an extra: only cities with constrained devices have it
    except ImportError:
        raise UnsupportedMedia("SenML in CBOR needs a package", remedy="pip install 'placette[coap]'") from None
    try:
        pack = cbor2.loads(payload, max_depth=4, tag_hook=_refused, semantic_decoders=_TAGS)
    except (cbor2.CBORError, ValueError, TypeError, ArithmeticError, RecursionError) as error:
        raise BadInput(f"this is no CBOR: {str(error)[:120]}", remedy="SenML CBOR is an array of records") from None
    return [_labelled(record) for record in pack] if isinstance(pack, list) else pack


def _labelled(record: object) -> object:
    """Give a CBOR record the labels of JSON; bytes become the base64url text that JSON would hold."""
    if not isinstance(record, dict):
        return record
    named: Record = {}
    for label, value in record.items():
        key = _LABELS.get(label, label) if isinstance(label, int) and not isinstance(label, bool) else label
        named[str(key)] = base64.urlsafe_b64encode(value).rstrip(b"=").decode() if isinstance(value, bytes) else value
    return named


def _checked(record: Record, where: str) -> Record:
    for label, value in record.items():
        if label.endswith("_"):
            raise BadInput(f"the field '{label[:40]}' must be understood and is not", where, "RFC 8428, section 4.4")
        if label in _NUMBERS:
            _number(value, label, where)
        elif label in _TEXTS and not isinstance(value, str):
            raise BadInput(f"'{label}' must be a text", where)
    if not isinstance(record.get("vb", False), bool):
        raise BadInput("'vb' must be true or false", where)
    version = record.get("bver", 10)
    if isinstance(version, bool) or not isinstance(version, int) or version not in VERSIONS:
        raise BadInput(
            f"SenML version {str(version)[:20]} is not understood", where, "send version 10, that of RFC 8428"
        )
    return record


def _number(value: object, label: str, where: str) -> float:
    """Return a finite number; CBOR's decimal fractions have become floats already."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise BadInput(f"'{label}' must be a number", where)
    try:
        number = float(value)
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise BadInput(f"'{label}' is no finite number", where)
    return number


def _resolved(record: Record, base: Record, now: int, where: str) -> Value:
    name = base.get("bn", "") + record.get("n", "")
    if len(name) > MAX_NAME or not _NAME.fullmatch(name):
        raise BadInput(f"'{name[:40]}' is no SenML name", where, "letters, digits and - : . / _ (section 4.5.1)")
    seconds = base.get("bt", 0) + record.get("t", 0)
    kinds = record.keys() & {"v", "vs", "vb", "vd"}
    if len(kinds) > 1:
        raise BadInput("a record has one value", where, "send one record per value")
    value: float | bool | str | None = None
    if kinds and "v" not in kinds:
        value = record[kinds.pop()]
    elif "v" in record or "bv" in base:
        value = _number(base.get("bv", 0) + record.get("v", 0), "v", where)
    total = _number(base.get("bs", 0) + record.get("s", 0), "s", where) if "s" in record or "bs" in base else None
    unit = str(record.get("u", base.get("bu", "")))
    return Value(name, base.get("bn", ""), _time(seconds, now), unit, value, total)


def _time(seconds: float, now: int) -> int | None:
    """Return µs UTC; ``None`` for "now" (section 4.5.3)."""
    if seconds == 0:
        return None
    moved = round(seconds * 1e6) + (now if seconds < _RELATIVE_BELOW_S else 0)
    times.check(moved)
    return moved


def _split(value: Value, channel_device: str) -> tuple[str, str]:
    """Return device and measurement of a resolved name; raises ``BadInput`` when nobody names the device."""
    urn = _URN.fullmatch(value.name)
    if urn is not None:
        return urn[1], urn[2]
    base = value.base.rstrip(_TRAILING)
    if base and lwm2m.path(value.name) is None:
        return base, value.name[len(base) :].lstrip(_TRAILING)
    if not channel_device:
        raise BadInput("the pack names no device", value.name, "give a base name, or publish on …/{device}/up")
    return channel_device, value.name


def _put(value: Value, name: str, fields: Fields, units: dict[str, str]) -> None:
    unit, factor = ucum(value.unit) if value.unit else ("", 1.0)
    path = lwm2m.path(name)
    if path is not None:
        if path.units_field and isinstance(value.value, str):
            sensor = lwm2m.resource(msgspec.structs.replace(path, resource="5700"))
            units[sensor.name] = ucum(value.value)[0]
            return
        known = lwm2m.resource(path)
        name, unit = known.name, unit or units.get(known.name, known.unit)
    name = (name or "value").strip("/").replace("/", "_").replace(".", "_")
    if value.value is not None:
        scaled = isinstance(value.value, int | float) and not isinstance(value.value, bool) and factor != 1
        fields[name] = value.value * factor if scaled else value.value  # type: ignore[operator]
        if unit:
            units[name] = unit
    if value.sum is not None:
        fields[f"{name}_sum"] = value.sum * factor
        if unit:
            units[f"{name}_sum"] = f"{unit}.s"


def _battery(fields: Fields) -> float | None:
    found = fields.get("battery_percent")
    return float(found) if isinstance(found, int | float) and 0 <= found <= 100 else None


def _decimal(pair: object, *_: object) -> float:
    """Return a decimal fraction (tag 4): exponent and mantissa, of which only small ones are computed."""
    match pair:
        case [int(exponent), int(mantissa)] if abs(exponent) <= 400 and mantissa.bit_length() <= 64:
            return float(f"{mantissa}e{exponent}")
    raise ValueError("a decimal fraction is out of bounds")


def _refused(*_: object) -> object:
    raise ValueError("SenML knows no CBOR tag but 4")


_TAGS: dict[int, Any] = dict.fromkeys((0, 1, 5, 30, 35, 36, 37, 100, 258, 260, 261, 1004), _refused) | {4: _decimal}
"""Tags whose decoding costs time or makes other types than SenML's are refused (a bigfloat may ask for gigabytes)."""
