"""Open-Meteo's hourly answers: one object, or a list of them in the order of the devices asked for.

A forecast is issued by the last run of its model when the connector asked for one model, otherwise by the hour in which
it was asked for: the answer does not say. The archive has no issue. Times are Unix seconds (``timeformat=unixtime``).
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, UNITS, json_of, known, part, told
from placette.model import feeds
from placette.model.arrivals import Arrival
from placette.model.errors import Unprocessable
from placette.model.uplinks import Uplink

_HOUR_US = 3_600_000_000


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each device and hour; raises ``PlacetteError`` when the answer is not of this shape."""
    said = json_of(arrival)
    devices = told(arrival, "devices").split()
    answers = said if isinstance(said, list) else [said]
    if len(answers) != len(devices):
        raise Unprocessable(f"{len(answers)} answers for {len(devices)} devices", remedy=REMEDY)
    issue = _issue(arrival)
    return [uplink for device, answer in zip(devices, answers, strict=True) for uplink in _hours(device, answer, issue)]


def _issue(arrival: Arrival) -> int | None:
    context = feeds.context(arrival.channel)
    if "forecast" not in context:
        return None
    if context.get("issue", "").isdigit():
        return int(context["issue"]) * 1_000_000
    return arrival.received_time // _HOUR_US * _HOUR_US


def _hours(device: str, answer: Any, issue: int | None) -> list[Uplink]:
    hourly = part(answer, "hourly", dict)
    shown = part(answer, "hourly_units", dict)
    hours = part(hourly, "time", list, "'hourly'")
    names = [name for name in hourly if name != "time"]
    columns = [part(hourly, name, list, "'hourly'") for name in names]
    if any(len(column) != len(hours) for column in columns):
        raise Unprocessable("the columns of 'hourly' have different lengths", remedy=REMEDY)
    units = {name: UNITS[shown[name]] for name in names if shown.get(name) in UNITS}
    found = []
    for number, hour in enumerate(hours):
        if type(hour) is not int:
            raise Unprocessable(f"'{str(hour)[:40]}' is no Unix time", remedy=REMEDY)
        fields = known({name: column[number] for name, column in zip(names, columns, strict=True)})
        if fields:
            found.append(
                Uplink(device=device, fields=fields, units=units, device_time=hour * 1_000_000, issue_time=issue)
            )
    return found
