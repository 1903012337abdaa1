r"""InfluxDB line protocol, as Telegraf and many loggers write it: ``air,device=mast-1 wind=1.5 1782900000000000000``.

Source: the line protocol reference of InfluxDB 2: escapes ``\,`` ``\=`` ``\ `` in names, ``\"`` and ``\\`` in quoted
strings; values are floats, integers (``3i``), unsigned integers (``3u``), booleans (``t T true True TRUE`` and their
opposites) and strings in double quotes, which may hold line ends. Lines that begin with ``#`` are comments.

A line becomes one uplink. The time is in nanoseconds unless the writer says ``?precision=``, or the options do.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Literal

import msgspec

from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.uplinks import Fields, Uplink

Precision = Literal["ns", "us", "ms", "s", "m", "h"]
_TO_MICROS: dict[str, tuple[int, int]] = {
    "ns": (1, 1_000),
    "n": (1, 1_000),
    "us": (1, 1),
    "u": (1, 1),
    "ms": (1_000, 1),
    "s": (1_000_000, 1),
    "m": (60_000_000, 1),
    "h": (3_600_000_000, 1),
}
"""Factor and divisor; ``n``, ``u``, ``m`` and ``h`` are what clients of InfluxDB 1 say."""
_PRECISION = re.compile(r"[?&]precision=([a-z]{1,2})(?:&|$)")
_INTEGER = re.compile(r"[+-]?\d{1,19}[iu]", re.ASCII)
_FLOAT = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?", re.ASCII)
_TIME = re.compile(r"-?\d{1,19}", re.ASCII)
_BOOLEANS = dict.fromkeys(("t", "T", "true", "True", "TRUE"), True) | dict.fromkeys(
    ("f", "F", "false", "False", "FALSE"), False
)
_SHOWN = 60


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``device`` names the tag that says which device it is, or ``measurement``; ``precision`` is that of the times.

    ``nested`` puts the fields of a line under its measurement's name, where one device writes several measurements with
    the same field names: a model then names ``cpu.usage`` instead of ``usage``.
    """

    device: str = "device"
    precision: Precision = "ns"
    nested: bool = False


def read(arrival: Arrival, options: Options) -> list[Uplink]:
    """Return one uplink per line; a line that cannot be used is an uplink with a fault."""
    where = arrival.channel[:200]
    try:
        text = arrival.payload.decode("utf-8")
    except UnicodeDecodeError:
        raise BadInput("the text is not UTF-8", where, "line protocol is UTF-8") from None
    said = _PRECISION.search(arrival.channel)
    precision = said[1] if said else options.precision
    if precision not in _TO_MICROS:
        raise BadInput(f"unknown precision '{precision}'", where, "ns, us, ms or s")
    uplinks: list[Uplink] = []
    for number, line in enumerate(lines(text), 1):
        try:
            uplinks.append(_uplink(line, options, precision))
        except BadInput as error:
            uplinks.append(Uplink(device="", fault=str(BadInput(error.what, f"line {number}", error.remedy))))
    return uplinks


def lines(text: str) -> Iterator[str]:
    """Yield the lines that say something; a line end inside a quoted string does not end a line.

    >>> list(lines("a v=1 1 # # b v=2 #".replace("#", chr(10))))
    ['a v=1 1', 'b v=2']
    """
    if '"' not in text:
        found: Iterator[str] = iter(text.split("\n"))
    else:
        found = _split(text, "\n")
    for line in found:
        stripped = line.strip("\r\n\t ")
        if stripped and not stripped.startswith("#"):
            yield stripped


def _uplink(line: str, options: Options, precision: str) -> Uplink:
    parts = list(_split(line, " "))
    parts = [part for part in parts if part]
    if not 2 <= len(parts) <= 3:
        raise BadInput(
            f"no line of line protocol: '{line[:_SHOWN]}'", remedy="write: measurement,tag=value field=1.5 time"
        )
    measurement, tags = _head(parts[0])
    device = measurement if options.device == "measurement" else tags.get(options.device, "")
    if not device:
        raise BadInput(
            f"the line has no tag '{options.device}'",
            remedy='name the tag that says which device it is in the network\'s options: device = "…"',
        )
    fields = _fields(parts[1])
    return Uplink(
        device=device,
        fields={measurement: fields} if options.nested else fields,
        device_time=_micros(parts[2], precision) if len(parts) == 3 else None,
    )


def _head(text: str) -> tuple[str, dict[str, str]]:
    measurement, *tags = _split(text, ",", quotes=False)
    return _plain(measurement), dict(_pair(tag, quotes=False) for tag in tags)


def _fields(text: str) -> Fields:
    return {name: _value(value) for name, value in (_pair(part, quotes=True) for part in _split(text, ","))}


def _pair(text: str, *, quotes: bool) -> tuple[str, str]:
    name, *rest = _split(text, "=", quotes=quotes)
    if not name or not rest:
        raise BadInput(f"'{text[:_SHOWN]}' is no name=value", remedy="escape spaces and commas with a backslash")
    value = "=".join(rest)
    return _plain(name), value if quotes else _plain(value)


def _value(text: str) -> float | int | bool | str:
    if text.startswith('"'):
        if len(text) < 2 or not text.endswith('"'):
            raise BadInput(f"the string {text[:_SHOWN]} has no end", remedy="close it with a double quote")
        return text[1:-1].replace('\\"', '"').replace("\\\\", "\\")
    if text in _BOOLEANS:
        return _BOOLEANS[text]
    if _INTEGER.fullmatch(text):
        return int(text[:-1])
    if _FLOAT.fullmatch(text):
        return float(text)
    raise BadInput(f"'{text[:_SHOWN]}' is no value", remedy='a number, 3i, 3u, true, false or "text"')


def _micros(text: str, precision: str) -> int:
    if not _TIME.fullmatch(text):
        raise BadInput(f"'{text[:_SHOWN]}' is no time", remedy="a whole number since 1970-01-01 UTC")
    factor, divisor = _TO_MICROS[precision]
    value = int(text) * factor // divisor
    times.check(value, text)
    return value


def _split(text: str, at: str, *, quotes: bool = True) -> Iterator[str]:
    """Split at an unescaped character outside double quotes."""
    if "\\" not in text and (not quotes or '"' not in text):
        yield from text.split(at)
        return
    start = position = 0
    quoted = False
    while position < len(text):
        here = text[position]
        if here == "\\":
            position += 1
        elif quotes and here == '"':
            quoted = not quoted
        elif here == at and not quoted:
            yield text[start:position]
            start = position + 1
        position += 1
    yield text[start:]


def _plain(text: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", text) if "\\" in text else text
