"""Real hourly series of several cities as they are watched for anomalies: by the local clock, holidays marked.

Madrid, Melbourne, London (two sets), Berlin and Valencia serve to choose;
Auckland, Leeds, Dublin, Beijing, Aix and Marseille to report.
"""

from __future__ import annotations

import gzip
import lzma
from collections.abc import Callable, Iterable
from datetime import date, timedelta
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
from pyarrow import csv

from placette.analyse.anomaly.terms import Floats, Watched
from placette.model.public_holidays import easter, public_holidays

CHOSEN, REPORTED = "chosen on", "reported"
MOST = 12
"""Series of a city: enough neighbours, and a run of minutes."""
_EPOCH = date(1970, 1, 1)


class World(msgspec.Struct, frozen=True, kw_only=True):
    """One city's series; hours from ``test_from`` (index) on are judged. ``events`` says what one is here."""

    name: str
    what: str
    role: str
    watched: Watched
    test_from: int
    event: str


def worlds(folder: Path) -> Iterable[World]:
    """Load all of them, one after the other."""
    for one in (_madrid, _melbourne, _london, _berlin, _valencia, _kerb, _auckland, _leeds, _dublin, _beijing, _aix):
        yield one(folder)


def _table(path: Path) -> pa.Table:
    unpack = lzma.decompress if path.suffix == ".xz" else gzip.decompress
    return csv.read_csv(pa.BufferReader(unpack(path.read_bytes())))


def _hours(column: pa.ChunkedArray) -> np.ndarray:
    """Return local times as whole hours since 1970."""
    text = column.cast(pa.string()).to_numpy(zero_copy_only=False).astype("U16")
    return np.char.replace(text, " ", "T").astype("datetime64[m]").astype("datetime64[h]").astype(np.int64)


def _gridded(hours: np.ndarray, series: np.ndarray, values: np.ndarray, first: str, last: str, count: int) -> Floats:
    start, end = (int(np.datetime64(day, "h").astype(np.int64)) for day in (first, last))
    found = np.full((end - start, count), np.nan)
    inside = (hours >= start) & (hours < end)
    found[hours[inside] - start, series[inside]] = values[inside]
    return found


def _wide(path: Path, time: str, names: list[str], span: tuple[str, str]) -> Floats:
    table = _table(path)
    hours = _hours(table.column(time))
    columns = [table.column(name).cast(pa.float64()).to_numpy() for name in names]
    grids = [_gridded(hours, np.zeros(len(hours), int), column, *span, 1) for column in columns]
    return np.concatenate(grids, axis=1)


def _long(path: Path, time: Callable[[pa.Table], np.ndarray], series: str, value: str, span: tuple[str, str]) -> Floats:
    table = _table(path)
    names = table.column(series).to_pylist()
    known = sorted(set(names))
    place = {name: number for number, name in enumerate(known)}
    number = np.array([place[name] for name in names])
    values = table.column(value).cast(pa.float64()).to_numpy()
    return _gridded(time(table), number, values, *span, len(known))


def _by_date_and_hour(table: pa.Table) -> np.ndarray:
    days = (
        table.column("date" if "date" in table.column_names else "Date").cast(pa.date32()).cast(pa.int32()).to_numpy()
    )
    return days.astype(np.int64) * 24 + table.column("hour" if "hour" in table.column_names else "Hour").to_numpy()


def _world(
    name: str,
    what: str,
    role: str,
    values: Floats,
    span: tuple[str, str],
    test: str,
    *,
    holidays: Iterable[date] = (),
    kinds: tuple[str, ...] = (),
    counted: bool = False,
    event: str = "crowd",
) -> World:
    there = np.flatnonzero(np.count_nonzero(~np.isnan(values), axis=0) > 0.6 * len(values))[:MOST]
    kinds = tuple(np.array(kinds or ("one",) * values.shape[1])[there])
    values = values[:, there]
    watched = Watched(
        values=values,
        first_day=int(np.datetime64(span[0], "D").astype(np.int64)),
        kinds=kinds,
        counted=(counted,) * values.shape[1],
        positions=np.full((values.shape[1], 2), np.nan),
        holidays=frozenset((day - _EPOCH).days for day in holidays),
    )
    begin = int((np.datetime64(test, "h") - np.datetime64(span[0], "h")).astype(np.int64))
    return World(name=name, what=what, role=role, watched=watched, test_from=begin, event=event)


