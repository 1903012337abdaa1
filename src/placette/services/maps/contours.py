"""Contours: the ground between two levels, as polygons; and the ground where a map hardly knows more than the mean."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import msgspec
import numpy as np
from contourpy import FillType, contour_generator

from placette.analyse.kriging.pooled import Learned
from placette.analyse.kriging.predict import Sites
from placette.city.model import City
from placette.services.maps import scales
from placette.services.maps.compute import foretold
from placette.services.maps.ground_facts import facts
from placette.services.maps.levels import breaks
from placette.services.maps.question import DOUBT, Drawn
from placette.services.maps.scales import Floats

NODES = 110
"""Nodes of the raster on the longer side."""
HATCHED = DOUBT[1]


class Contour(msgspec.Struct, frozen=True):
    """The ground where values lie from ``low`` to ``high``: polygons of rings in degrees, the first one outside."""

    low: float
    high: float
    error: float
    """The largest standard error in it, in the property's unit."""
    polygons: list[list[Floats]]


def contours(city: City, drawn: Drawn) -> tuple[list[Contour], list[list[Floats]]]:
    """Return the contours of the last frame, and the polygons where its standard error is above ``HATCHED`` spreads."""
    last = len(drawn.frames) - 1
    frame = drawn.frames[last]
    if drawn.cells is None or frame.refused is not None or frame.learned is None:
        return [], []
    z = scales.forward(drawn.scale, drawn.values[last:], drawn.known.decimals)
    covariates = facts(city, drawn.known_ground, drawn.ground, drawn.gathered.positions)
    x, y, values, errors = _raster(city, drawn, Sites(drawn.gathered.positions, covariates), z, frame.learned)
    shown = scales.back(drawn.scale, values, errors)
    levels = breaks(float(np.nanmin(shown.values)), float(np.nanmax(shown.values)), drawn.known.decimals)
    drawing = contour_generator(x, y, np.ma.masked_invalid(shown.values), fill_type=FillType.OuterOffset)
    found = []
    for low, high in pairwise(levels):
        polygons = list(_polygons(drawn, drawing.filled(low, high)))
        within = (shown.values >= low) & (shown.values < high)
        if polygons and within.any():
            found.append(Contour(low, high, float(np.nanmax(shown.errors[within])), polygons))
    share = np.ma.masked_invalid(errors / np.nanstd(z, ddof=1))
    doubtful = contour_generator(x, y, share, fill_type=FillType.OuterOffset).filled(HATCHED, np.inf)
    return found, list(_polygons(drawn, doubtful))


def _raster(
    city: City, drawn: Drawn, stations: Sites, z: Floats, learned: Learned
) -> tuple[Floats, Floats, Floats, Floats]:
    """Return axes in m, and values with errors (north × east) as interpolated; NaN beyond hull and range."""
    cells = drawn.cells
    assert cells is not None  # noqa: S101  # asked only of a frame that is drawn
    low, high = cells.hexagons.centres.min(axis=0), cells.hexagons.centres.max(axis=0)
    step = max(float((high - low).max()) / (NODES - 1), 1.0)
    x, y = (np.arange(low[side], high[side] + step, step) for side in (0, 1))
    east, north = np.meshgrid(x, y)
    nodes = np.column_stack([east.ravel(), north.ravel()])
    found = foretold(stations, z, {0: learned}, Sites(nodes, facts(city, drawn.known_ground, drawn.ground, nodes)))
    return x, y, found.values[0].reshape(east.shape), found.errors[0].reshape(east.shape)


def _polygons(drawn: Drawn, filled: Any) -> Iterator[list[Floats]]:
    for points, offsets in zip(*filled, strict=True):
        bounds = [int(each) for each in offsets]
        yield [drawn.ground.degrees(points[a:b]) for a, b in pairwise(bounds)]
