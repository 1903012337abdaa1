"""What all devices of the city share at a time: weather and people, on a grid of five minutes.

The grid stands at multiples of five minutes since 1970, so that whichever days a scene covers, it has the same values
at the same times: that is what makes history and live values one curve.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.city import City
from placette.demo.chance import Floats, Times
from placette.demo.days import DAY_US, Clock, clock_of
from placette.demo.people import People, people
from placette.demo.weather import Weather, weather

STEP_US = 300_000_000
LOOKBACK_DAYS = 4
"""Days before the first one that a scene also covers, for what fills, dries and cools over time."""


class Scene(msgspec.Struct, frozen=True):
    """The shared state on the grid ``times``; ``places`` and what follows by place key.

    ``crowd`` is the flow of the hour before, ``presence`` its sum since the scene's beginning (person-hours; only
    differences mean something), ``warmth`` the mean air temperature of the 24 hours before (°C).
    """

    seed: int
    clock: Clock
    times: Times
    weather: Weather
    places: dict[str, People]
    crowd: dict[str, Floats]
    presence: dict[str, Floats]
    warmth: Floats

    def at(self, curve: Floats, times: Times) -> Floats:
        """Return the values of a curve of this scene at any times it covers."""
        found: Floats = np.interp(times, self.times, curve)
        return found


def scene(seed: int, city: City, first_day: int, last_day: int) -> Scene:
    """Return the scene of the UTC days from ``first_day`` to before ``last_day``, with the days before and after."""
    start, end = (first_day - LOOKBACK_DAYS) * DAY_US, (last_day + 1) * DAY_US
    times = np.arange(start, end + 1, STEP_US, dtype=np.int64)
    longitude = sum(place.longitude for place in city.places) / len(city.places)
    latitude = sum(place.latitude for place in city.places) / len(city.places)
    now = weather(seed, times, longitude, latitude)
    clock = clock_of(city.zone)
    places = {place.key: people(seed, place.key, times, clock, now) for place in city.places}
    crowd = {key: _mean_before(one.flow, 12) for key, one in places.items()}
    return Scene(
        seed=seed,
        clock=clock,
        times=times,
        weather=now,
        places=places,
        crowd=crowd,
        presence={key: _sum_before(one) for key, one in crowd.items()},
        warmth=_mean_before(now.temperature, 288),
    )


def _mean_before(curve: Floats, steps: int) -> Floats:
    """Return the mean of the last ``steps`` values at each step (of fewer at the beginning)."""
    total = np.concatenate([[0.0], np.cumsum(curve)])
    index = np.arange(1, len(curve) + 1)
    first = np.maximum(index - steps, 0)
    found: Floats = (total[index] - total[first]) / (index - first)
    return found


def _sum_before(curve: Floats) -> Floats:
    steps = (curve[1:] + curve[:-1]) / 2 * (STEP_US / 3.6e9)
    return np.concatenate([[0.0], np.cumsum(steps)])
