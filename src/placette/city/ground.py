"""Where things may stand: the city's outline with a margin, distances in metres, swapped coordinates."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import numpy.typing as npt

from placette.city.documents import Document, Fault
from placette.city.tables import Reader
from placette.model import geometry
from placette.model.errors import BadInput

MARGIN_M = 1000.0
"""How far outside its simplified outline a city may still have a device, m."""

_METRES_PER_DEGREE = 111_195.0
"""Length of one degree of a great circle on a sphere of 6,371 km."""

Floats = npt.NDArray[np.float64]


class Ground:
    """The outline's edges, ready to test many positions at once."""

    def __init__(self, outline: dict[str, Any]) -> None:
        polygons = outline["coordinates"] if outline["type"] == "MultiPolygon" else [outline["coordinates"]]
        rings = [np.asarray(ring, dtype=float)[:, :2] for polygon in polygons for ring in polygon]
        self._starts = np.concatenate([ring[:-1] for ring in rings])
        self._ends = np.concatenate([ring[1:] for ring in rings])
        self._squeeze = math.cos(math.radians(float(self._starts[:, 1].mean())))

    def holds(self, longitudes: Floats, latitudes: Floats) -> npt.NDArray[np.bool_]:
        """Return for each position (degrees) whether it is inside the outline or within ``MARGIN_M`` of it."""
        inside = np.zeros(len(longitudes), dtype=bool)
        nearest = np.full(len(longitudes), np.inf)
        for (x0, y0), (x1, y1) in zip(self._starts, self._ends, strict=True):
            crosses = (y0 > latitudes) != (y1 > latitudes)
            if y0 != y1:
                inside ^= crosses & (longitudes < (x1 - x0) * (latitudes - y0) / (y1 - y0) + x0)
            nearest = np.minimum(nearest, self._distances(longitudes, latitudes, x0, y0, x1, y1))
        return inside | (nearest <= MARGIN_M)

    def _distances(self, longitudes: Floats, latitudes: Floats, x0: float, y0: float, x1: float, y1: float) -> Floats:
        px, py = (longitudes - x0) * self._squeeze, latitudes - y0
        ex, ey = (x1 - x0) * self._squeeze, y1 - y0
        length = ex * ex + ey * ey
        along = np.clip((px * ex + py * ey) / length, 0, 1) if length else np.zeros(len(longitudes))
        distance: Floats = np.hypot(px - along * ex, py - along * ey) * _METRES_PER_DEGREE
        return distance


def place_fault(ground: Ground | None, longitude: float, latitude: float) -> tuple[str, str] | None:
    """Return what is wrong with a position and the remedy, or ``None`` when it may stand in the city."""
    if not (abs(longitude) <= 180 and abs(latitude) <= 90):
        return f"{longitude}, {latitude} is no position", "longitude is within ±180, latitude within ±90 degrees"
    if ground is None or ground.holds(np.array([longitude]), np.array([latitude]))[0]:
        return None
    if ground.holds(np.array([latitude]), np.array([longitude]))[0]:
        return f"longitude {longitude} and latitude {latitude} are swapped", "longitude comes first, as in GeoJSON"
    return (
        f"{longitude}, {latitude} lies more than {MARGIN_M:.0f} m outside the city's outline",
        "correct the position, or the outline in outline.geojson",
    )


def read_outline(document: Document, faults: list[Fault]) -> tuple[dict[str, Any], str] | None:
    """Return the outline's geometry and its source, or ``None`` after noting why it cannot be used."""
    reader = Reader(document, faults)
    feature = reader.table((), document.value)
    shape = feature.get("geometry")
    if feature.get("type") != "Feature" or not isinstance(shape, dict):
        reader.fault((), "not a GeoJSON Feature with a geometry", "see RFC 7946, section 3.2")
        return None
    properties = feature.get("properties")
    source = properties.get("source") if isinstance(properties, dict) else None
    if not isinstance(source, str) or not source:
        reader.fault(("properties",), "the outline has no 'source' property", "say who drew it, and its licence")
        source = ""
    try:
        if shape.get("type") not in ("Polygon", "MultiPolygon"):
            raise BadInput("the outline is not a Polygon or MultiPolygon", remedy="draw the edge of the city")
        if geometry.check_geojson(shape) is None:
            raise BadInput("the outline has no points", remedy="draw the edge of the city")
        _check_rings(shape)
    except BadInput as error:
        reader.fault(("geometry",), error.what, error.remedy)
        return None
    return shape, source


def _check_rings(shape: dict[str, Any]) -> None:
    polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    for ring in (ring for polygon in polygons for ring in polygon):
        if len(ring) < 4 or ring[0] != ring[-1]:
            raise BadInput("a ring of the outline is not closed", remedy="end it with its first position")
