"""Where a map may speak: within the convex hull of its stations and as far beyond as they reach; nearest areas."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.predict import apart
from placette.analyse.kriging.variogram import Floats

_CHUNK = 4096
_EARTH_M = 6_371_008.8
"""Mean radius (IUGG)."""


def plane(longitude: npt.ArrayLike, latitude: npt.ArrayLike, centre: tuple[float, float]) -> Floats:
    """Return positions in m east and north of ``centre`` (longitude, latitude), degrees in; right within a city.

    Over 30 km the error stays below a thousandth of the distance at the latitudes of France.

    >>> plane([5.4577], [43.5299], (5.4477, 43.5299)).round(1).tolist()
    [[806.2, 0.0]]
    """
    east = np.radians(np.asarray(longitude, np.float64) - centre[0]) * np.cos(np.radians(centre[1]))
    north = np.radians(np.asarray(latitude, np.float64) - centre[1])
    found: Floats = np.column_stack([east, north]) * _EARTH_M
    return found


def hull(positions: npt.ArrayLike) -> Floats:
    """Return the corners of the convex hull, anticlockwise (Andrew 1979, Inf. Process. Lett. 9, 216).

    >>> hull([[0.0, 0], [2, 0], [1, 0.5], [2, 2], [0, 2]]).tolist()
    [[0.0, 0.0], [2.0, 0.0], [2.0, 2.0], [0.0, 2.0]]
    """
    points: list[tuple[float, float]] = sorted({(float(x), float(y)) for x, y in np.asarray(positions, np.float64)})
    if len(points) < 3:
        return np.array(points, np.float64).reshape(-1, 2)
    lower, upper = _chain(points), _chain(points[::-1])
    return np.array(lower[:-1] + upper[:-1], np.float64)


def _chain(points: list[tuple[float, float]]) -> list[tuple[float, float]]:
    found: list[tuple[float, float]] = []
    for x, y in points:
        while len(found) > 1 and _turn(found[-2], found[-1], (x, y)) <= 0:
            found.pop()
        found.append((x, y))
    return found


def _turn(a: tuple[float, float], b: tuple[float, float], c: tuple[float, float]) -> float:
    return (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])


def beyond(positions: npt.ArrayLike, cells: npt.ArrayLike) -> Floats:
    """Return how far each cell lies outside of the hull of the stations, in m; 0 inside.

    >>> beyond([[0.0, 0], [2, 0], [2, 2], [0, 2]], [[1.0, 1], [2, 1], [5, 1], [5, 6]]).tolist()
    [0.0, 0.0, 3.0, 5.0]
    """
    corners, at = hull(positions), np.asarray(cells, np.float64)
    if len(corners) == 1:
        return apart(at, corners)[:, 0]
    distance = np.full(len(at), np.inf)
    inside = np.full(len(at), len(corners) > 2)
    for corner, following in zip(corners, np.roll(corners, -1, axis=0), strict=True):
        edge, way = following - corner, at - corner
        along = np.clip(way @ edge / (edge @ edge), 0, 1)
        distance = np.minimum(distance, np.hypot(*(way - along[:, None] * edge).T))
        inside &= edge[0] * way[:, 1] - edge[1] * way[:, 0] >= 0
    return np.where(inside, 0.0, distance)


def nearest(positions: npt.ArrayLike, cells: npt.ArrayLike) -> tuple[npt.NDArray[np.int64], Floats]:
    """Return the nearest station of each cell (its Voronoi area) and its distance in m.

    >>> stations, distances = nearest([[0.0, 0], [10, 0]], [[1.0, 0], [6, 0], [10, 3]])
    >>> stations.tolist(), distances.tolist()
    ([0, 1, 1], [1.0, 4.0, 3.0])
    """
    at, places = np.asarray(positions, np.float64), np.asarray(cells, np.float64)
    found, distances = np.empty(len(places), np.int64), np.empty(len(places))
    for start in range(0, len(places), _CHUNK):
        part = slice(start, start + _CHUNK)
        away = apart(places[part], at)
        found[part] = away.argmin(axis=1)
        distances[part] = away.min(axis=1)
    return found, distances
