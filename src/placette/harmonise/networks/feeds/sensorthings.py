"""Observations of another city's SensorThings service: ``{"value": [{phenomenonTime, resultTime, result}]}``.

The device, the field and the unit are those the connector asked for. A unit is only taken over when it is a UCUM code.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import faulty, json_of, part, told
from placette.model import conversion, times
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError, Unprocessable
from placette.model.uplinks import Uplink


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each observation; one without time or result is a fault of its own."""
    device, field, unit = told(arrival, "device"), told(arrival, "field"), told(arrival, "unit")
    units = {field: unit} if unit and _is_ucum(unit) else {}
    observations = part(json_of(arrival), "value", list)
    return [_one(one, number, device, field, units) for number, one in enumerate(observations)]


def _one(one: Any, number: int, device: str, field: str, units: dict[str, str]) -> Uplink:
    where = f"observation {number}"
    try:
        text = part(one, "phenomenonTime", str, where)
        if "result" not in one:
            return faulty(device, f"'result' is missing in {where}")
        begin, _, end = text.partition("/")
        return Uplink(
            device=device,
            fields={field: one["result"]},
            units=units,
            device_time=times.micros(begin),
            end_time=times.micros(end) if end else None,
        )
    except PlacetteError as error:
        return faulty(device, error.what)


def _is_ucum(unit: str) -> bool:
    try:
        conversion.check(unit)
    except Unprocessable:
        return False
    return True
