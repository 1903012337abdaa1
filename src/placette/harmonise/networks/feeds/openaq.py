"""OpenAQ's measurements (version 3): value, parameter with its unit, period from and to.

A value that the source has flagged, or a negative one (-999: nothing measured), is passed over.
"""

from __future__ import annotations

from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import UNITS, faulty, json_of, part, told
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError
from placette.model.uplinks import Uplink

_NOTHING = -900.0


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each measurement; one that is not of this shape is a fault of its own."""
    device = told(arrival, "device")
    results = part(json_of(arrival), "results", list)
    return [uplink for number, one in enumerate(results) if (uplink := _one(one, device, number)) is not None]


def _one(one: Any, device: str, number: int) -> Uplink | None:
    where = f"measurement {number}"
    try:
        parameter = part(one, "parameter", dict, where)
        name = part(parameter, "name", str, where)
        period = part(one, "period", dict, where)
        begin, end = (part(part(period, key, dict, where), "utc", str, where) for key in ("datetimeFrom", "datetimeTo"))
        value = one.get("value")
        if value is not None:
            value = part(one, "value", int | float, where)  # type: ignore[arg-type]  # isinstance takes a union
        if value is None or value < _NOTHING or (one.get("flagInfo") or {}).get("hasFlags") is True:
            return None
        unit = UNITS.get(str(parameter.get("units")))
        return Uplink(
            device=device,
            fields={name: value},
            units={name: unit} if unit else {},
            device_time=times.micros(begin),
            end_time=times.micros(end),
        )
    except PlacetteError as error:
        return faulty(device, error.what)
