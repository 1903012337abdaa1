"""Météo-France's observations (DPObs v1): a list of objects, one for each station and time; all in SI units.

``geo_id_insee`` is the station, ``validity_time`` the end of what is observed. Names and units: "Descriptif technique
des observations", Météo-France, 2023.
"""

from __future__ import annotations

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, faulty, json_of, known
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError, Unprocessable
from placette.model.uplinks import Uplink

_ABOUT = frozenset({"lat", "lon", "geo_id_insee", "reference_time", "insert_time", "validity_time"})
UNITS = (
    dict.fromkeys(("t", "td", "tx", "tn", "t_10", "t_20", "t_50", "t_100"), "K")
    | dict.fromkeys(("u", "ux", "un"), "%")
    | dict.fromkeys(("ff", "fxy", "fxi", "fxi10"), "m/s")
    | dict.fromkeys(("dd", "dxy", "dxi", "dxi10"), "deg")
    | dict.fromkeys(("rr1", "rr_per"), "mm")
    | dict.fromkeys(("pres", "pmer"), "Pa")
    | dict.fromkeys(("ray_glo01", "ray_glo06"), "J/m2")
    | dict.fromkeys(("vv", "sss", "ht_neige"), "m")
    | {"insolh": "min", "n": "{okta}"}
)
"""UCUM codes of the parameters."""


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each observation; one without station or time is a fault of its own."""
    said = json_of(arrival)
    if not isinstance(said, list):
        raise Unprocessable("the answer is no list of observations", remedy=REMEDY)
    return [_one(record, number) for number, record in enumerate(said)]


def _one(record: object, number: int) -> Uplink:
    if not isinstance(record, dict) or not isinstance(record.get("geo_id_insee"), str):
        return faulty("", f"'geo_id_insee' is missing in record {number}")
    station = record["geo_id_insee"]
    time = record.get("validity_time")
    if not isinstance(time, str):
        return faulty(station, f"'validity_time' is missing in record {number}")
    try:
        moment = times.micros(time)
    except PlacetteError as error:
        return faulty(station, error.what)
    fields = known({name: value for name, value in record.items() if name not in _ABOUT})
    return Uplink(device=station, fields=fields, units={n: UNITS[n] for n in fields if n in UNITS}, device_time=moment)
