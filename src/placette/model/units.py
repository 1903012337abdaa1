"""Units: the UCUM codes a datastream may carry, with their name and the symbol shown to people.

Source: The Unified Code for Units of Measure, version 2.1, case-sensitive symbols. The list is what the city's sensors
need; a code that is absent is refused with this list, and a city adds a row here.
"""

from __future__ import annotations

from placette.model.entities import UnitOfMeasurement
from placette.model.errors import Unprocessable

_UNITS: dict[str, tuple[str, str]] = {
    "1": ("dimensionless", ""),
    "%": ("percent", "%"),
    "{count}": ("count", ""),
    "{person}": ("persons", ""),
    "{vehicle}": ("vehicles", ""),
    "{device}": ("devices", ""),
    "{session}": ("sessions", ""),
    "/h": ("per hour", "/h"),
    "{person}/h": ("persons per hour", "/h"),
    "Cel": ("degree Celsius", "°C"),
    "K": ("kelvin", "K"),
    "ug/m3": ("microgram per cubic metre", "µg/m³"),
    "mg/m3": ("milligram per cubic metre", "mg/m³"),
    "[ppb]": ("part per billion", "ppb"),
    "[ppm]": ("part per million", "ppm"),
    "dB[SPL]": ("decibel of sound pressure", "dB"),
    "dB": ("decibel", "dB"),
    "dBm": ("decibel milliwatt", "dBm"),
    "lx": ("lux", "lx"),
    "cd/m2": ("candela per square metre", "cd/m²"),
    "W": ("watt", "W"),
    "kW.h": ("kilowatt hour", "kWh"),
    "W.h": ("watt hour", "Wh"),
    "V": ("volt", "V"),
    "A": ("ampere", "A"),
    "m": ("metre", "m"),
    "cm": ("centimetre", "cm"),
    "mm": ("millimetre", "mm"),
    "mm/h": ("millimetre per hour", "mm/h"),
    "m/s": ("metre per second", "m/s"),
    "km/h": ("kilometre per hour", "km/h"),
    "deg": ("degree of angle", "°"),
    "hPa": ("hectopascal", "hPa"),
    "kPa": ("kilopascal", "kPa"),
    "L": ("litre", "L"),
    "L/min": ("litre per minute", "L/min"),
    "m3": ("cubic metre", "m³"),
    "m3/m3": ("volume fraction", "m³/m³"),
    "W/m2": ("watt per square metre", "W/m²"),
    "s": ("second", "s"),
    "min": ("minute", "min"),
    "h": ("hour", "h"),
    "d": ("day", "d"),
    "kg": ("kilogram", "kg"),
    "Hz": ("hertz", "Hz"),
    "bit/s": ("bit per second", "bit/s"),
    "By": ("byte", "B"),
}

KNOWN: tuple[str, ...] = tuple(_UNITS)
"""Every UCUM code that a datastream may carry."""


def unit(code: str) -> UnitOfMeasurement:
    """Return the unit of this UCUM code; raises ``Unprocessable`` with the list of what is known.

    >>> unit("ug/m3").symbol
    'µg/m³'
    """
    found = _UNITS.get(code)
    if found is None:
        raise Unprocessable(f"unknown unit '{code[:40]}'", remedy="known UCUM codes: " + " ".join(KNOWN))
    return UnitOfMeasurement(name=found[0], symbol=found[1], definition=code)


def known() -> tuple[str, ...]:
    """Return every code of the list."""
    return tuple(_UNITS)


def symbol(code: str | None) -> str:
    """Return the symbol shown to people for a UCUM code, or the code itself when it is not in the list."""
    if not code:
        return ""
    found = _UNITS.get(code)
    return found[1] if found else code
