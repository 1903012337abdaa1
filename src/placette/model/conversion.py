"""From the unit a device sends to the unit its datastream has: explicit, linear, and refused where it is neither.

Units are UCUM codes, read by ucumvert and converted by pint. Gases come in parts per billion or million (volume) and
are kept as mass concentrations: at 293 K and 101.3 kPa unless a city says otherwise (Directive 2008/50/EC, annex VI),
by the ideal gas law and the molar masses of IUPAC 2021.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import msgspec

from placette.model.errors import Unprocessable

MOLAR_G: dict[str, float] = {
    "no2": 46.0055,
    "no": 30.0061,
    "o3": 47.9982,
    "so2": 64.0638,
    "co": 28.0101,
    "co2": 44.0095,
    "nh3": 17.0305,
    "h2s": 34.0809,
    "ch4": 16.0425,
    "benzene": 78.1118,
}
"""Molar masses, g/mol, by the key of the observed property."""
_GAS_CONSTANT = 8.314462618
_PRESSURE_KPA = 101.3
_ZERO_CELSIUS_K = 273.0
"""The directive says 293 K for 20 °C; the tables of the agencies follow it, so do we."""
_SHARES = {"[ppb]": 1e-9, "[ppm]": 1e-6, "10*-9": 1e-9, "10*-6": 1e-6}
_OWN = {"dBm": "dBm"}
"""Codes in use that UCUM does not have; they convert to themselves alone."""


class Linear(msgspec.Struct, frozen=True):
    """``wanted = multiply · sent + add``."""

    multiply: float = 1.0
    add: float = 0.0


SAME = Linear()


def of(sent: str, wanted: str, gas: str = "", celsius: float = 20.0) -> Linear:
    """Return how a value in ``sent`` becomes one in ``wanted`` (UCUM codes; an empty ``sent`` is the same unit).

    ``gas`` is a key of ``MOLAR_G``, asked only between a share and a mass concentration, at ``celsius``. Raises
    ``Unprocessable`` for unknown units and for those that do not convert linearly.

    >>> of("[degF]", "Cel").multiply.__round__(6)
    0.555556
    >>> round(of("[ppb]", "ug/m3", "no2").multiply, 3)
    1.913
    """
    if not sent or sent == wanted:
        return SAME
    if sent in _OWN or wanted in _OWN:
        raise _mismatch(sent, wanted)
    share = _SHARES.get(sent)
    if share is not None and wanted not in _SHARES and "m3" in wanted:
        factor = share * _grams_per_m3(gas, celsius, sent, wanted)
        return Linear(factor * of("g/m3", wanted).multiply)
    return _linear(sent, wanted)


def check(code: str) -> None:
    """Raise ``Unprocessable`` when ``code`` is no UCUM unit."""
    if code and code not in _OWN:
        _quantity(code)


def _grams_per_m3(gas: str, celsius: float, sent: str, wanted: str) -> float:
    molar = MOLAR_G.get(gas)
    if molar is None:
        raise Unprocessable(
            f"{sent} becomes {wanted} only for a gas whose molar mass is known, not for '{gas}'",
            remedy=f"name it with gas = …: {', '.join(MOLAR_G)}",
        )
    kelvin = celsius + _ZERO_CELSIUS_K
    return molar * _PRESSURE_KPA * 1000 / (_GAS_CONSTANT * kelvin)


@lru_cache(512)
def _linear(sent: str, wanted: str) -> Linear:
    source, target = _quantity(sent), _quantity(wanted)
    try:
        zero, one, two = (_registry().Quantity(value, source).to(target).magnitude for value in (0.0, 1.0, 2.0))
    except Exception:  # noqa: BLE001  # pint has no common ancestor for offset, logarithmic and dimension errors
        raise _mismatch(sent, wanted) from None
    if abs((two - one) - (one - zero)) > 1e-9 * max(1.0, abs(two)):
        raise _mismatch(sent, wanted)
    return Linear(one - zero, zero)


def _quantity(code: str) -> Any:
    """Return pint's unit of a code; annotations in braces count as 1 (UCUM, section 6)."""
    if code.startswith("{") and code.endswith("}"):
        code = "1"
    try:
        return _registry().from_ucum(code).units
    except Exception as error:  # noqa: BLE001  # the parser's, lark's and pint's errors have no common ancestor
        first = (str(error).splitlines() or [""])[0][:120]
        raise Unprocessable(
            f"'{code[:40]}' is no UCUM unit: {first}", remedy="write it as ug/m3, Cel, [ppb], mV"
        ) from None


@lru_cache(1)
def _registry() -> Any:
    from ucumvert import PintUcumRegistry  # noqa: PLC0415  # 0.5 s that a city without conversions never pays

    return PintUcumRegistry()


def _mismatch(sent: str, wanted: str) -> Unprocessable:
    return Unprocessable(f"{sent} does not become {wanted}", remedy="correct sent_unit, or the unit of the quantity")
