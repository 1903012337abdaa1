"""Temperatures of a whole city at one moment, as the heat loggers of Bern and the stations of Berlin gave them."""

from __future__ import annotations

import csv
import io
import lzma
from pathlib import Path
from typing import NamedTuple

import numpy as np

from placette.analyse.kriging.area import plane
from placette.analyse.kriging.predict import Sites
from placette.analyse.kriging.variogram import Floats

BERN, BERLIN = (7.4400, 46.9500), (13.4000, 52.5200)
_BERN_COLUMNS = {1: "LOG_NR_2018", 2: "Log_NR_2019"}


class City(NamedTuple):
    """Stations with the logarithm of their distance to the centre (and in Bern their height); °C per time × station."""

    sites: Sites
    times: np.ndarray
    temperatures: Floats


def bern(folder: Path, wave: int) -> City:
    with (folder / "bern_Metadata_Logger.csv").open(encoding="utf-8") as file:
        rows = {row[_BERN_COLUMNS[wave]]: row for row in csv.DictReader(file)}
    names, times, values = _table(folder / f"bern_loggers_10min_hw{wave}.csv.xz")
    kept = [column for column, name in enumerate(names) if name.split()[0] in rows]
    of_column = [rows[names[column].split()[0]] for column in kept]
    where = np.array([[float(row[f"{key}_CHTOPO"]) for key in ("OST", "NORD", "ELEV")] for row in of_column])
    at = plane(where[:, 0], where[:, 1], BERN)
    return City(Sites(at, np.column_stack([where[:, 2], _remoteness(at)])), times, values[:, kept])


def berlin(folder: Path) -> City:
    with (folder / "berlin_uco_stations.csv").open(encoding="utf-8") as file:
        rows = {row["station"]: row for row in csv.DictReader(file)}
    names, times, values = _table(folder / "berlin_uco_23stations_hourly_2019.csv.xz")
    where = np.array([[float(rows[name]["Longitude"]), float(rows[name]["Latitude"])] for name in names])
    at = plane(where[:, 0], where[:, 1], BERLIN)
    return City(Sites(at, _remoteness(at)[:, None]), times, values)


def nights(city: City, months: set[int], every: int) -> Floats:
    """Return the temperatures of every so many full hours between 21 and 3 UTC in these months."""
    minutes = (city.times - city.times.astype("datetime64[D]")).astype("timedelta64[m]").astype(int)
    month = city.times.astype("datetime64[M]").astype(int) % 12 + 1
    dark = (minutes % 60 == 0) & ((minutes >= 21 * 60) | (minutes <= 3 * 60))
    return city.temperatures[dark & np.isin(month, list(months))][::every]


def _remoteness(at: Floats) -> Floats:
    return np.log1p(np.hypot(*at.T) / 1000)


def _table(file: Path) -> tuple[list[str], np.ndarray, Floats]:
    with lzma.open(file) as raw:
        head, *rows = csv.reader(io.TextIOWrapper(raw, encoding="utf-8"))
    times = np.array([row[0][:19] for row in rows], "datetime64[s]")
    return head[1:], times, np.array([[float(cell or "nan") for cell in row[1:]] for row in rows])
