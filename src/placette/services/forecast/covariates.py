"""What is known of the days to come, for the whole city: holidays, markets, events, and weather where a feed has it.

A date outside of what is published of school holidays is neither: it is missing. A weather forecast is taken as it was
said last for each hour, for the past as well, so that the past looks as uncertain as the future; a covariate that is
missing tomorrow is missing there alone.
"""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np

from placette.analyse.forecast.weather import UNITS
from placette.city.model import City
from placette.model import conversion
from placette.model.entities import Origin
from placette.services.days import school_holidays_known, special_days
from placette.services.feed_days import with_events_of_feeds
from placette.services.forecast.terms import STEP_S, Floats, Ints, Step
from placette.store import DatastreamInfo, Store
from placette.store.sql import among

_KINDS = ("public_holiday", "school_holiday", "market", "event")
_WEATHER = ("temperature", "humidity", "rain", "precipitation", "wind_speed", "cloud_cover")
"""Keys of properties whose forecasts are covariates."""
_PREFIX = "weather_"
_EPOCH = date(1970, 1, 1)
_LAST_SAID = """
SELECT epoch_us(phenomenon_time) AS time, arg_max(result, coalesce(result_time, phenomenon_time)) AS value
FROM observation
WHERE datastream_id IN {ids} AND result IS NOT NULL AND phenomenon_time >= make_timestamp(?)
  AND coalesce(result_time, phenomenon_time) <= make_timestamp(?)
GROUP BY phenomenon_time ORDER BY phenomenon_time
"""


def known_ahead(
    store: Store, city: City, start_s: int, instants: Ints, step: Step, now: int
) -> tuple[Floats, tuple[str, ...]]:
    """Return covariates (steps × covariates, NaN where not known) and their names; constant ones are left out.

    ``start_s`` is the local time of the first step, ``instants`` when each begins (µs UTC, -1 where left out).
    """
    days = (start_s + np.arange(len(instants)) * STEP_S[step]) // 86_400
    columns = _calendar(with_events_of_feeds(store, city), days)
    columns |= _weather(store, instants, step, now)
    names = tuple(name for name, column in columns.items() if len(np.unique(column[~np.isnan(column)])) > 1)
    table = np.stack([columns[name] for name in names], axis=1) if names else np.empty((len(instants), 0))
    return table, names


def kinds(names: tuple[str, ...]) -> tuple[str, ...]:
    """Return what covariates of these names are in terms that all cities share, ``""`` where in none.

    >>> kinds(("market", "weather_humidity", "weather_rain"))
    ('', 'humidity', '')
    """
    plain = (name.removeprefix(_PREFIX) if name.startswith(_PREFIX) else "" for name in names)
    return tuple(kind if kind in UNITS else "" for kind in plain)


def _calendar(city: City, days: Ints) -> dict[str, Floats]:
    first, last = (_EPOCH + timedelta(days=int(each)) for each in (days.min(), days.max()))
    special = special_days(city, first, last)
    found: dict[str, Floats] = {}
    for kind in _KINDS:
        dates = np.array([(each - _EPOCH).days for each in special[kind]], np.int64)
        found[kind] = np.isin(days, dates).astype(np.float64)
    bounds = school_holidays_known(city)
    if bounds is not None:
        low, high = ((each - _EPOCH).days for each in bounds)
        found["school_holiday"][(days < low) | (days > high)] = np.nan
    return found


def _weather(store: Store, instants: Ints, step: Step, now: int) -> dict[str, Floats]:
    """Return the weather as forecast by the city's feeds: the first datastream of each property, by its id."""
    feeds: dict[str, DatastreamInfo] = {}
    for info in sorted(store.directory.observed, key=lambda each: each.id):
        if info.origin == Origin.FORECAST.value and info.property_key in _WEATHER:
            feeds.setdefault(info.property_key, info)
    found: dict[str, Floats] = {}
    for key, info in feeds.items():
        sql = _LAST_SAID.format(ids=among([info.id]))
        table = store.query_now(sql, [int(instants[instants >= 0].min()), now])
        if table.num_rows:
            times, values = table.column("time").to_numpy(), table.column("value").to_numpy()
            shared = conversion.of(info.unit, UNITS[key]) if key in UNITS else conversion.SAME
            values = shared.multiply * values + shared.add
            found[f"{_PREFIX}{key}"] = _steps(times, values, instants, STEP_S[step] * 1_000_000)
    return found


def _steps(times: Ints, values: Floats, instants: Ints, step_us: int) -> Floats:
    """Return the mean of the values within each step, NaN where there is none.

    >>> _steps(np.array([0, 5, 20]), np.array([1.0, 3.0, 7.0]), np.array([0, 10, 20]), 10).tolist()
    [2.0, nan, 7.0]
    """
    found = np.full(len(instants), np.nan)
    low, high = np.searchsorted(times, instants), np.searchsorted(times, instants + step_us)
    sums = np.append(0.0, np.cumsum(values))
    there = (high > low) & (instants >= 0)
    found[there] = (sums[high] - sums[low])[there] / (high - low)[there]
    return found
