"""Plain JSON of any shape, over MQTT or HTTP: where device, time and values are is said by the network's options.

Paths are names joined by dots (``payload.sensors``); a number counts into a list (``rows.0``), and a name of the
message that itself holds a dot is found too. A message may be one object, a list of them, or hold a list at ``items``.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache
from typing import Any, Literal
from urllib.parse import unquote_plus

import msgspec

from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.observation_json import decode
from placette.model.uplinks import Fields, Uplink

_decoder = msgspec.json.Decoder(dict[str, Any] | list[Any])
_PER_S = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}
_LONGEST = 200
_QUERY = re.compile(r"[?&]device=([^&]+)")
_MISSING = object()


class Options(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """Where things are in a message; every path but ``device`` may stay empty.

    ``device``: the path of the device's name, or empty when a level of the topic is ``{device}`` in the network's
    topics (over HTTP: ``?device=``). ``time``: the path of the measurement's time, ``time_unit`` how it is written.
    ``values``: the path of the object that holds the values; empty: the message itself. ``name`` and ``value``: where
    ``values`` leads to a list of pairs, the members of a pair that hold name and value (``unit``: the UCUM code).
    ``items``: the path of a list of messages. ``counter``: the path of a frame counter, ``id``: of an identifier that
    stays the same when the message is sent again.
    """

    topics: tuple[str, ...] = ()
    device: str = ""
    time: str = ""
    time_unit: Literal["iso", "s", "ms", "us", "ns"] = "iso"
    values: str = ""
    name: str = ""
    value: str = ""
    unit: str = ""
    items: str = ""
    counter: str = ""
    id: str = ""

    def __post_init__(self) -> None:
        """Refuse what cannot work; msgspec turns the error into one of its own."""
        if bool(self.name) != bool(self.value):
            raise ValueError("name and value belong together: they are the two members of a pair")
        if any(topic.count("{device}") > 1 for topic in self.topics):
            raise ValueError("a topic names {device} once")


def read(arrival: Arrival, options: Options) -> list[Uplink]:
    """Return the uplinks of the message; a part of it that cannot be used is an uplink with a fault."""
    where = arrival.channel[:_LONGEST]
    sent = decode(arrival.payload, _decoder, where)
    outside = _from_channel(arrival.channel, options.topics)
    uplinks: list[Uplink] = []
    for number, (message, item) in enumerate(_items(sent, options, where)):
        try:
            uplinks.append(_uplink(message, item, options, outside))
        except BadInput as error:
            fault = BadInput(error.what, f"[{number}] {error.where}".rstrip(), error.remedy)
            uplinks.append(Uplink(device="", fault=str(fault)))
    return uplinks


def at(message: Any, path: str) -> Any:
    """Return what stands at a dotted path, or ``None``; the empty path is the message itself.

    >>> at({"a": {"b": [10, 20]}, "x.y": 3}, "a.b.1"), at({"x.y": 3}, "x.y"), at({}, "a.b")
    (20, 3, None)
    """
    found = _at(message, path)
    return None if found is _MISSING else found


def _at(message: Any, path: str) -> Any:
    if not path:
        return message
    if isinstance(message, dict) and path in message:
        return message[path]
    head, _, rest = path.partition(".")
    if isinstance(message, dict):
        return _at(message[head], rest) if head in message else _MISSING
    if isinstance(message, list) and head.isascii() and head.isdigit() and len(head) < 6 and int(head) < len(message):
        return _at(message[int(head)], rest)
    return _MISSING


def _items(sent: Any, options: Options, where: str) -> Iterable[tuple[Any, Any]]:
    """Return pairs of the message around and the item: what an item lacks may stand around it."""
    for message in sent if isinstance(sent, list) else [sent]:
        if not options.items:
            yield message, message
            continue
        items = at(message, options.items)
        if not isinstance(items, list):
            raise BadInput(f"there is no list at '{options.items}'", where, "correct items in the network's options")
        for item in items:
            yield message, item


def _uplink(message: Any, item: Any, options: Options, outside: str) -> Uplink:
    return Uplink(
        device=_device(message, item, options, outside),
        fields=(found := _values(item, options))[0],
        units=found[1],
        device_time=_time(_either(message, item, options.time), options),
        counter=_counter(_either(message, item, options.counter), options),
        deduplication=str(_either(message, item, options.id) or "")[:_LONGEST],
    )


def _either(message: Any, item: Any, path: str) -> Any:
    if not path:
        return None
    found = _at(item, path)
    return at(message, path) if found is _MISSING else found


def _device(message: Any, item: Any, options: Options, outside: str) -> str:
    found = _either(message, item, options.device) if options.device else outside
    if isinstance(found, bool) or not isinstance(found, str | int) or found == "":
        place = f"at '{options.device}'" if options.device else "in the topic"
        raise BadInput(f"there is no device {place}", options.device, "correct device in the network's options")
    return str(found)


def _values(item: Any, options: Options) -> tuple[Fields, dict[str, str]]:
    found = at(item, options.values)
    if options.name and isinstance(found, list):
        return _pairs(found, options)
    if not isinstance(found, dict):
        raise BadInput(f"there is no object at '{options.values}'", options.values, "correct values in the options")
    return found, {}


def _pairs(found: list[Any], options: Options) -> tuple[Fields, dict[str, str]]:
    fields: Fields = {}
    units: dict[str, str] = {}
    for pair in found:
        name = at(pair, options.name)
        value = _at(pair, options.value)
        if not isinstance(name, str) or value is _MISSING:
            raise BadInput(
                f"a pair lacks '{options.name}' or '{options.value}'",
                options.values,
                "correct name and value in the network's options",
            )
        fields[name] = value
        if options.unit and isinstance(unit := at(pair, options.unit), str):
            units[name] = unit
    return fields, units


def _time(found: Any, options: Options) -> int | None:
    if found is None or found == "":
        return None
    if options.time_unit == "iso":
        if not isinstance(found, str):
            raise BadInput("the time is no text", options.time, 'say time_unit = "s" or "ms" in the network\'s options')
        return times.micros(found)
    if isinstance(found, str) and re.fullmatch(r"-?\d{1,20}(\.\d{1,9})?", found, re.ASCII):
        found = float(found) if "." in found else int(found)
    if isinstance(found, bool) or not isinstance(found, int | float):
        raise BadInput("the time is no number", options.time, 'say time_unit = "iso" in the network\'s options')
    value = _micros(found, _PER_S[options.time_unit])
    times.check(value, str(found))
    return value


def _micros(found: float, per_s: int) -> int:
    return found * 1_000_000 // per_s if isinstance(found, int) else round(found * (1_000_000 / per_s))


def _counter(found: Any, options: Options) -> int | None:
    if found is None:
        return None
    if isinstance(found, bool) or not isinstance(found, int):
        raise BadInput("the counter is no whole number", options.counter, "correct counter in the network's options")
    return found


def _from_channel(channel: str, topics: tuple[str, ...]) -> str:
    """Return the device that the topic names, or the address's ``?device=``."""
    for topic in topics:
        if "{device}" in topic and (found := _pattern(topic).fullmatch(channel)):
            return found[1]
    found = _QUERY.search(channel)
    return unquote_plus(found[1]) if found else ""


@lru_cache(256)
def _pattern(topic: str) -> re.Pattern[str]:
    levels = {"+": "[^/]*", "#": ".*", "{device}": "([^/]+)"}
    parts = re.split(r"(\{device\}|\+|#)", topic)
    return re.compile("".join(levels.get(part) or re.escape(part) for part in parts))
