"""Conversions between what devices send and what datastreams keep."""

from __future__ import annotations

import pytest

from placette.model import conversion
from placette.model.errors import Unprocessable


@pytest.mark.parametrize(
    ("sent", "wanted", "gas", "value", "expected"),
    [
        ("", "Cel", "", 21.5, 21.5),
        ("[degF]", "Cel", "", 212.0, 100.0),
        ("K", "Cel", "", 273.15, 0.0),
        ("mV", "V", "", 3600.0, 3.6),
        ("W.h", "kW.h", "", 1500.0, 1.5),
        ("1", "%", "", 0.61, 61.0),
        ("Pa", "hPa", "", 101_325.0, 1013.25),
        ("km/h", "m/s", "", 36.0, 10.0),
        ("{count}", "{person}", "", 7.0, 7.0),
        # Domain.md section 10, at 20 °C and 101.3 kPa; SO2 within the rounding of the agencies' table
        ("[ppb]", "ug/m3", "no2", 1.0, 1.913),
        ("[ppb]", "ug/m3", "o3", 1.0, 1.996),
        ("[ppb]", "ug/m3", "so2", 1.0, 2.660),
        ("[ppm]", "mg/m3", "co", 1.0, 1.165),
    ],
)
def test_a_value_is_converted(sent: str, wanted: str, gas: str, value: float, expected: float) -> None:
    linear = conversion.of(sent, wanted, gas)
    assert linear.multiply * value + linear.add == pytest.approx(expected, rel=2e-3 if gas else 1e-9, abs=1e-9)


def test_the_reference_temperature_of_a_gas_counts() -> None:
    assert conversion.of("[ppb]", "ug/m3", "no2", 25.0).multiply == pytest.approx(1.881, abs=2e-3)


@pytest.mark.parametrize(
    ("sent", "wanted", "gas", "words"),
    [
        ("m", "s", "", "does not become"),
        ("dBm", "W", "", "does not become"),
        ("furlong", "m", "", "no UCUM unit"),
        ("[ppb]", "ug/m3", "pm10", "molar mass"),
    ],
)
def test_what_does_not_convert_is_refused(sent: str, wanted: str, gas: str, words: str) -> None:
    with pytest.raises(Unprocessable, match=words):
        conversion.of(sent, wanted, gas)
