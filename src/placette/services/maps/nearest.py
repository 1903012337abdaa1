"""Nearest areas: the ground that is nearer to one station than to any other (Voronoi), cut at the city's outline."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Point = tuple[float, float]
Ring = list[Point]
"""Corners without the first one repeated."""


def nearest_areas(stations: Floats, outline: tuple[Floats, ...]) -> list[list[Ring]]:
    """Return for each station (stations × 2, m) the rings of its area; stations stand on spots of their own.

    >>> square = np.array([[0.0, 0], [4, 0], [4, 2], [0, 2], [0, 0]])
    >>> [sorted(ring) for rings in nearest_areas(np.array([[1.0, 1], [3, 1]]), (square,)) for ring in rings]
    [[(0.0, 0.0), (0.0, 2.0), (2.0, 0.0), (2.0, 2.0)], [(2.0, 0.0), (2.0, 2.0), (4.0, 0.0), (4.0, 2.0)]]
    """
    whole = [[(float(x), float(y)) for x, y in ring[:-1]] for ring in outline]
    found = []
    for one, here in enumerate(stations):
        rings = whole
        away = np.hypot(*(stations - here).T)
        for other in np.argsort(away):
            if other == one or not rings:
                continue
            reach = max(np.hypot(x - here[0], y - here[1]) for ring in rings for x, y in ring)
            if away[other] > 2 * reach:
                break
            toward = stations[other] - here
            level = float(toward @ (here + stations[other]) / 2)
            rings = [part for ring in rings for part in _halved(ring, (float(toward[0]), float(toward[1])), level)]
        found.append(rings)
    return found


def _halved(ring: Ring, toward: Point, level: float) -> list[Ring]:
    """Return what of a ring lies where ``toward · point <= level``; a bent ring may fall into several.

    Chains of corners inside are joined along the cut, first end to next beginning in the order along the line.
    """
    heights = [toward[0] * x + toward[1] * y - level for x, y in ring]
    if all(height <= 0 for height in heights):
        return [ring]
    if all(height > 0 for height in heights):
        return []
    chains = _chains(ring, heights)
    along = (-toward[1], toward[0])
    places = sorted(
        (along[0] * point[0] + along[1] * point[1], number, end)
        for number, chain in enumerate(chains)
        for end, point in ((0, chain[0]), (1, chain[-1]))
    )
    partner: dict[tuple[int, int], tuple[int, int]] = {}
    for (_, *one), (_, *other) in zip(places[::2], places[1::2], strict=True):
        partner[one[0], one[1]], partner[other[0], other[1]] = (other[0], other[1]), (one[0], one[1])
    found: list[Ring] = []
    left = set(range(len(chains)))
    while left:
        start = number = min(left)
        joined: Ring = []
        while number in left:
            left.remove(number)
            joined += chains[number]
            number, _ = partner[number, 1]
        if number == start and len(joined) > 2:
            found.append(joined)
    return found


def _chains(ring: Ring, heights: list[float]) -> list[Ring]:
    """Return the runs of corners inside, each with the points where it comes in and goes out."""
    first = next(place for place in range(len(ring)) if heights[place - 1] > 0 >= heights[place])
    order = [*range(first, len(ring)), *range(first + 1)]
    chains: list[Ring] = [[_crossing(ring, heights, first - 1, first)]]
    for here, following in pairwise(order):
        if heights[here] <= 0:
            chains[-1].append(ring[here])
            if heights[following] > 0:
                chains[-1].append(_crossing(ring, heights, here, following))
        elif heights[following] <= 0 and following != first:
            chains.append([_crossing(ring, heights, here, following)])
    return chains


def _crossing(ring: Ring, heights: list[float], one: int, other: int) -> Point:
    share = heights[one] / (heights[one] - heights[other])
    (x0, y0), (x1, y1) = ring[one], ring[other]
    return x0 + share * (x1 - x0), y0 + share * (y1 - y0)
