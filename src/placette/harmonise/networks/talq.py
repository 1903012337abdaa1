"""TALQ 2: the log reports and device updates that a gateway sends to its central management software, which we are.

Source: ``LogReport``, ``AttributeLogData``, ``EventLogData``, ``StateChangeEventLogData``, ``Device`` and ``Attribute``
of the TALQ data model (OpenAPI of the TALQ Consortium, BSD-3). A log report holds entries of one attribute or event
each; a device update holds the attributes of its functions, of which those with a timestamp are readings.

A value is given three times: under its attribute's name, under its function's id (``lamp2.actualLightState``, for a
device with several functions of a kind), and, where ``talq.toml`` knows one, under the property that it means.
"""

from __future__ import annotations

import tomllib
from importlib.resources import files
from typing import Any

import msgspec

from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.observation_json import decode
from placette.model.uplinks import Fields, Uplink

_decoder = msgspec.json.Decoder(dict[str, Any] | list[Any])
_STATES = {"lightStateChange": "actualLightState", "stateChange": "actualState"}
"""The attribute that an event of a changed state tells the new value of."""


class Meaning(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What an attribute is: the UCUM code of its unit, and the property whose name its value is given too."""

    unit: str = ""
    property: str = ""


def _table() -> dict[str, Meaning]:
    text = (files("placette.harmonise.networks") / "talq.toml").read_text(encoding="utf-8")
    functions = msgspec.convert(tomllib.loads(text), dict[str, dict[str, Meaning]])
    return {name: meaning for attributes in functions.values() for name, meaning in attributes.items()}


ATTRIBUTES: dict[str, Meaning] = _table()
"""What the attributes of all functions mean; an attribute means the same in every function that has it."""


class _Said(msgspec.Struct):
    """What one device said of one moment."""

    fields: Fields
    units: dict[str, str]

    def add(self, function: str, name: str, value: Any) -> None:
        meaning = ATTRIBUTES.get(name, Meaning())
        for key in filter(None, (name, meaning.property)):
            self.fields[key] = value
            if meaning.unit:
                self.units[key] = meaning.unit
        if function:
            self.fields.setdefault(function, {})[name] = value


_Moments = dict[tuple[str, int | None], _Said]


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each device and moment; an entry that cannot be used is an uplink with a fault.

    They are ``other`` events: a gateway reports whatever its maker chose, and what no model asks for is no fault.
    """
    where = arrival.channel[:200]
    sent = decode(arrival.payload, _decoder, where)
    listed = sent if isinstance(sent, list) else [sent]
    moments: _Moments = {}
    faults: list[str] = []
    take = _take_report if where.partition("?")[0].endswith("/log-reports") else _take_device
    for number, each in enumerate(listed):
        if not isinstance(each, dict):
            faults.append(f"[{number}] is no object")
            continue
        take(each, moments, faults)
    good = [
        Uplink(device=device, event="other", fields=said.fields, units=said.units, device_time=time)
        for (device, time), said in moments.items()
        if said.fields
    ]
    return good + [Uplink(device="", fault=fault) for fault in faults]


def _take_report(report: dict[str, Any], moments: _Moments, faults: list[str]) -> None:
    entries = report.get("entries")
    for number, entry in enumerate(entries if isinstance(entries, list) else []):
        try:
            _take_entry(entry.get("data") if isinstance(entry, dict) else None, moments)
        except BadInput as error:
            faults.append(f"entries[{number}]: {error.what}")


def _take_entry(data: Any, moments: _Moments) -> None:
    if not isinstance(data, dict) or not isinstance(data.get("srcAddress"), str) or not data["srcAddress"]:
        raise BadInput("the entry has no data with a srcAddress")
    device, _, function = data["srcAddress"].partition("/")
    match data.get("type"):
        case "AttributeLogData":
            name, attribute = data.get("attributeName"), data.get("attributeValue")
            if not isinstance(name, str) or not isinstance(attribute, dict):
                raise BadInput("the entry has no attributeName and attributeValue")
            time = _time(attribute.get("timestamp") or data.get("timestamp"))
            _of(moments, device, time).add(function, name, _plain(attribute.get("value")))
        case "EventLogData":
            flag = data.get("startEndFlag")
            said = _of(moments, device, _time(data.get("timestamp")))
            said.add(function, _event(data), flag if isinstance(flag, bool) else True)
        case "StateChangeEventLogData":
            said = _of(moments, device, _time(data.get("timestamp")))
            command = data.get("command")
            state = data.get("state", command.get("state") if isinstance(command, dict) else None)
            said.add(function, _STATES.get(_event(data), "actualState"), _plain(state))
        case other:
            raise BadInput(f"log data of type '{str(other)[:40]}' is not known")


def _take_device(device: dict[str, Any], moments: _Moments, faults: list[str]) -> None:
    address, functions = device.get("address"), device.get("functions")
    if not isinstance(address, str) or not isinstance(functions, list):
        return
    for function in functions:
        for name, attribute in function.items() if isinstance(function, dict) else ():
            if not isinstance(attribute, dict) or "timestamp" not in attribute:
                continue
            try:
                said = _of(moments, address, _time(attribute["timestamp"]))
            except BadInput as error:
                faults.append(f"{name[:40]}: {error.what}")
            else:
                said.add(str(function.get("id", "")), name, _plain(attribute.get("value")))


def _of(moments: _Moments, device: str, time: int | None) -> _Said:
    return moments.setdefault((device, time), _Said({}, {}))


def _event(data: dict[str, Any]) -> str:
    name = data.get("eventType")
    if not isinstance(name, str) or not name:
        raise BadInput("the entry has no eventType")
    return name


def _plain(value: Any) -> Any:
    """Return the one thing that a state says (``{"type": "LevelState", "level": 80}``) as a value."""
    if not isinstance(value, dict):
        return value
    said = {key: each for key, each in value.items() if key != "type"}
    return next(iter(said.values())) if len(said) == 1 else said


def _time(text: Any) -> int | None:
    if text is None:
        return None
    if not isinstance(text, str):
        raise BadInput("the timestamp is no text")
    return times.micros(text)
