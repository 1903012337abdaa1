"""Reads an OpenStreetMap extract (``.osm.pbf``) and writes one line-delimited GeoJSON file per layer.

https://wiki.openstreetmap.org/wiki/PBF_Format. osmium reads the file, joins ways into areas and knows where every node
is; two passes, and memory of at most sixteen bytes per node.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import IO, NamedTuple

import msgspec
import osmium
import shapely
from osmium.filter import KeyFilter
from osmium.geom import GeoJSONFactory
from osmium.osm import Area, Node, NodeRef, Relation, Way

from placette.basemap import layers
from placette.basemap.layers import Drawn
from placette.basemap.sea import Box, sea
from placette.model.errors import BadInput, NotFound, StorageFailure, Unprocessable

NEW_EXTRACT = "download the extract again and compare its size or checksum with the provider's"


class Extract(NamedTuple):
    """What was found: a GeoJSON file and a count per layer, the rectangle, and how many objects were incomplete.

    Objects are incomplete where the extract was cut through them; they are left out.
    """

    files: dict[str, Path]
    counts: dict[str, int]
    box: Box
    incomplete: int


def read(source: Path, folder: Path, bounds: Box | None = None) -> Extract:
    """Write what ``source`` holds inside ``bounds`` into one file per layer in ``folder``.

    Without ``bounds`` the whole extract is taken. Raises ``NotFound`` when there is no such file, ``BadInput`` when it
    is no PBF file or is cut short, ``Unprocessable`` when nothing of it lies inside, ``StorageFailure`` when the disk
    is full.
    """
    header = _header(source)
    try:
        with ExitStack() as stack:
            files = {name: folder / f"{name}.geojsonl" for name in layers.LAYERS}
            out: dict[str, IO[str]] = {
                name: stack.enter_context(file.open("w", encoding="utf-8")) for name, file in files.items()
            }
            reader = _Reader(out, bounds)
            reader.read(source)
            box = bounds or header or reader.box()
            if reader.drawn == 0 or box is None:
                raise _nothing(source, bounds, header)
            reader.write_sea(box)
    except RuntimeError as error:  # osmium's only way to say that a file is broken
        raise BadInput(f"the extract cannot be read to its end: {error}", str(source), NEW_EXTRACT) from None
    except OSError as error:
        raise StorageFailure(f"writing failed: {error.strerror}", str(folder), "make room on that disk") from None
    return Extract(files, reader.counts, box, reader.incomplete)


class _Reader:
    """Goes through the extract once and keeps what only the end can decide: the coast and the extent."""

    def __init__(self, out: dict[str, IO[str]], bounds: Box | None) -> None:
        self.counts = dict.fromkeys(out, 0)
        self.incomplete = 0
        self._out = out
        self._bounds = bounds
        self._geometry = GeoJSONFactory()
        self._levels: dict[int, int] = {}
        self._labels: set[tuple[object, ...]] = set()
        self._coasts: list[list[tuple[float, float]]] = []
        self._extent = (float("inf"), float("inf"), float("-inf"), float("-inf"))

    @property
    def drawn(self) -> int:
        return sum(self.counts.values())

    def box(self) -> Box | None:
        return self._extent if self.drawn else None

    def read(self, source: Path) -> None:
        wanted = KeyFilter(*layers.KEYS)
        self._levels = _boundary_ways(source)
        for found in osmium.FileProcessor(os.fspath(source)).with_areas(wanted):
            if isinstance(found, Node):
                self._node(found)
            elif isinstance(found, Way):
                self._way(found)
            elif isinstance(found, Area):
                self._area(found)

    def write_sea(self, box: Box) -> None:
        for polygon in sea(self._coasts, box).geoms:
            self._write(Drawn("water", 0, {"kind": "sea"}), shapely.to_geojson(polygon))

    def _node(self, node: Node) -> None:
        if node.tags and (drawn := layers.point(dict(node.tags))) and self._inside([(node.lon, node.lat)]):
            self._label(drawn, node.lon, node.lat)

    def _way(self, way: Way) -> None:
        tags = dict(way.tags)
        level = self._levels.get(way.id)
        coast = tags.get("natural") == "coastline"
        drawn = [layers.line(tags), layers.boundary(level) if level is not None else None]
        if not coast and not any(drawn):
            return
        positions = _positions(way.nodes)
        if len(positions) < 2 or not self._inside(positions):
            self.incomplete += len(positions) < len(way.nodes)
            return
        if coast:
            self._coasts.append(positions)
        for one in filter(None, drawn):
            self._write(one, _line_string(positions))

    def _area(self, area: Area) -> None:
        tags = dict(area.tags)
        drawn, label = layers.area(tags), layers.point(tags)
        if drawn is None and label is None:
            return
        if not self._inside([position for ring in area.outer_rings() for position in _positions(ring)]):
            return
        try:
            geometry = self._geometry.create_multipolygon(area)
        except (RuntimeError, osmium.InvalidLocationError):
            self.incomplete += 1
            return
        if drawn is not None:
            self._write(drawn, geometry)
        if label is not None:
            inside = shapely.from_geojson(geometry).representative_point()
            self._label(label, inside.x, inside.y)

    def _label(self, drawn: Drawn, longitude: float, latitude: float) -> None:
        """Write a name unless the same one stands nearby: many places are mapped as a point and as an area."""
        label = (drawn.properties["kind"], drawn.properties["name"], round(longitude, 2), round(latitude, 2))
        if label not in self._labels:
            self._labels.add(label)
            self._write(drawn, f'{{"type":"Point","coordinates":[{longitude},{latitude}]}}')

    def _inside(self, positions: Sequence[tuple[float, float]]) -> bool:
        """Tell whether the rectangle around the positions meets the bounds, and widen the extent by it."""
        if not positions:
            return False
        longitudes, latitudes = zip(*positions, strict=True)
        west, south, east, north = min(longitudes), min(latitudes), max(longitudes), max(latitudes)
        if self._bounds is not None:
            left, bottom, right, top = self._bounds
            if east < left or west > right or north < bottom or south > top:
                return False
        w, s, e, n = self._extent
        self._extent = (min(w, west), min(s, south), max(e, east), max(n, north))
        return True

    def _write(self, drawn: Drawn, geometry: str) -> None:
        properties = msgspec.json.encode(drawn.properties).decode()
        self._out[drawn.layer].write(
            f'{{"type":"Feature","tippecanoe":{{"minzoom":{drawn.minzoom}}},'
            f'"properties":{properties},"geometry":{geometry}}}\n'
        )
        self.counts[drawn.layer] += 1


def _header(source: Path) -> Box | None:
    """Return the rectangle that the file's header states, if any; raises when this is no PBF file."""
    if not source.is_file():
        raise NotFound("there is no such extract", str(source), "name a downloaded .osm.pbf file")
    with source.open("rb") as file:
        start = file.read(16)
    if start[4:5] != b"\x0a" or b"OSMHeader" not in start:  # a length, then field 1: the block type
        raise BadInput(
            "not an OpenStreetMap extract in PBF format", str(source), "download the .osm.pbf file of the region"
        )
    try:
        with osmium.io.Reader(os.fspath(source), osmium.osm.NOTHING) as reader:
            box = reader.header().box()
    except RuntimeError as error:
        raise BadInput(f"the extract's header cannot be read: {error}", str(source), NEW_EXTRACT) from None
    if not box.valid():
        return None
    return box.bottom_left.lon, box.bottom_left.lat, box.top_right.lon, box.top_right.lat


