"""Positions of a file, in columns or as GeoJSON, in degrees or projected → GeoJSON geometries in degrees (WGS 84)."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from placette.harmonise.projection import Projection
from placette.model.errors import BadInput
from placette.model.geometry import check_geojson

Floats = NDArray[np.float64]

Located = tuple[dict[str, Any] | None, bool]
"""A geometry, ``None`` where there is none, and whether what stands there is good."""

_DECIMALS = 7
"""Of a degree: one centimetre."""


def of_columns(x: Floats, y: Floats, projection: Projection) -> list[Located]:
    """Return a point for each pair; NaN in both means that there is no position.

    >>> from placette.harmonise.projection import Geographic
    >>> of_columns(np.array([5.4477, np.nan, 91.0]), np.array([43.5299, np.nan, 91.0]), Geographic())
    [({'type': 'Point', 'coordinates': [5.4477, 43.5299]}, True), (None, True), (None, False)]
    """
    longitude, latitude = _degrees(x, y, projection)
    return [
        ({"type": "Point", "coordinates": [lon, lat]}, True)
        if abs(lon) <= 180 and abs(lat) <= 90
        else (None, bool(empty))
        for lon, lat, empty in zip(longitude, latitude, np.isnan(x) & np.isnan(y), strict=True)
    ]


def of_geojson(texts: pa.Array, projection: Projection) -> list[Located]:
    """Return the geometries of a column of GeoJSON texts; null means that there is no geometry."""
    geometries = [None if text is None else msgspec.json.decode(text) for text in texts.to_pylist()]
    positions: list[list[float]] = []
    for geometry in geometries:
        if geometry is not None:
            _gather(geometry.get("coordinates"), positions)
    x, y = np.array([position[:2] for position in positions], np.float64).reshape(-1, 2).T
    for position, lon, lat in zip(positions, *_degrees(x, y, projection), strict=True):
        position[:] = [lon, lat]
    return [_checked(geometry) for geometry in geometries]


def _degrees(x: Floats, y: Floats, projection: Projection) -> tuple[list[float], list[float]]:
    longitude, latitude = projection.inverse(x, y)
    return longitude.round(_DECIMALS).tolist(), latitude.round(_DECIMALS).tolist()


def _gather(value: Any, positions: list[list[float]]) -> None:
    """Collect the positions of nested coordinates, to be replaced in place."""
    if not isinstance(value, list):
        return
    if len(value) >= 2 and all(isinstance(part, int | float) for part in value):
        positions.append(value)
        return
    for part in value:
        _gather(part, positions)


def _checked(geometry: Any) -> Located:
    if geometry is None:
        return None, True
    try:
        return (geometry, True) if check_geojson(geometry) is not None else (None, True)
    except BadInput:
        return None, False
