"""The hexagons of a map, on a grid of the city's own.

Not H3: its cells have the sizes they have (66, 174 or 461 m on a side in a city), and what is asked of a grid here is
that some two thousand cells cover whatever ground the stations tell of, that it stays put from hour to hour, and that a
server can draw it. Centres stand on a lattice that is anchored at the middle of the city's outline.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.area import beyond, plane

Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]
MOST_CELLS = 2_200
WIDTHS_M = (10, 20, 25, 50, 100, 150, 200, 250, 300, 400, 500, 750, 1_000, 1_500, 2_000, 3_000, 5_000, 10_000)
"""Widths of a hexagon, from flat side to flat side, m."""
_ROW = 3**0.5 / 2
_EARTH_M = 6_371_008.8


class Ground(msgspec.Struct, frozen=True):
    """A city in metres: ``centre`` (longitude, latitude) is where its plane begins, ``rings`` is its outline."""

    centre: tuple[float, float]
    rings: tuple[Floats, ...]

    def metres(self, longitudes: npt.ArrayLike, latitudes: npt.ArrayLike) -> Floats:
        """Return positions in m east and north of the centre."""
        return plane(longitudes, latitudes, self.centre)

    def degrees(self, positions: Floats) -> Floats:
        """Return longitudes and latitudes of positions in m.

        >>> here = Ground((5.4477, 43.5299), ())
        >>> here.degrees(here.metres([5.45], [43.53])).round(6).tolist()
        [[5.45, 43.53]]
        """
        squeeze = np.cos(np.radians(self.centre[1]))
        found: Floats = np.degrees(positions / _EARTH_M / np.array([squeeze, 1.0])) + np.array(self.centre)
        return found

    def holds(self, positions: Floats) -> Flags:
        """Return which positions lie inside of the outline (even-odd rule)."""
        inside = np.zeros(len(positions), np.bool_)
        east, north = positions.T
        for ring in self.rings:
            for (x0, y0), (x1, y1) in pairwise(ring):
                if y0 != y1:
                    inside ^= ((y0 > north) != (y1 > north)) & (east < (x1 - x0) * (north - y0) / (y1 - y0) + x0)
        return inside


class Hexagons(msgspec.Struct, frozen=True):
    """Cells by their centres (cells × 2, m) and their width in m."""

    centres: Floats
    width_m: float

    def __len__(self) -> int:
        """Return the number of cells."""
        return len(self.centres)

    def corners(self) -> Floats:
        """Return the closed rings of the cells (cells × 7 × 2, m), anticlockwise."""
        turn = np.radians(np.arange(7) * 60.0 + 30)
        around = self.width_m / 3**0.5 * np.column_stack([np.cos(turn), np.sin(turn)])
        found: Floats = self.centres[:, None, :] + around
        return found


def ground_of(outline: dict[str, Any]) -> Ground:
    """Return the ground of a city from its outline, a GeoJSON Polygon or MultiPolygon."""
    polygons = outline["coordinates"] if outline["type"] == "MultiPolygon" else [outline["coordinates"]]
    rings = [np.asarray(ring, np.float64)[:, :2] for polygon in polygons for ring in polygon]
    every = np.concatenate(rings)
    west, south = every.min(axis=0)
    east, north = every.max(axis=0)
    centre = (round(float(west + east) / 2, 4), round(float(south + north) / 2, 4))
    return Ground(centre, tuple(plane(ring[:, 0], ring[:, 1], centre) for ring in rings))


def hexagons(ground: Ground, stations: Floats, reach_m: float, most: int = MOST_CELLS) -> Hexagons:
    """Return the cells that a map may speak of: within the stations' hull, or as far beyond as they reach in the city.

    The width is the smallest of ``WIDTHS_M`` at which there are no more than ``most`` cells.

    >>> here = Ground((5.4, 43.5), ())
    >>> corners = np.array([[0.0, 0], [1000, 0], [0, 1000], [1000, 1000]])
    >>> found = hexagons(here, corners, 0.0)
    >>> found.width_m, len(found), float(beyond(corners, found.centres).max())
    (25, 1904, 0.0)
    """
    spare = max(reach_m, 0.0)
    low, high = stations.min(axis=0) - spare, stations.max(axis=0) + spare
    for width in WIDTHS_M:
        if np.prod((high - low) / width + 2) / _ROW > 6 * most:
            continue
        centres = _lattice(low, high, width)
        away = beyond(stations, centres)
        centres, away = centres[away <= spare], away[away <= spare]
        kept = centres[(away <= 0) | ground.holds(centres)] if ground.rings else centres
        if len(kept) <= most:
            return Hexagons(kept, width)
    return Hexagons(kept[:most], width)


def _lattice(low: Floats, high: Floats, width: float) -> Floats:
    rows = np.arange(np.floor(low[1] / (width * _ROW)), np.ceil(high[1] / (width * _ROW)) + 1)
    columns = np.arange(np.floor(low[0] / width) - 1, np.ceil(high[0] / width) + 1)
    column, row = np.meshgrid(columns, rows)
    found: Floats = np.column_stack([(width * (column + (row % 2) / 2)).ravel(), (width * _ROW * row).ravel()])
    return found
