"""The sea, which OpenStreetMap does not hold as an area: only the coast, drawn with the land on its left.

https://wiki.openstreetmap.org/wiki/Tag:natural%3Dcoastline. The rectangle of the map is cut along the coast, and every
piece that lies to the right of its coast is sea.
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry import LineString, MultiPolygon, Point, Polygon

Box = tuple[float, float, float, float]
"""West, south, east, north in degrees."""

Coast = Sequence[tuple[float, float]]
"""One way of the coast: longitude, latitude in degrees, land on the left."""

_ASIDE = 1e-6
"""How far beside the coast we look for its water, in degrees: a tenth of a metre, less than any piece is wide."""


def sea(coasts: Sequence[Coast], box: Box) -> MultiPolygon:
    """Return the sea inside ``box``; empty when no coast touches it, since then it lies inland.

    A coast that ends inside the box, because the extract was cut there, goes on straight to the nearest side.

    >>> sea([[(0, 5), (10, 5)]], (0, 0, 10, 10)).bounds
    (0.0, 0.0, 10.0, 5.0)
    """
    frame = shapely.box(*box)
    inside = [line for line in map(LineString, coasts) if line.intersects(frame)]
    if not inside:
        return MultiPolygon()
    lines = [*inside, *_to_the_frame(inside, frame)]
    cut = shapely.unary_union([frame.exterior, *(line.intersection(frame) for line in lines)])
    pieces = list(shapely.get_parts(shapely.polygonize(list(shapely.get_parts(cut)))))
    return MultiPolygon([piece for piece, wet in zip(pieces, _votes(pieces, inside), strict=True) if wet > 0])


def _to_the_frame(lines: Sequence[LineString], frame: Polygon) -> list[LineString]:
    """Return the missing straight pieces from loose ends of the coast to the frame."""
    ends = Counter(end for line in lines if not line.is_closed for end in (line.coords[0], line.coords[-1]))
    loose = [Point(end) for end, times in ends.items() if times == 1 and frame.contains(Point(end))]
    return [LineString(shapely.shortest_line(point, frame.exterior)) for point in loose]


def _votes(pieces: Sequence[Polygon], coasts: Sequence[LineString]) -> list[int]:
    """Return for each piece how many coast segments say it is sea, less those that say it is land."""
    votes = np.zeros(len(pieces), dtype=np.int64)
    tree = shapely.STRtree(pieces)
    segments = np.array([pair for coast in coasts for pair in itertools.pairwise(coast.coords)])
    along = segments[:, 1] - segments[:, 0]
    length = np.hypot(along[:, 0], along[:, 1])
    segments, along = segments[length > 0], along[length > 0] / length[length > 0, None]
    middle = segments.mean(axis=1)
    right = np.column_stack([along[:, 1], -along[:, 0]]) * _ASIDE
    for points, vote in ((middle + right, 1), (middle - right, -1)):
        _, found = tree.query(shapely.points(points), predicate="within")
        np.add.at(votes, found, vote)
    return [int(vote) for vote in votes]
