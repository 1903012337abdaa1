"""Public series of cities, read from a folder that is not shipped: to learn a prior from, and to be scored on.

Times are taken as the clock of the file. Values that are no numbers are missing.
"""

from __future__ import annotations

import csv
import gzip
import lzma
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import takewhile
from pathlib import Path

import msgspec
import numpy as np

from placette.analyse.forecast.terms import DAY_S, HOUR_S, Panel
from placette.model.errors import NotFound

Row = dict[str, str]
Clock = Callable[[Row], datetime]


class Source(msgspec.Struct, frozen=True, kw_only=True):
    """One file: which columns are series (all numbers beside time when empty), or which columns name and value them."""

    file: str
    clock: Clock
    columns: tuple[str, ...] = ()
    apart: tuple[str, ...] = ()
    """Columns whose values part the rows into series, each with each of ``columns``."""
    not_series: tuple[str, ...] = ()
    most: int = 24
    """Series taken of a file at most, the first by name."""
    step_s: int = HOUR_S
    summed: bool = False
    """A day is the sum of its hours, not their mean."""


def of(column: str) -> Clock:
    """Return the clock of a column that holds times."""
    return lambda row: datetime.fromisoformat(row[column]).replace(tzinfo=UTC)


def _date_and_hour(date: str, hour: str) -> Clock:
    return lambda row: datetime.fromisoformat(row[date]).replace(tzinfo=UTC) + timedelta(hours=int(row[hour]))


def _counting_day(row: Row) -> datetime:
    """A day of Auckland's counters goes from 06:00 to 05:59 of the next morning."""
    hour = int(row["hour"].split(":")[0])
    return datetime.fromisoformat(row["date"]).replace(tzinfo=UTC) + timedelta(days=hour < 6, hours=hour)


def numbers(row: Row) -> datetime:
    """Read a time of four columns."""
    year, month, day, hour = (int(row[name]) for name in ("year", "month", "day", "hour"))
    return datetime(year, month, day, hour, tzinfo=UTC)


SOURCES = {
    "auckland": Source(file="pedestrian/auckland_hourly_2019_2024.csv.gz", clock=_counting_day, summed=True,
                       not_series=("date", "hour", "year")),
    "melbourne": Source(file="pedestrian/melbourne_2012_2015.csv.xz", clock=_date_and_hour("date", "hour"),
                        summed=True, columns=("count",), apart=("sensor_id",), most=40),
    "leeds": Source(file="pedestrian/leeds_hourly_to_2015.csv.xz", clock=_date_and_hour("Date", "Hour"),
                    summed=True, columns=("InCount",), apart=("LocationName",)),
    "dublin": Source(file="noise/dublin_laeq_hourly_2015_2019.csv.xz", clock=of("datetime"),
                     not_series=("datetime",)),
    "aix": Source(file="air/atmosud_aix_ecole_dart_hourly_pm_2017_2020.csv.gz", clock=of("timestamp"),
                  not_series=("timestamp",)),
    "marseille": Source(file="air/atmosud_FR00019_marseille_hourly_2021_2023.csv.gz", clock=of("timestamp"),
                        not_series=("timestamp",)),
    "saint-louis": Source(file="air/atmosud_marseille_saint_louis_hourly_pm_2017_2020.csv.gz",
                          clock=of("timestamp"), not_series=("timestamp",)),
    "london": Source(file="air/london_marylebone_1998_2005_openair_mydata.csv.gz", clock=of("date"),
                     columns=("nox", "no2", "o3", "pm10", "co", "so2")),
    "london-4": Source(file="air/london_4sites_2009_polar_data.csv.gz", clock=of("date"),
                       columns=("nox", "no2", "pm2.5", "pm10"), apart=("site",)),
    "beijing": Source(file="air/beijing_12stations_2013_2015.csv.xz", clock=numbers,
                      columns=("PM2.5", "NO2", "CO", "SO2", "O3", "PM10"), apart=("station",)),
    "valencia": Source(file="air/valencia_centre_hourly_2019.csv.gz", clock=of("datetime"),
                       columns=("so2", "co", "no2", "pm10", "nox", "o3", "pm2.5")),
    "embassy": Source(file="air/beijing_us_embassy_pm25_2010_2014.csv.xz", clock=numbers, columns=("pm2.5",)),
    "london/days": Source(file="air/london_marylebone_daily_1997_rmweather.csv.gz", clock=of("date"),
                          columns=("value",), apart=("variable",), step_s=DAY_S),
    "aix/days": Source(file="air/atmosud_aix_ecole_dart_daily_2017_2020.csv.gz", clock=of("timestamp"),
                       not_series=("timestamp",), step_s=DAY_S),
    "avignon/days": Source(file="air/atmosud_avignon_mairie_daily_2017_2020.csv.gz", clock=of("timestamp"),
                           not_series=("timestamp",), step_s=DAY_S),
    "longchamp/days": Source(file="air/atmosud_marseille_longchamp_daily_2017_2020.csv.gz",
                             clock=of("timestamp"), not_series=("timestamp",), step_s=DAY_S),
}  # fmt: skip


def read(key: str, folder: Path, first: str = "", after: str = "") -> Panel:
    """Read a city's series between two dates, whole days; raises ``NotFound`` where the file is absent."""
    source = SOURCES[key]
    file = folder / source.file
    cells = list(_cells(source, file))
    names = sorted({name for _, name, _ in cells})[: source.most]
    begin = datetime.fromisoformat(first or min(moment for moment, _, _ in cells).date().isoformat())
    end = datetime.fromisoformat(
        after or (max(moment for moment, _, _ in cells) + timedelta(days=1)).date().isoformat()
    )
    start_s, end_s = (int(moment.replace(tzinfo=UTC).timestamp()) for moment in (begin, end))
    values = np.full(((end_s - start_s) // source.step_s, len(names)), np.nan)
    column = {name: number for number, name in enumerate(names)}
    for moment, name, value in reversed(cells):  # of doubled rows the first counts
        row = (int(moment.timestamp()) - start_s) // source.step_s
        if name in column and 0 <= row < len(values):
            values[row, column[name]] = value
    return Panel(values=values, start_s=start_s, step_s=source.step_s, known=np.empty((len(values), 0)))


def _cells(source: Source, file: Path) -> Iterator[tuple[datetime, str, float]]:
    for row in rows(file):
        moment = source.clock(row)
        place = "/".join(row[name] for name in source.apart)
        for name in source.columns or [name for name in row if name not in source.not_series]:
            yield moment, f"{place}{name}", number(row[name])


def rows(file: Path) -> Iterator[Row]:
    """Read a compressed file with a header, until its first empty line; raises ``NotFound`` where it is absent."""
    if not file.is_file():
        raise NotFound("The series of this city are not here.", str(file), "Name their folder with --data.")
    opened = lzma.open if file.suffix == ".xz" else gzip.open
    with opened(file, "rt", encoding="utf-8") as lines:
        yield from takewhile(lambda row: any(row.values()), csv.DictReader(lines))


def number(text: str) -> float:
    """Read a number; NaN where it is none."""
    try:
        return float(text)
    except ValueError:
        return float("nan")
