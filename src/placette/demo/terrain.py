"""What the simulated ground is like at any position: built up or green, high or low, near to traffic or far from it.

It is one smooth field over the city, so that devices near to each other measure alike and a map between them has
something to find. It is made up: the old town in the middle of the built places, green around the places that have
trees, a gentle rise to the north, traffic that is loudest at the places that have most. No number is a survey's.
"""

from __future__ import annotations

import math

import msgspec

from placette.city import Device, Place
from placette.demo.people import CHARACTERS, ORDINARY

_METRES_PER_DEGREE = 111_195.0
_TOWN_M, _GREEN_M, _TRAFFIC_M = 700.0, 330.0, 260.0
"""How far the built-up middle, the trees of a place and the traffic of a place reach (standard deviations)."""
_WOODED = 0.3
"""A place whose character is greener than this is no part of the built-up middle."""
_RISE = 0.022
"""The ground rises by 22 m a kilometre towards the north."""


class Terrain(msgspec.Struct, frozen=True):
    """The ground under a device: ``built`` and ``green`` from 0 to 1, ``height`` m above the middle of the town.

    ``traffic`` is what the vehicles there are of those of the device's place.
    """

    built: float
    green: float
    height: float
    traffic: float


def terrain_of(places: tuple[Place, ...], device: Device) -> Terrain:
    """Return the ground where a device stands."""
    characters = [CHARACTERS.get(place.key, ORDINARY) for place in places]
    stone = [place for place, own in zip(places, characters, strict=True) if own.green <= _WOODED] or list(places)
    middle = sum(each.longitude for each in stone) / len(stone), sum(each.latitude for each in stone) / len(stone)
    here = (device.longitude, device.latitude)
    near = [_metres(here, (place.longitude, place.latitude)) for place in places]
    shade = max(own.green * _bell(math.hypot(*away), _GREEN_M) for own, away in zip(characters, near, strict=True))
    weights = [_bell(math.hypot(*away), _TRAFFIC_M) + 1e-9 for away in near]
    vehicles = sum(own.traffic * weight for own, weight in zip(characters, weights, strict=True)) / sum(weights)
    away = _metres(here, middle)
    return Terrain(
        built=(0.2 + 0.75 * _bell(math.hypot(*away), _TOWN_M)) * (1 - 0.8 * shade),
        green=shade,
        height=_RISE * away[1],
        traffic=vehicles / CHARACTERS.get(device.place, ORDINARY).traffic,
    )


def _metres(here: tuple[float, float], there: tuple[float, float]) -> tuple[float, float]:
    """Return how far east and north ``here`` is from ``there``, m."""
    squeeze = math.cos(math.radians(there[1]))
    return (here[0] - there[0]) * _METRES_PER_DEGREE * squeeze, (here[1] - there[1]) * _METRES_PER_DEGREE


def _bell(away: float, width: float) -> float:
    return math.exp(-0.5 * (away / width) ** 2)
