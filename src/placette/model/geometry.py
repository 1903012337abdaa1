"""Geometry: GeoJSON (RFC 7946) checked and reduced to the few figures the catalogue needs."""

from __future__ import annotations

from typing import Any

from placette.model.errors import BadInput

_DEPTH = {
    "Point": 0,
    "MultiPoint": 1,
    "LineString": 1,
    "MultiLineString": 2,
    "Polygon": 2,
    "MultiPolygon": 3,
}


def check_position(longitude: object, latitude: object, where: str = "") -> tuple[float, float]:
    """Return the position as floats; raises ``BadInput`` unless −180 ≤ longitude ≤ 180 and −90 ≤ latitude ≤ 90.

    >>> check_position(5.4477, 43.5299)
    (5.4477, 43.5299)
    """
    for name, value, limit in (("longitude", longitude, 180), ("latitude", latitude, 90)):
        if isinstance(value, bool) or not isinstance(value, int | float) or not abs(value) <= limit:
            raise BadInput(
                f"{name} {value!r} is not a number between −{limit} and {limit}",
                where,
                "GeoJSON gives longitude first, then latitude, in degrees (RFC 7946)",
            )
    return float(longitude), float(latitude)  # type: ignore[arg-type]  # both were checked in the loop


def check_geojson(value: Any, where: str = "location") -> tuple[float, float] | None:
    """Check a GeoJSON geometry or Feature and return the centre of its bounding box in degrees, ``None`` when empty.

    Raises ``BadInput`` on an unknown type, a wrong nesting or a position outside the globe.
    """
    if isinstance(value, dict) and value.get("type") == "Feature":
        return check_geojson(value.get("geometry"), f"{where}/geometry")
    if not isinstance(value, dict) or value.get("type") not in _DEPTH:
        raise BadInput("not a GeoJSON geometry", where, f"'type' is one of {', '.join(_DEPTH)} or Feature")
    positions = list(_positions(value.get("coordinates"), _DEPTH[value["type"]], where))
    if not positions:
        return None
    longitudes, latitudes = zip(*positions, strict=True)
    return (min(longitudes) + max(longitudes)) / 2, (min(latitudes) + max(latitudes)) / 2


def _positions(value: Any, depth: int, where: str) -> list[tuple[float, float]]:
    if not isinstance(value, list):
        raise BadInput("coordinates must be an array", where, "see RFC 7946, section 3.1")
    if depth == 0:
        if len(value) < 2:
            raise BadInput("a position has two or three numbers", where, "longitude, latitude[, altitude]")
        return [check_position(value[0], value[1], where)]
    return [position for part in value for position in _positions(part, depth - 1, where)]
