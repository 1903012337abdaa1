"""Gathers what is to be looked at: a year of every hourly datastream, its days, the weather, what was done at devices.

The year is read once a day; the last four weeks, in which values may still come late or be corrected, every hour.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta

import msgspec
import numpy as np

from placette.analyse.anomaly.causes import Family
from placette.analyse.anomaly.terms import DAY, Settings, Watched
from placette.city.model import City, Market
from placette.model.entities import Origin
from placette.model.public_holidays import public_holidays
from placette.services.anomaly.terms import HOUR_US, Around, Asked, Floats
from placette.services.days import named_days, special_days
from placette.services.panels import Regular, regular
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

RELOOK_DAYS = 28
"""Days in which an anomaly may still change: what comes late or is corrected within them is seen."""
YEAR_DAYS = 420
TOGETHER = 96
"""Datastreams looked at together: neighbours are sought among them, and the worker needs some 200 MB."""
_AT_ONCE = 8
_ORIGINS = (Origin.MEASURED.value, Origin.SIMULATED.value, Origin.MODELLED.value)
_LEFT_OUT = frozenset({"battery", "online", "occupied", "valve_open", "dimming"})
"""States and settings: they have no distribution of an hour."""
_LOW_PERCENT = 15.0
_METRES = 111_195.0
_EPOCH = date(1970, 1, 1)
_GASES = frozenset({"ug/m3", "mg/m3", "[ppb]", "[ppm]"})
_UNITS: dict[str, Family] = {"dB[SPL]": "sound", "Cel": "heat"}
_WEATHER = (("temperature",), ("rain", "precipitation"), ("wind_speed",))
_OWN_WEATHER = frozenset({"temperature", "humidity", "rain", "precipitation", "wind_speed", "soil_temperature"})

_FLAGS = """
SELECT datastream_id, epoch_us(phenomenon_time) // {hour} AS hour, avg((quality IN (3, 4))::INT) AS share
FROM observation WHERE datastream_id IN {ids} AND phenomenon_time >= make_timestamp(?) AND quality <> 9
GROUP BY ALL HAVING share > 0
"""
_WORKED = """
SELECT a.thing_code, epoch_us(a.since) AS at FROM attachment a
WHERE a.since >= make_timestamp($1)
  AND EXISTS (SELECT 1 FROM attachment b WHERE b.thing_code = a.thing_code AND b.since < a.since)
"""
_MOVED = """
SELECT h.thing_id, epoch_us(max(h.time)) AS since FROM historical_location h
WHERE (SELECT count(DISTINCT x.location_id) FROM historical_location g
       JOIN historical_location_location x ON x.historical_location_id = g.id WHERE g.thing_id = h.thing_id) > 1
