"""KML (OGC 12-007r2) and KMZ: one row per Placemark, its data as columns; positions are always WGS 84.

The parser refuses document types and entities, which XML attacks are made of, and limits the depth.
"""

from __future__ import annotations

from typing import Any
from xml.parsers import expat

import msgspec

from placette.connect.files import packed
from placette.connect.files.features import Feature, Features
from placette.connect.files.packed import Stream
from placette.model.errors import BadInput
from placette.model.file_format import FileFormat

_DEEPEST = 64
_TEXTS = frozenset({"name", "description", "address", "when", "begin", "end"})
_MULTI = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


class _Refused(Exception):
    """Something that has no place in a KML file."""


def kml(stream: Stream, written: FileFormat) -> Features:
    """Read the Placemarks of a KML file; raises ``BadInput`` when it is none, ``TooLarge`` beyond 512 MiB."""
    reader = _Reader()
    try:
        reader.parse(packed.whole(stream, "KML"))
    except (expat.ExpatError, _Refused, ValueError) as error:
        raise BadInput(f"this is no KML that can be read: {error}", str(stream.path), "save it again") from None
    names = dict.fromkeys(name for attributes, _ in reader.found for name in attributes)
    features = Features("kml", stream.size, tuple(names), reader.found, "EPSG:4326")
    features.understood = {"encoding": "as the XML says"} | ({"member": stream.member} if stream.member else {})
    return features


class _Reader:
    """What expat tells, made into features."""

    def __init__(self) -> None:
        self.found: list[Feature] = []
        self._path: list[str] = []
        self._text: list[str] = []
        self._row: dict[str, Any] | None = None
        self._shapes: list[dict[str, Any]] = []
        self._rings: list[list[list[float]]] = []
        self._key = ""
        self._root = ""

    def parse(self, data: bytes) -> None:
        """Read a whole document."""
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler = self._start
        parser.EndElementHandler = self._end
        parser.CharacterDataHandler = self._text.append
        parser.StartDoctypeDeclHandler = _refuse
        parser.EntityDeclHandler = _refuse
        parser.Parse(data, True)
        if self._root != "kml":
            raise _Refused("its root is not <kml>")

    def _start(self, tag: str, attributes: dict[str, str]) -> None:
        name = tag.rpartition(" ")[2]
        self._root = self._root or name
        self._path.append(name)
        if len(self._path) > _DEEPEST:
            raise _Refused("it is nested too deeply")
        self._text.clear()
        if name == "Placemark":
            self._row, self._shapes = {}, []
        elif name in ("Data", "SimpleData"):
            self._key = attributes.get("name", "")

    def _end(self, tag: str) -> None:
        name = self._path.pop()
        text = "".join(self._text).strip()
        self._text.clear()
        if self._row is None:
            return
        if name == "Placemark":
            self.found.append((self._row, _geometry(self._shapes)))
            self._row = None
        elif name == "coordinates":
            self._coordinates(text)
        elif name == "Polygon" and self._rings:
            self._shapes.append({"type": name, "coordinates": self._rings})
            self._rings = []
        elif (name == "value" and self._path[-1] == "Data") or name == "SimpleData":
            self._row[self._key] = text or None
        elif name in _TEXTS and self._path[-1] in ("Placemark", "TimeStamp", "TimeSpan") and text:
            self._row[name] = text

    def _coordinates(self, text: str) -> None:
        points = [[float(part) for part in one.split(",")[:2]] for one in text.split()]
        kind = self._path[-1]
        if kind == "Point" and points:
            self._shapes.append({"type": kind, "coordinates": points[0]})
        elif kind == "LinearRing":
            if "Polygon" in self._path:
                self._rings.append(points)
        elif kind == "LineString":
            self._shapes.append({"type": kind, "coordinates": points})


def _refuse(*_: object) -> None:
    raise _Refused("it declares a document type or an entity")


def _geometry(shapes: list[dict[str, Any]]) -> str | None:
    """Return the geometry of a Placemark as GeoJSON text."""
    if not shapes:
        return None
    kinds = {shape["type"] for shape in shapes}
    whole: dict[str, Any] = shapes[0]
    if len(shapes) > 1 and len(kinds) == 1:
        whole = {"type": _MULTI[whole["type"]], "coordinates": [shape["coordinates"] for shape in shapes]}
    elif len(shapes) > 1:
        whole = {"type": "GeometryCollection", "geometries": shapes}
    return msgspec.json.encode(whole).decode()
