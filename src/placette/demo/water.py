"""Soil that dries and is watered: probes and valves of one place share one day-to-day water balance.

The balance runs from 1 January of the year before, so that it is the same whichever days are asked for: what fell
earlier has long dried up.
"""

from __future__ import annotations

from datetime import date, timedelta
from functools import lru_cache

import msgspec
import numpy as np

from placette.city import Quantity
from placette.demo.chance import Floats, Times, seed_of
from placette.demo.days import DAY_US, Clock, Days, months
from placette.demo.scene import Scene
from placette.demo.site import Site
from placette.demo.weather import daily_rain

WATERED_FROM, WATERED_FOR_US = 22.5, 45 * 60_000_000
"""Wall clock at which watering begins, and how long it lasts."""

_CAPACITY, _DRY, _WATERING = 33.0, 10.0, 6.5
_EPOCH = date(1970, 1, 1)


class Balance(msgspec.Struct, frozen=True):
    """Soil moisture (%) at ``times``, two a day: before and after the hour of watering; ``watered`` day by day."""

    times: Times
    moisture: Floats
    watered: Times
    """When watering begins, on the days it does."""


def soil_moisture(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Volumetric soil moisture, %."""
    balance = _balance_of(scene, site, times)
    value = np.interp(times, balance.times, balance.moisture)
    return value + 5 * (site.peculiarity("soil") - 0.5) + 0.25 * site.wave("soil", times, 14_400)


def soil_temperature(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Soil temperature at ten centimetres, °C: the day before's mean, and a late echo of today."""
    earlier = times - 3 * 3_600_000_000
    mean = scene.at(scene.warmth, times)
    return mean + 0.22 * (scene.at(scene.weather.temperature, earlier) - mean) + 0.8 * site.peculiarity("depth")


def valve_open(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Whether the valve is open (1) or closed (0)."""
    watered = _balance_of(scene, site, times).watered
    before = np.searchsorted(watered, times, side="right") - 1
    began = np.where(before >= 0, watered[before] if watered.size else 0, -WATERED_FOR_US - 1)
    found: Floats = (times - began < WATERED_FOR_US).astype(np.float64)
    return found


def water_flow(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Water through the valve, L/min."""
    flow = (14 + 16 * site.peculiarity("pipe")) * (1 + 0.03 * site.wave("pressure", times, 900))
    return valve_open(scene, site, quantity, times) * flow


def _balance_of(scene: Scene, site: Site, times: Times) -> Balance:
    last = _EPOCH + timedelta(days=int(times.max()) // DAY_US)
    return _balance(scene.seed, site.device.place, scene.clock, last.year)


@lru_cache(maxsize=64)
def _balance(seed: int, place: str, clock: Clock, year: int) -> Balance:
    """Return the balance of a place for one year, having run through the year before."""
    first, last = (date(year - 1, 1, 1) - _EPOCH).days, (date(year + 1, 1, 3) - _EPOCH).days
    days = np.arange(first, last, dtype=np.int64)
    gain = 0.45 * daily_rain(seed, first, last)
    loss = _drying(days)
    wanted = 19 + 3 * seed_of(seed, place, "wanted") / 2**63
    is_season = (months(days) >= 4) & (months(days) <= 10)
    moisture = np.empty((len(days), 2))
    now = 24.0
    for index in range(len(days)):
        now = min(now - loss[index] * (now - _DRY) / 14 + gain[index], _CAPACITY)
        moisture[index, 0] = now
        if is_season[index] and now < wanted:
            now += _WATERING
        moisture[index, 1] = now
    begin = clock.instant(days, WATERED_FROM)
    times = np.stack([begin, begin + WATERED_FOR_US], axis=1).ravel()
    return Balance(times, moisture.ravel(), begin[moisture[:, 1] > moisture[:, 0]])


def _drying(days: Days) -> Floats:
    """Return what a day takes from moist soil, %: more in summer."""
    found: Floats = 0.35 + 1.5 * (0.5 + 0.5 * np.cos(2 * np.pi * (days / 365.2425 - 0.553)))
    return found