def _days(
    years: range,
    fixed: Iterable[tuple[int, int]],
    after_easter: Iterable[int] = (),
    mondays: Iterable[tuple[int, int]] = (),
):
    """Return holidays: (month, day), days after Easter, and (month, which Monday; 0 the last)."""
    for year in years:
        yield from (date(year, month, day) for month, day in fixed)
        yield from (easter(year) + timedelta(days=days) for days in after_easter)
        for month, which in mondays:
            first = date(year, month, 1)
            found = [first + timedelta(days=(7 - first.weekday()) % 7 + 7 * week) for week in range(5)]
            yield [day for day in found if day.month == month][which - 1]


def _madrid(folder: Path) -> World:
    span = ("2018-01-01", "2020-01-01")
    path = folder / "benchmark/madrid_m_dense/m_dense_hourly.csv.gz"
    values = _wide(path, "timestamp", [f"p{number:02d}" for number in range(1, 16)], span)
    fixed = [(1, 1), (1, 6), (5, 1), (5, 2), (5, 15), (8, 15), (10, 12), (11, 1), (11, 9), (12, 6), (12, 8), (12, 25)]
    off = _days(range(2018, 2020), fixed, (-3, -2))
    return _world("Madrid", "vehicles an hour", CHOSEN, values, span, "2019-01-07", holidays=off, counted=True)


def _melbourne(folder: Path) -> World:
    span = ("2012-07-01", "2015-02-01")
    path = folder / "pedestrian/melbourne_2012_2015.csv.xz"
    values = _long(path, _by_date_and_hour, "sensor_name", "count", span)
    fixed = [(1, 1), (1, 26), (4, 25), (12, 25), (12, 26)]
    off = [
        *_days(range(2012, 2016), fixed, (-2, 1), ((3, 2), (6, 2))),
        date(2012, 11, 6),
        date(2013, 11, 5),
        date(2014, 11, 4),
    ]
    return _world("Melbourne", "passers-by", CHOSEN, values, span, "2014-02-01", holidays=off, counted=True)


def _london(folder: Path) -> World:
    span = ("2009-01-01", "2010-01-01")
    path = folder / "air/london_4sites_2009_polar_data.csv.gz"

    def hours(table: pa.Table) -> np.ndarray:
        return _hours(table.column("date"))

    keys = ("no2", "pm10", "pm2.5")
    values = [_long(path, hours, "site", key, span) for key in keys]
    kinds = tuple(key for key, grid in zip(keys, values, strict=True) for _ in grid[0])
    joined = np.concatenate(values, axis=1)
    return _world("London", "NO₂, PM", CHOSEN, joined, span, "2009-07-01", kinds=kinds, event="episode")


def _berlin(folder: Path) -> World:
    span = ("2019-01-01", "2019-12-31")
    path = folder / "heat/berlin_uco_23stations_hourly_2019.csv.xz"
    names = ["albrecht", "bamberger", "dahlem", "dessauer", "jagen91", "marzahn", "rothenburg", "tiergarten", "buch"]
    values = _wide(path, "date", names, span)
    return _world("Berlin", "temperature", CHOSEN, values, span, "2019-07-01", event="episode")


def _valencia(folder: Path) -> World:
    span = ("2020-07-01", "2023-12-31")
    names = ["no", "no2", "o3", "so2", "co", "pm10", "pm2.5"]
    values = _wide(folder / "air/valencia_centre_hourly_2019.csv.gz", "datetime", names, span)
    fixed = [(1, 1), (1, 6), (1, 22), (3, 19), (5, 1), (8, 15), (10, 9), (10, 12), (11, 1), (12, 6), (12, 8), (12, 25)]
    off = _days(range(2020, 2024), fixed, (-2, 1))
    return _world(
        "Valencia",
        "seven pollutants",
        CHOSEN,
        values,
        span,
        "2022-01-03",
        holidays=off,
        kinds=tuple(names),
        event="episode",
    )


def _kerb(folder: Path) -> World:
    span = ("1999-01-01", "2003-01-01")
    names = ["nox", "no2", "o3", "so2", "co", "pm10"]
    values = _wide(folder / "air/london_marylebone_1998_2005_openair_mydata.csv.gz", "date", names, span)
    off = _days(range(1999, 2003), [(1, 1), (12, 25), (12, 26)], (-2, 1), ((5, 1), (5, 0), (8, 0)))
    return _world(
        "London, kerb",
        "six pollutants",
        CHOSEN,
        values,
        span,
        "2001-01-01",
        holidays=off,
        kinds=tuple(names),
        event="episode",
    )


