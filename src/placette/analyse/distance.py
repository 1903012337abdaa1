"""Distances on the ellipsoid WGS 84."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_EQUATOR_M = 6_378_137.0
_FLATTENING = 1 / 298.257223563


def distances(longitude: Floats, latitude: Floats) -> Floats:
    """Return the distance of every point from every other, in m; degrees in, points × points out.

    Andoyer's formula as in Meeus, Astronomical Algorithms, chapter 11: right within about 50 m over 1,000 km. The
    doctest is his example, Paris to Washington.

    >>> distances(np.array([2.3372222, -77.0655556]), np.array([48.8363889, 38.9213889])).round(-1).tolist()
    [[0.0, 6181630.0], [6181630.0, 0.0]]
    """
    east, north = np.radians(longitude), np.radians(latitude)
    middle, half = (north[:, None] + north) / 2, (north[:, None] - north) / 2
    turn = (east[:, None] - east) / 2
    across, along = np.cos(half) ** 2, np.sin(half) ** 2
    low, high = np.cos(middle) ** 2, np.sin(middle) ** 2
    sine = along * np.cos(turn) ** 2 + low * np.sin(turn) ** 2
    cosine = across * np.cos(turn) ** 2 + high * np.sin(turn) ** 2
    apart = (sine > 0) & (cosine > 0)
    angle = np.arctan(np.sqrt(np.divide(sine, cosine, where=apart, out=np.zeros_like(sine))))
    ratio = np.divide(np.sqrt(sine * cosine), angle, where=apart, out=np.zeros_like(sine))
    first = np.divide(3 * ratio - 1, 2 * cosine, where=apart, out=np.zeros_like(sine)) * high * across
    second = np.divide(3 * ratio + 1, 2 * sine, where=apart, out=np.zeros_like(sine)) * low * along
    found: Floats = 2 * angle * _EQUATOR_M * (1 + _FLATTENING * (first - second))
    return found
