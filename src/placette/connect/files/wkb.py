"""Well-known binary → GeoJSON geometry: OGC 06-103r4 (Simple Features 1.2.1, section 8), ISO and "extended" Z and M.

GeoPackage and GeoParquet hold their geometries so. Depth and counts are bounded by the bytes that are really there.
"""

from __future__ import annotations

import struct
from typing import Any

from placette.model.errors import BadInput

_KINDS = {
    1: "Point",
    2: "LineString",
    3: "Polygon",
    4: "MultiPoint",
    5: "MultiLineString",
    6: "MultiPolygon",
    7: "GeometryCollection",
}
_Z, _M, _SRID = 0x80000000, 0x40000000, 0x20000000
_DEEPEST = 16


def geometry(data: bytes | memoryview) -> dict[str, Any] | None:
    """Return a geometry, heights dropped, ``None`` for an empty point; raises ``BadInput`` when the bytes are none.

    >>> geometry(bytes.fromhex("0101000000000000000000f03f0000000000000040"))
    {'type': 'Point', 'coordinates': [1.0, 2.0]}
    """
    try:
        return _Reader(memoryview(data)).geometry(0)
    except (struct.error, KeyError, IndexError) as error:
        raise BadInput(f"the geometry is no well-known binary: {error}", remedy="save the file again") from None


class _Reader:
    """Reads one geometry from the front of its bytes."""

    def __init__(self, data: memoryview) -> None:
        self._data = data
        self._at = 0
        self._order = "<"

    def geometry(self, depth: int) -> dict[str, Any] | None:
        """Return the next geometry."""
        if depth > _DEEPEST:
            raise IndexError("nested too deeply")
        self._order = "<" if self._data[self._at] else ">"
        self._at += 1
        code = self._count()
        if code & _SRID:
            self._count()
        plain = code & 0x0FFFFFFF
        more = bool(code & _Z) + bool(code & _M) or (0, 1, 1, 2)[plain // 1000]
        kind = _KINDS[plain % 1000]
        if kind == "Point":
            point = self._points(1, 2 + more)[0]
            return None if point[0] != point[0] else {"type": kind, "coordinates": point}
        if kind == "LineString":
            return {"type": kind, "coordinates": self._points(self._count(), 2 + more)}
        if kind == "Polygon":
            return {"type": kind, "coordinates": [self._points(self._count(), 2 + more) for _ in self._counted()]}
        parts = [part for _ in self._counted() if (part := self.geometry(depth + 1)) is not None]
        if kind == "GeometryCollection":
            return {"type": kind, "geometries": parts}
        return {"type": kind, "coordinates": [part["coordinates"] for part in parts]}

    def _counted(self) -> range:
        count = self._count()
        if count > len(self._data) - self._at:  # each part has bytes of its own
            raise IndexError("it counts more parts than it has bytes")
        return range(count)

    def _count(self) -> int:
        (value,) = struct.unpack_from(f"{self._order}I", self._data, self._at)
        self._at += 4
        return int(value)

    def _points(self, count: int, width: int) -> list[list[float]]:
        size = count * width
        if 8 * size > len(self._data) - self._at:
            raise IndexError("it is cut off")
        flat = struct.unpack_from(f"{self._order}{size}d", self._data, self._at)
        self._at += 8 * size
        return [[flat[at], flat[at + 1]] for at in range(0, size, width)]