GROUP BY h.thing_id
"""


class Year(msgspec.Struct, frozen=True, kw_only=True):
    """A year of some datastreams: hours × datastreams from local midnight on, and the day it was read."""

    infos: tuple[DatastreamInfo, ...]
    values: Floats
    start_s: int
    read: int


class Watching:
    """Keeps the year of one city's datastreams at hand."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._years: dict[tuple[int, ...], Year] = {}

    def groups(self, city: City) -> list[tuple[DatastreamInfo, ...]]:
        """Return the datastreams that may be looked at, so many together as neighbours are sought among, by place."""
        infos = [
            info
            for info in self._store.directory.observed
            if info.code and info.origin in _ORIGINS and info.property_key in city.properties
            if info.property_key not in _LEFT_OUT
        ]
        infos.sort(key=lambda info: (info.place or "", info.property_key or "", info.id))
        return [tuple(infos[first : first + TOGETHER]) for first in range(0, len(infos), TOGETHER)]

    def ask(
        self, city: City, infos: tuple[DatastreamInfo, ...], end: int, settings: Settings
    ) -> tuple[Asked, Regular] | None:
        """Return the question about some datastreams up to ``end`` (µs UTC, a full hour), and its clock. Blocks.

        Those without any value are left out; ``None`` when none has one.
        """
        year = self._year(city, infos, end)
        there = ~np.isnan(year.values)
        if not there.any():
            return None
        begun = int(np.argmax(there.any(axis=1))) // DAY * DAY
        some = np.flatnonzero(there.any(axis=0))
        clock = Regular(
            infos=tuple(infos[place] for place in some),
            values=year.values[begun:, some],
            start_s=year.start_s + begun * 3_600,
            step_s=3_600,
            zone=city.zone,
        )
        return self._asked(city, clock, settings), clock

    def _asked(self, city: City, clock: Regular, settings: Settings) -> Asked:
        year, infos = clock, clock.infos
        first = max(0, len(year.values) - RELOOK_DAYS * DAY)
        values = self._without_former_places(year.values.copy(), clock)
        weather = self._weather(city, clock)
        first_day = year.start_s // 86_400
        days = first_day, first_day + len(values) // DAY + 1
        begin, after = (_EPOCH + timedelta(days=day) for day in days)
        off = special_days(city, begin, after)["public_holiday"]
        flagged = self._flagged(clock, first)
        return Asked(
            watched=Watched(
                values=values,
                first_day=first_day,
                kinds=tuple(info.property_key or "" for info in infos),
                counted=tuple(city.properties[info.property_key or ""].combine == "sum" for info in infos),
                positions=np.array([_metres(info) for info in infos]).reshape(-1, 2),
                holidays=frozenset((day - _EPOCH).days for day in off),
                weather=weather,
                is_weather=tuple(info.property_key in _OWN_WEATHER for info in infos),
            ),
            first=first,
            around=self._around(city, clock, first),
            weather=_in_scales(weather),
            flagged=flagged,
            settings=settings,
        )

    def _year(self, city: City, infos: tuple[DatastreamInfo, ...], end: int) -> Year:
        """Return the year up to ``end``: read whole once a day, its last four weeks every time."""
        key = tuple(info.id for info in infos)
        kept = self._years.get(key)
        today = end // (24 * HOUR_US)
        if kept is None or kept.read != today:
            begin = end // (24 * HOUR_US) * 24 * HOUR_US - YEAR_DAYS * 24 * HOUR_US
            values, start_s = self._read(city, infos, begin, end)
            shift = -start_s // 3_600 % DAY  # to the next local midnight
            self._years = {each: year for each, year in self._years.items() if year.read == today}
            kept = Year(infos=infos, values=values[shift:], start_s=start_s + shift * 3_600, read=today)
        else:
            values, start_s = self._read(city, infos, end - (RELOOK_DAYS + 1) * 24 * HOUR_US, end)
            place = (start_s - kept.start_s) // 3_600
            kept = msgspec.structs.replace(kept, values=np.concatenate([kept.values[:place], values]))
        self._years[key] = kept
        return kept

    def _read(self, city: City, infos: Sequence[DatastreamInfo], start: int, end: int) -> tuple[Floats, int]:
        parts = [
            regular(self._store, city, infos[first : first + _AT_ONCE], start, end, "hour")
            for first in range(0, len(infos), _AT_ONCE)
        ]
        return np.concatenate([part.values for part in parts], axis=1), parts[0].start_s

    def _without_former_places(self, values: Floats, clock: Regular) -> Floats:
        """Take away what was measured before a device came to where it stands."""
        since = {row["thing_id"]: row["since"] for row in self._store.query_now(_MOVED).to_pylist()}
        for place, info in enumerate(clock.infos):
            if info.thing_id in since:
                values[: max(0, _hour_of(clock, since[info.thing_id])), place] = np.nan
        return values

    def _weather(self, city: City, clock: Regular) -> Floats:
        """Return the city's mean temperature, rain and wind of every hour, NaN where nothing measures them."""
        hours = len(clock.values)
        end = int(clock.instants(hours - 1, 1)[0]) + HOUR_US if hours else 0
        found = np.full((hours, len(_WEATHER)), np.nan)
        for place, keys in enumerate(_WEATHER):
            infos = [info for info in self._store.directory.observed if info.property_key in keys and info.code]
            if not infos or end <= 0:
                continue
            known = {info.id: column for info, column in zip(clock.infos, clock.values.T, strict=True)}
            mine = [known[info.id] for info in infos if info.id in known]
            if not mine:
                values, _ = self._read(city, infos[:4], end - hours * HOUR_US, end)
                gap = np.full(max(0, hours - len(values)), np.nan)
                mine = [np.concatenate([gap, column[-hours:]]) for column in values.T]
            table = np.stack(mine, axis=1)
            there = ~np.isnan(table).all(axis=1)
            found[there, place] = np.nanmean(table[there], axis=1)
        return found

    def _flagged(self, clock: Regular, first: int) -> Floats:
        """Return the share of values that quality control doubts, hours × datastreams, 0 where none."""
        found = np.zeros(clock.values.shape)
        begin = int(clock.instants(first, 1)[0])
        if begin < 0:
            return found
        ids = {info.id: place for place, info in enumerate(clock.infos)}
        rows = self._store.query_now(_FLAGS.format(hour=HOUR_US, ids=among(ids)), [begin])
        instants = clock.instants(first, len(found) - first).tolist()
        places = {instant // HOUR_US: first + step for step, instant in enumerate(instants)}
        for owner, hour, share in zip(*(rows.column(name).to_pylist() for name in rows.column_names), strict=True):
            if hour in places:
                found[places[hour], ids[owner]] = share
        return found

    def _around(self, city: City, clock: Regular, first: int) -> tuple[Around, ...]:
        begin = max(0, int(clock.instants(first, 1)[0]))
        worked: dict[str, list[int]] = {}
        for row in self._store.query_now(_WORKED, [begin]).to_pylist():
            worked.setdefault(row["thing_code"], []).append(_hour_of(clock, row["at"]))
        days = {place: _named(city, clock, first, place) for place in {info.place for info in clock.infos}}
        low = self._low_batteries()
        return tuple(
            Around(
                family=family_of(city, info),
                named_days=days[info.place],
                worked=tuple(worked.get(info.thing_code or "", ())),
                battery_low=info.thing_id in low,
            )
            for info in clock.infos
        )

    def _low_batteries(self) -> set[int]:
        things = {info.id: info.thing_id for info in self._store.directory.observed if info.property_key == "battery"}
        latest = self._store.latest.of(things)
        levels = zip(latest.column("datastream_id").to_pylist(), latest.column("result").to_pylist(), strict=True)
        return {things[owner] for owner, level in levels if level is not None and level < _LOW_PERCENT}


def family_of(city: City, info: DatastreamInfo) -> Family:
    """Return what kind of thing a datastream observes."""
    known = city.properties.get(info.property_key or "")
    if known is not None and (known.combine == "sum" or known.unit.startswith("{")):
        return "count"
    return "air" if info.unit in _GASES else _UNITS.get(info.unit, "other")


def _named(city: City, clock: Regular, first: int, place: str | None) -> dict[int, dict[str, str]]:
    """Return the keys of the holidays, markets and events of the judged days, by their day."""
    begin, end = ((clock.start_s + hour * 3_600) // 86_400 for hour in (first, len(clock.values)))
    bounds = _EPOCH + timedelta(days=begin), _EPOCH + timedelta(days=end)
    french = public_holidays_between(*bounds) if city.country == "FR" else {}
    found = {(day - _EPOCH).days: {"holiday": key} for day, key in french.items()}
    calendar = city.calendar
    for day, several in named_days(city, *bounds, place).items():
        for each in several:
            if isinstance(each, Market):
                key = "market"
            elif each in calendar.events:
                key = "event"
            elif each in calendar.public_holidays:
                key = "holiday"
            else:
                continue
            found.setdefault((day - _EPOCH).days, {}).setdefault(key, each.key)
    return found


def public_holidays_between(first: date, last: date) -> dict[date, str]:
    """Return the keys of the public holidays of France from one day to another."""
    years = range(first.year, last.year + 1)
    return {day: key for year in years for day, key in public_holidays(year).items() if first <= day <= last}


def _hour_of(clock: Regular, instant: int) -> int:
    """Return the place of the hour that holds an instant (µs UTC), by the difference of its clock at the end."""
    hours = len(clock.values)
    return hours - 1 - (int(clock.instants(hours - 1, 1)[0]) - instant) // HOUR_US if hours else 0


def _metres(info: DatastreamInfo) -> tuple[float, float]:
    if info.longitude is None or info.latitude is None:
        return float("nan"), float("nan")
    return info.longitude * _METRES * float(np.cos(np.radians(info.latitude))), info.latitude * _METRES


def _in_scales(weather: Floats) -> Floats:
    """Return the weather of each hour against the same hour of the last eight weeks, in scales of 1 at the least."""
    hours = np.arange(len(weather))
    found = np.full(weather.shape, np.nan)
    for hour in range(DAY):
        mine = hours % DAY == hour
        column = weather[mine]
        if len(column) < 7 or np.isnan(column).all():
            continue
        past = column[-2 * RELOOK_DAYS :]
        there = ~np.isnan(past).all(axis=0)
        middle = np.nanmedian(past[:, there], axis=0)
        scale = 1.4826 * np.nanmedian(np.abs(past[:, there] - middle), axis=0)
        found[np.ix_(mine, there)] = (column[:, there] - middle) / np.maximum(scale, 1.0)
    return found
