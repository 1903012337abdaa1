"""Where the sun stands, and when it rises and sets.

Formulas of the NOAA solar calculator (after J. Meeus, Astronomical Algorithms, 2nd ed., chapters 25 and 28), right to
about a minute between 1900 and 2100 outside the polar circles. Times are µs since 1970-01-01 UTC, angles degrees.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

DAY_US = 86_400_000_000
HORIZON = -0.833
"""Elevation of the sun's centre when its upper edge touches the horizon: refraction and half the disc, degrees."""

_UNIX_EPOCH_JD = 2_440_587.5
_J2000_JD = 2_451_545.0


def elevation(times: Times, longitude: float, latitude: float) -> Floats:
    """Return the sun's elevation above the horizon at each time, degrees, without refraction."""
    declination, equation_min = _declination_and_equation(times)
    solar_min = times / 60_000_000 % 1440 + equation_min + 4 * longitude
    hour_angle = np.radians(solar_min / 4 - 180)
    phi, delta = np.radians(latitude), np.radians(declination)
    sine = np.sin(phi) * np.sin(delta) + np.cos(phi) * np.cos(delta) * np.cos(hour_angle)
    found: Floats = np.degrees(np.arcsin(np.clip(sine, -1, 1)))
    return found


def rise_and_set(
    days: Times, longitude: float, latitude: float, horizon: float | Floats = HORIZON
) -> tuple[Times, Times]:
    """Return the times at which the sun passes ``horizon`` (degrees) upwards and downwards on each day.

    ``days`` counts whole days since 1970-01-01; the day meant is the one around the place's own noon. Where the sun
    does not pass the horizon that day, both times are the noon (never below) or the midnights around it (never above).
    """
    noon = days * DAY_US + DAY_US // 2 - round(longitude / 360 * DAY_US)
    return _crossing(noon, -1, longitude, latitude, horizon), _crossing(noon, 1, longitude, latitude, horizon)


def _crossing(noon: Times, side: int, longitude: float, latitude: float, horizon: float | Floats) -> Times:
    found = noon
    phi = np.radians(latitude)
    for _ in range(3):  # the declination moves while the sun does: each round is at least ten times closer
        declination, equation_min = _declination_and_equation(found)
        delta = np.radians(declination)
        cosine = (np.sin(np.radians(horizon)) - np.sin(phi) * np.sin(delta)) / (np.cos(phi) * np.cos(delta))
        half_day = np.degrees(np.arccos(np.clip(cosine, -1, 1))) / 360 * DAY_US
        found = np.rint(noon - equation_min * 60_000_000 + side * half_day).astype(np.int64)
    return found


def _declination_and_equation(times: Times) -> tuple[Floats, Floats]:
    """Return the sun's declination (degrees) and the equation of time (minutes)."""
    century = (times / DAY_US + _UNIX_EPOCH_JD - _J2000_JD) / 36_525
    mean_longitude = np.radians((280.46646 + century * (36_000.76983 + century * 0.0003032)) % 360)
    anomaly = np.radians(357.52911 + century * (35_999.05029 - century * 0.0001537))
    eccentricity = 0.016708634 - century * (0.000042037 + century * 0.0000001267)
    centre = (
        np.sin(anomaly) * (1.914602 - century * (0.004817 + century * 0.000014))
        + np.sin(2 * anomaly) * (0.019993 - century * 0.000101)
        + np.sin(3 * anomaly) * 0.000289
    )
    node = np.radians(125.04 - 1934.136 * century)
    apparent = np.radians(np.degrees(mean_longitude) + centre - 0.00569 - 0.00478 * np.sin(node))
    tilt = np.radians(23.439291 - century * 0.0130042 + 0.00256 * np.cos(node))
    declination = np.degrees(np.arcsin(np.sin(tilt) * np.sin(apparent)))
    y = np.tan(tilt / 2) ** 2
    equation = 4 * np.degrees(
        y * np.sin(2 * mean_longitude)
        - 2 * eccentricity * np.sin(anomaly)
        + 4 * eccentricity * y * np.sin(anomaly) * np.cos(2 * mean_longitude)
        - 0.5 * y * y * np.sin(4 * mean_longitude)
        - 1.25 * eccentricity**2 * np.sin(2 * anomaly)
    )
    return declination, equation
