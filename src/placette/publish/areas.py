"""The ground that a place covers on a map: the rounded hull of its devices. No survey, only where devices stand."""

from __future__ import annotations

import math
from collections.abc import Iterable

Position = tuple[float, float]
"""Longitude and latitude, degrees (WGS 84)."""

METRES_PER_DEGREE = 111_195.0
"""Length of one degree of a great circle on a sphere of 6,371 km."""
MARGIN_M = 35.0
"""Ground drawn around each device, m."""
REACH_M = 1_500.0
"""A device further than this from its place's centre is a mistake of its coordinates: the place does not grow to it."""
_CORNERS = 20


def distance_m(one: Position, other: Position) -> float:
    """Return the distance in metres, good to a per mille within a city (equirectangular).

    >>> round(distance_m((5.4477, 43.5299), (5.4454, 43.5263)))
    441
    """
    east = (one[0] - other[0]) * math.cos(math.radians((one[1] + other[1]) / 2))
    return math.hypot(east, one[1] - other[1]) * METRES_PER_DEGREE


def is_sound(position: Position) -> bool:
    """Return whether a position can be drawn: two finite numbers on the globe, as far as Mercator reaches."""
    longitude, latitude = position
    return math.isfinite(longitude) and math.isfinite(latitude) and abs(longitude) <= 180 and abs(latitude) <= 85


def area(centre: Position, devices: Iterable[Position]) -> list[Position]:
    """Return the closed ring around the centre and the devices near it, counter-clockwise, ``MARGIN_M`` outside."""
    near = [centre, *(p for p in devices if is_sound(p) and distance_m(p, centre) <= REACH_M)]
    squeeze = math.cos(math.radians(centre[1]))
    corners = [
        (
            longitude + MARGIN_M * math.cos(angle) / (METRES_PER_DEGREE * squeeze),
            latitude + MARGIN_M * math.sin(angle) / METRES_PER_DEGREE,
        )
        for longitude, latitude in near
        for angle in (2 * math.pi * step / _CORNERS for step in range(_CORNERS))
    ]
    ring = _hull(corners)
    return [(round(x, 6), round(y, 6)) for x, y in [*ring, ring[0]]]


def links(centres: dict[str, Position]) -> list[tuple[str, str, float]]:
    """Return the shortest net of straight lines that joins all places (Prim), each with its length in metres.

    >>> [(a, b, round(m)) for a, b, m in links({"a": (5.44, 43.52), "b": (5.45, 43.52), "c": (5.47, 43.52)})]
    [('a', 'b', 806), ('b', 'c', 1613)]
    """
    joined, left = list(centres)[:1], list(centres)[1:]
    found = []
    while left:
        one, other = min(
            ((one, other) for one in joined for other in left),
            key=lambda pair: distance_m(centres[pair[0]], centres[pair[1]]),
        )
        found.append((one, other, distance_m(centres[one], centres[other])))
        joined.append(other)
        left.remove(other)
    return found


def _hull(points: list[Position]) -> list[Position]:
    """Andrew's monotone chain: the convex hull, counter-clockwise."""
    ordered = sorted(set(points))
    return _half(ordered) + _half(ordered[::-1])


def _half(points: list[Position]) -> list[Position]:
    chain: list[Position] = []
    for point in points:
        while len(chain) > 1 and _turn(chain[-2], chain[-1], point) <= 0:
            chain.pop()
        chain.append(point)
    return chain[:-1]


def _turn(a: Position, b: Position, c: Position) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