def _boundary_ways(source: Path) -> dict[int, int]:
    """Return the id of every way that bounds an administrative area, with the highest such area's level."""
    levels: dict[int, int] = {}
    entities = osmium.osm.WAY | osmium.osm.RELATION
    for found in osmium.FileProcessor(os.fspath(source), entities).with_filter(KeyFilter("boundary")):
        level = layers.admin_level(dict(found.tags))
        if level is None:
            continue
        if isinstance(found, Relation):
            ways = [member.ref for member in found.members if member.type == "w"]
        else:
            ways = [found.id]
        for way in ways:
            levels[way] = min(level, levels.get(way, level))
    return levels


def _positions(nodes: Iterable[NodeRef]) -> list[tuple[float, float]]:
    return [(node.lon, node.lat) for node in nodes if node.location.valid()]


def _line_string(positions: Sequence[tuple[float, float]]) -> str:
    coordinates = ",".join(f"[{longitude},{latitude}]" for longitude, latitude in positions)
    return f'{{"type":"LineString","coordinates":[{coordinates}]}}'


def _nothing(source: Path, bounds: Box | None, header: Box | None) -> Unprocessable:
    where = f"{source}, which covers {_degrees(header)}" if header else str(source)
    if bounds is None:
        return Unprocessable("the extract holds nothing that a basemap shows", where, "take another extract")
    return Unprocessable(
        f"nothing of the extract lies inside {_degrees(bounds)}", where, "take the extract of the city's own region"
    )


def _degrees(box: Box) -> str:
    return f"{box[0]:.3f}…{box[2]:.3f} E, {box[1]:.3f}…{box[3]:.3f} N"
