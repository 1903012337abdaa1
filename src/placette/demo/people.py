"""How many people walk through a simulated place: hours, weekdays, markets, seasons, weather, evenings out.

The markets of Aix are on Tuesday, Thursday and Saturday mornings. Concerts of the cultural quarter, the music day of
21 June and the Christmas market are made up in their details, as everything here.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.demo.chance import Floats, Times, seed_of, smooth, uniform
from placette.demo.days import DAY_US, HOUR_US, Clock, Days, Flags, months, on_dates, rest_days, weekdays
from placette.demo.weather import Weather

Hours = tuple[float, ...]
"""Twenty-four values, one per full hour of the wall clock."""

_SHOPS: Hours = (6, 4, 2, 1, 1, 2, 6, 16, 32, 45, 60, 74, 88, 80, 66, 66, 76, 92, 100, 84, 58, 44, 30, 14)
_SATURDAY: Hours = (14, 9, 5, 2, 1, 2, 4, 9, 24, 50, 78, 94, 92, 80, 76, 88, 100, 100, 94, 82, 66, 56, 44, 26)
_SUNDAY: Hours = (16, 11, 6, 3, 1, 1, 2, 5, 13, 27, 46, 60, 58, 46, 46, 54, 60, 58, 48, 40, 34, 28, 18, 9)
_PARK: Hours = (1, 1, 0, 0, 0, 2, 14, 44, 52, 34, 36, 40, 44, 34, 30, 38, 62, 86, 100, 72, 34, 12, 5, 2)
_PARK_REST: Hours = (1, 1, 0, 0, 0, 1, 6, 20, 46, 80, 100, 92, 54, 40, 58, 82, 96, 92, 74, 46, 22, 9, 4, 2)
_CULTURE: Hours = (3, 2, 1, 1, 1, 3, 14, 50, 82, 66, 56, 62, 84, 78, 66, 68, 74, 94, 100, 70, 42, 26, 14, 6)
_CULTURE_SATURDAY: Hours = (5, 3, 2, 1, 1, 1, 4, 12, 26, 44, 60, 66, 64, 58, 62, 72, 76, 74, 66, 56, 46, 34, 20, 9)
_CULTURE_REST: Hours = (5, 3, 2, 1, 1, 1, 2, 6, 12, 20, 28, 32, 32, 28, 32, 38, 40, 38, 34, 30, 24, 16, 9, 5)
_TRAFFIC: Hours = (8, 5, 4, 4, 6, 14, 36, 82, 100, 80, 66, 68, 76, 74, 68, 72, 84, 98, 100, 82, 56, 38, 26, 15)
_TRAFFIC_REST: Hours = (14, 9, 6, 5, 5, 8, 14, 24, 38, 54, 64, 70, 66, 58, 56, 60, 64, 68, 66, 58, 46, 36, 28, 19)


class Character(msgspec.Struct, frozen=True):
    """What kind of place it is: ``scale`` passers-by per hour of the busiest counter, shares from 0 to 1."""

    scale: float
    weekday: Hours = _SHOPS
    saturday: Hours = _SATURDAY
    rest: Hours = _SUNDAY
    market: float = 0.0
    traffic: float = 0.3
    green: float = 0.1
    tourists: float = 0.5
    concerts: float = 0.0
    parking: float = 0.6


CHARACTERS = {
    "hotel-de-ville": Character(900, market=0.7, traffic=0.12, tourists=1.0, concerts=0.03),
    "rotonde": Character(1500, market=0.4, traffic=1.0, tourists=0.8, concerts=0.25, green=0.15),
    "torse": Character(130, _PARK, _PARK_REST, _PARK_REST, traffic=0.08, green=0.9, tourists=0.1),
    "pole-culturel": Character(
        520, _CULTURE, _CULTURE_SATURDAY, _CULTURE_REST, traffic=0.6, tourists=0.3, concerts=1.0, parking=0.9
    ),
}
"""The places of Aix-en-Provence; any other place of any other city is ``ORDINARY``."""

ORDINARY = Character(600)


class People(msgspec.Struct, frozen=True):
    """One place at some times: ``flow`` passers-by per hour at its busiest point, ``traffic`` of vehicles, 0 to 1."""

    flow: Floats
    traffic: Floats


def people(seed: int, key: str, times: Times, clock: Clock, now: Weather) -> People:
    """Return who is in the place of this key at ``times``, given the weather then."""
    character = CHARACTERS.get(key, ORDINARY)
    wall = clock.wall(times)
    days, hours = wall // DAY_US, wall % DAY_US / HOUR_US
    rest, saturday = rest_days(days), weekdays(days) == 5
    flow = _profile(hours, rest, saturday, character.weekday, character.saturday, character.rest) / 100
    flow *= _season(days, character) * _comfort(now, hours) * (1 + _market(days, hours, rest, character))
    flow *= 1 + 0.1 * smooth(seed_of(seed, key, "day"), times, 6 * 3600)
    flow *= 1 + 0.08 * smooth(seed_of(seed, key, "hour"), times, 2400)
    flow += _evenings_out(seed, times, clock, character)
    flow += _gatherings(seed_of(seed, key, "gathering"), days, hours)
    traffic = _profile(hours, rest, saturday, _TRAFFIC, _TRAFFIC_REST, _TRAFFIC_REST) / 100
    traffic *= 1 + 0.08 * smooth(seed_of(seed, key, "traffic"), times, 1800)
    return People(flow=character.scale * np.maximum(flow, 0.002), traffic=character.traffic * traffic)


def _profile(hours: Floats, rest: Flags, saturday: Flags, weekday: Hours, on_saturday: Hours, on_rest: Hours) -> Floats:
    steps = np.arange(25)
    curves = [np.interp(hours, steps, (*curve, curve[0])) for curve in (on_rest, on_saturday, weekday)]
    found: Floats = np.select([rest, saturday], curves[:2], curves[2])
    return found


def _season(days: Days, character: Character) -> Floats:
    by_month = np.array([0.82, 0.85, 0.93, 1.0, 1.05, 1.1, 1.18, 1.12, 1.06, 1.0, 0.92, 1.02])[months(days) - 1]
    found: Floats = 1 + (by_month - 1) * (0.6 + 0.8 * character.tourists)
    return found


def _comfort(now: Weather, hours: Floats) -> Floats:
    cold = np.maximum(5 - now.temperature, 0) * 0.02
    hot = np.maximum(now.temperature - 32, 0) * 0.035 * ((hours > 11) & (hours < 19))
    found: Floats = (
        np.exp(-0.5 * np.minimum(now.rain, 3)) * (1 - 0.18 * now.mistral) * (1 - np.minimum(cold + hot, 0.5))
    )
    return found


def _market(days: Days, hours: Floats, rest: Flags, character: Character) -> Floats:
    weekday = weekdays(days)
    on = ((weekday == 1) | (weekday == 3) | (weekday == 5)) & ~rest
    found: Floats = character.market * on * _hump(hours, 10.6, 1.7)
    return found


def _evenings_out(seed: int, times: Times, clock: Clock, character: Character) -> Floats:
    """Return the extra passers-by, as a share of the place's scale: concerts come and go, festive days stay."""
    wall = clock.wall(times)
    days, hours = wall // DAY_US, wall % DAY_US / HOUR_US
    month = months(days)
    concert = _concerts(seed, days) * character.concerts * (_hump(hours, 20.1, 0.3) + 1.25 * _hump(hours, 22.7, 0.25))
    festive = on_dates(days, (6, 21), (7, 13), (7, 14)) * _hump(hours, 21.5, 1.5)
    christmas = 0.3 * (month == 12) * _hump(hours, 17, 2.2)
    found: Floats = 2.4 * concert + character.tourists * (0.9 * festive + christmas)
    return found


def _concerts(seed: int, days: Days) -> Floats:
    """Return 1 on the days of a concert: four in ten from Tuesday to Thursday, seven in ten on Friday and Saturday."""
    weekday, month = weekdays(days), months(days)
    chance = np.where((weekday == 4) | (weekday == 5), 0.7, 0.4) * ((weekday >= 1) & (weekday <= 5))
    chance *= (month <= 6) | (month >= 9)
    found: Floats = (uniform(seed_of(seed, "concert"), days) < chance).astype(np.float64)
    return found


def _gatherings(seed: int, days: Days, hours: Floats) -> Floats:
    """Return the extra passers-by, as a share of the place's scale, of what no calendar knew: one day in twenty."""
    found: Floats = 1.8 * (uniform(seed, days) < 0.05) * _hump(hours, 15 + 4 * uniform(seed + 1, days), 0.9)
    return found


def _hump(hours: Floats, middle: float | Floats, width: float) -> Floats:
    found: Floats = np.exp(-(((hours - middle) / width) ** 2) / 2)
    return found