def _auckland(folder: Path) -> World:
    span = ("2022-07-01", "2024-12-20")
    table = _table(folder / "pedestrian/auckland_hourly_2019_2024.csv.gz")
    days = table.column("date").cast(pa.date32()).cast(pa.int32()).to_numpy().astype(np.int64)
    hour = np.array([int(text.split(":")[0]) for text in table.column("hour").to_pylist()])
    hours = days * 24 + hour + 24 * (hour < 6)  # a counting day goes from 6 h to 6 h
    names = [name for name in table.column_names if name not in ("date", "hour", "year")]
    columns = [table.column(name).cast(pa.float64()).to_numpy() for name in names]
    grids = [_gridded(hours, np.zeros(len(hours), int), column, *span, 1) for column in columns]
    fixed = [(1, 1), (1, 2), (2, 6), (4, 25), (12, 25), (12, 26)]
    off = [*_days(range(2022, 2025), fixed, (-2, 1), ((6, 1), (10, 4))), date(2023, 7, 14), date(2024, 6, 28)]
    off += [date(2023, 1, 30), date(2024, 1, 29)]
    values = np.concatenate(grids, axis=1)
    return _world("Auckland", "passers-by", REPORTED, values, span, "2024-01-08", holidays=off, counted=True)


def _leeds(folder: Path) -> World:
    span = ("2014-01-01", "2016-12-20")
    path = folder / "pedestrian/leeds_hourly_to_2015.csv.xz"
    values = _long(path, _by_date_and_hour, "LocationName", "InCount", span)
    fixed = [(1, 1), (12, 25), (12, 26), (12, 27), (12, 28)]
    off = _days(range(2014, 2017), fixed, (-2, 1), ((5, 1), (5, 0), (8, 0)))
    return _world("Leeds", "passers-by", REPORTED, values, span, "2015-11-01", holidays=off, counted=True)


def _dublin(folder: Path) -> World:
    span = ("2017-01-01", "2019-12-20")
    path = folder / "noise/dublin_laeq_hourly_2015_2019.csv.xz"
    names = [name for name in _table(path).column_names if name != "datetime"]
    values = _wide(path, "datetime", names, span)
    off = _days(range(2017, 2020), [(1, 1), (3, 17), (12, 25), (12, 26)], (1,), ((5, 1), (6, 1), (8, 1), (10, 0)))
    return _world("Dublin", "sound level", REPORTED, values, span, "2019-01-07", holidays=off)


def _beijing(folder: Path) -> World:
    span = ("2013-03-01", "2015-12-31")
    path = folder / "air/beijing_12stations_2013_2015.csv.xz"

    def hours(table: pa.Table) -> np.ndarray:
        year, month, day, hour = (table.column(name).to_numpy() for name in ("year", "month", "day", "hour"))
        months = (year - 1970).astype("timedelta64[Y]") + np.datetime64("1970-01", "Y")
        days = (months.astype("datetime64[M]") + (month - 1).astype("timedelta64[M]")).astype("datetime64[D]")
        return days.astype(np.int64) * 24 + (day - 1) * 24 + hour

    values = _long(path, hours, "station", "PM2.5", span)
    return _world("Beijing", "PM2.5", REPORTED, values, span, "2015-01-01", event="episode")


def _aix(folder: Path) -> World:
    span = ("2018-01-01", "2020-12-31")
    here = _wide(folder / "air/atmosud_aix_ecole_dart_hourly_pm_2017_2020.csv.gz", "timestamp", ["pm10", "pm25"], span)
    path = folder / "air/atmosud_marseille_saint_louis_hourly_pm_2017_2020.csv.gz"
    there = _wide(path, "timestamp", ["pm10", "pm25"], span)
    off = [day for year in range(2018, 2021) for day in public_holidays(year)]
    values = np.concatenate([here, there], axis=1)
    kinds = ("pm10", "pm2_5", "pm10", "pm2_5")
    return _world(
        "Aix, Marseille", "PM", REPORTED, values, span, "2020-01-01", holidays=off, kinds=kinds, event="episode"
    )
