"""The weather that the shared series came under, for the prior: measured beside them or at the nearest airport.

Temperature in °C, humidity in %, wind in m/s; a daily value stands for each hour of its day.
"""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from placette.analyse.forecast.terms import HOUR_S, Floats, Panel
from placette.analyse.forecast.weather import UNITS
from placette.benchmarking.cities import Clock, number, numbers, of, rows

KNOT_M_S = 0.514444


class Sky(msgspec.Struct, frozen=True, kw_only=True):
    """A file, its clock, the columns of each kind of weather; ``dew`` is a dew point in °C where humidity is absent."""

    file: str
    clock: Clock
    columns: dict[str, str]
    dew: str = ""
    knots: bool = False
    days: bool = False
    """A row is a day."""


_BEIJING = {"temperature": "TEMP"}
SKIES = {
    "beijing": Sky(file="air/beijing_12stations_2013_2015.csv.xz", clock=numbers, dew="DEWP",
                   columns={**_BEIJING, "wind_speed": "WSPM"}),
    "embassy": Sky(file="air/beijing_us_embassy_pm25_2010_2014.csv.xz", clock=numbers, dew="DEWP", columns=_BEIJING),
    "london-4": Sky(file="air/london_4sites_2009_polar_data.csv.gz", clock=of("date"),
                    columns={"temperature": "air_temp", "wind_speed": "ws"}),
    "valencia": Sky(file="air/valencia_centre_hourly_2019.csv.gz", clock=of("datetime"),
                    columns={"wind_speed": "veloc."}),
    "dublin": Sky(file="noise/dublin_airport_weather_hourly_2015_2021.csv.xz", clock=of("datetime"), knots=True,
                  columns={"temperature": "temp", "humidity": "rhum", "wind_speed": "wdsp"}),
}  # fmt: skip
SKIES["london"] = SKIES["london/days"] = Sky(
    file="air/london_marylebone_daily_1997_rmweather.csv.gz",
    clock=of("date"),
    columns={"temperature": "air_temp", "humidity": "rh", "wind_speed": "ws"},
    days=True,
)


def under(key: str, panel: Panel, folder: Path) -> Panel:
    """Return a city's panel with the weather known beside it, where a file tells it."""
    sky = SKIES.get(key)
    if sky is None:
        return panel
    sums, counts = np.zeros((len(panel.values), len(UNITS))), np.zeros((len(panel.values), len(UNITS)))
    spread = 24 if sky.days and panel.step_s == HOUR_S else 1
    for row in rows(folder / sky.file):
        first = (int(sky.clock(row).timestamp()) - panel.start_s) // panel.step_s
        told = _told(row, sky)
        there = ~np.isnan(told)
        if 0 <= first < len(sums):
            sums[first : first + spread, there] += told[there]
            counts[first : first + spread, there] += 1
    known = np.where(counts > 0, sums / np.maximum(counts, 1), np.nan)
    return msgspec.structs.replace(panel, known=known, kinds=tuple(UNITS))


def _told(row: dict[str, str], sky: Sky) -> Floats:
    told = np.array([number(row[sky.columns[kind]]) if kind in sky.columns else np.nan for kind in UNITS])
    if sky.dew:
        told[list(UNITS).index("humidity")] = humidity(told[0], number(row[sky.dew]))
    if sky.knots:
        told[list(UNITS).index("wind_speed")] *= KNOT_M_S
    return told


def humidity(celsius: float, dew: float) -> float:
    """Return relative humidity in % from temperature and dew point (Magnus, coefficients of Alduchov & Eskridge 1996).

    >>> round(humidity(20.0, 9.3))
    50
    """
    pressure = [float(np.exp(17.625 * each / (243.04 + each))) for each in (dew, celsius)]
    return float(np.minimum(100.0, 100 * pressure[0] / pressure[1]))  # NaN where either is missing
