"""Météo-France's hourly climatological files (``H_13_….csv``): ``;`` between columns, hours in UTC, empty: missing.

Each parameter has a column of quality codes (``QT`` beside ``T``); code 2 marks a doubtful value, which is left out.
Names and units: "H_descriptif_champs.csv" of the base.
"""

from __future__ import annotations

import csv
import io
import re
from typing import Any

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, faulty
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, Unprocessable
from placette.model.uplinks import Uplink

_ABOUT = frozenset({"NUM_POSTE", "NOM_USUEL", "LAT", "LON", "ALTI", "AAAAMMJJHH"})
_HOUR = re.compile(r"\d{10}", re.ASCII)
_DOUBTFUL = "2"
UNITS = (
    dict.fromkeys(("T", "TD", "TN", "TX", "TN50", "TNSOL", "T10", "T20", "T50", "T100"), "Cel")
    | dict.fromkeys(("U", "UN", "UX"), "%")
    | dict.fromkeys(("FF", "FXY", "FXI", "FF2", "FXI2", "FXI3S"), "m/s")
    | dict.fromkeys(("DD", "DXY", "DXI", "DD2", "DXI2", "DXI3S"), "deg")
    | dict.fromkeys(("PMER", "PSTAT"), "hPa")
    | dict.fromkeys(("GLO", "DIR", "DIF"), "J/cm2")
    | {"RR1": "mm", "INS": "min", "VV": "m", "N": "{okta}"}
)
"""UCUM codes of the parameters."""


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return one uplink for each line; a line that cannot be read is a fault of its own."""
    try:
        text = arrival.payload.decode("utf-8")
    except UnicodeDecodeError:
        text = arrival.payload.decode("latin-1")  # station names of older files
    rows = csv.reader(io.StringIO(text, newline=""), delimiter=";")
    header = [name.strip() for name in next(rows, [])]
    if "NUM_POSTE" not in header or "AAAAMMJJHH" not in header:
        raise Unprocessable("the columns NUM_POSTE and AAAAMMJJHH are missing", remedy=REMEDY)
    try:
        return [_one(header, row, number) for number, row in enumerate(rows, 2) if row]
    except csv.Error as error:
        raise BadInput(f"the file is no CSV: {error}", remedy=REMEDY) from None


def _one(header: list[str], row: list[str], number: int) -> Uplink:
    cells = {name: cell.strip() for name, cell in zip(header, row, strict=False)}
    station, hour = cells.get("NUM_POSTE", ""), cells.get("AAAAMMJJHH", "")
    if len(row) != len(header) or not _HOUR.fullmatch(hour):
        return faulty(station, f"line {number} has {len(row)} cells and the hour '{hour[:20]}'")
    fields: dict[str, Any] = {}
    for name, cell in cells.items():
        if name in _ABOUT or not cell or (name[0] == "Q" and name[1:] in cells) or cells.get(f"Q{name}") == _DOUBTFUL:
            continue
        try:
            fields[name] = float(cell)
        except ValueError:
            return faulty(station, f"'{cell[:20]}' in column {name} of line {number} is no number")
    moment = times.micros(f"{hour[:4]}-{hour[4:6]}-{hour[6:8]}T{hour[8:]}:00:00Z")
    return Uplink(device=station, fields=fields, units={n: UNITS[n] for n in fields if n in UNITS}, device_time=moment)
