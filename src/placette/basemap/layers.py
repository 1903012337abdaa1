"""What of OpenStreetMap is drawn: tags in, layer and attributes out. The schema is docs/basemap.md.

Tags: https://wiki.openstreetmap.org/wiki/Map_features. Pure: no files, no geometry.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

Tags = Mapping[str, str]

LAYERS = ("water", "green", "building", "road", "rail", "place", "boundary")
"""All layers of a basemap, in the order in which they are drawn."""

KEYS = (
    *("amenity", "boundary", "building", "highway", "landuse", "leisure", "natural", "place", "railway"),
    "waterway",
)
"""The only keys that lead to something drawn: a reader may pass over objects that have none of them."""

STOREY_M = 3.0
"""Height of a storey in metres where only ``building:levels`` is known, as the OSM wiki recommends."""

DEEPEST = 16
"""The deepest zoom level at which anything new appears."""


class Drawn(NamedTuple):
    """How one object is drawn: its layer, the first zoom level it appears at, and its attributes."""

    layer: str
    minzoom: int
    properties: dict[str, str | int | float]


Kinds = dict[str, tuple[str, int]]
"""Tag value → kind (or class) and first zoom level."""

_WATER_AREAS: dict[str, Kinds] = {
    "natural": {"water": ("lake", 6)},
    "waterway": {"riverbank": ("river", 6), "dock": ("basin", 12)},
    "landuse": {"reservoir": ("basin", 6), "basin": ("basin", 12)},
    "leisure": {"swimming_pool": ("pool", 15)},
    "amenity": {"fountain": ("fountain", 14)},
}
_WATER_KINDS: Kinds = {
    "river": ("river", 6),
    "oxbow": ("river", 8),
    "canal": ("canal", 8),
    "stream": ("stream", 13),
    "basin": ("basin", 12),
    "reservoir": ("basin", 6),
    "fountain": ("fountain", 14),
    "reflecting_pool": ("basin", 14),
}
_WATER_LINES: Kinds = {
    "river": ("river", 8),
    "canal": ("canal", 10),
    "stream": ("stream", 13),
    "ditch": ("stream", 15),
    "drain": ("stream", 15),
}
_GREEN: dict[str, Kinds] = {
    "leisure": {
        "park": ("park", 10),
        "garden": ("garden", 12),
        "pitch": ("pitch", 14),
        "track": ("pitch", 14),
        "golf_course": ("grass", 12),
        "dog_park": ("park", 14),
        "playground": ("pitch", 15),
    },
    "landuse": {
        "forest": ("forest", 7),
        "grass": ("grass", 12),
        "meadow": ("grass", 12),
        "village_green": ("grass", 12),
        "recreation_ground": ("park", 12),
        "flowerbed": ("garden", 15),
        "farmland": ("farmland", 12),
        "orchard": ("farmland", 12),
        "vineyard": ("farmland", 12),
        "allotments": ("farmland", 12),
        "cemetery": ("cemetery", 12),
    },
    "natural": {
        "wood": ("forest", 7),
        "grassland": ("grass", 12),
        "scrub": ("scrub", 12),
        "heath": ("scrub", 12),
        "beach": ("beach", 12),
        "sand": ("beach", 12),
    },
    "amenity": {"grave_yard": ("cemetery", 12)},
}
_ROADS: Kinds = {
    "motorway": ("motorway", 5),
    "trunk": ("motorway", 5),
    "primary": ("primary", 7),
    "secondary": ("secondary", 10),
    "tertiary": ("secondary", 10),
    "residential": ("minor", 12),
    "unclassified": ("minor", 12),
    "living_street": ("minor", 12),
    "road": ("minor", 12),
    "busway": ("minor", 13),
    "service": ("minor", 13),
    "pedestrian": ("pedestrian", 12),
    "footway": ("path", 14),
    "path": ("path", 14),
    "steps": ("path", 14),
    "cycleway": ("path", 14),
    "track": ("path", 14),
    "bridleway": ("path", 14),
}
_RAILS: Kinds = {
    "rail": ("rail", 8),
    "narrow_gauge": ("rail", 8),
    "tram": ("tram", 12),
    "light_rail": ("tram", 12),
    "subway": ("subway", 12),
    "funicular": ("funicular", 12),
}
_PLACES: dict[str, tuple[int, int]] = {
    "city": (2, 3),
    "town": (3, 7),
    "village": (4, 10),
    "suburb": (5, 12),
    "quarter": (6, 14),
    "hamlet": (7, 14),
    "square": (7, 14),
    "neighbourhood": (8, 14),
}
"""Value of ``place`` → rank and first zoom level."""
_BOUNDARIES = {2: 0, 4: 4, 6: 6, 8: 10}
"""``admin_level`` → first zoom level: https://wiki.openstreetmap.org/wiki/Tag:boundary=administrative."""


def area(tags: Tags) -> Drawn | None:
    """Return how a polygon is drawn, ``None`` when it is not.

    >>> area({"building": "yes", "building:levels": "4"})
    Drawn(layer='building', minzoom=13, properties={'height': 12.0})
    >>> area({"natural": "water", "water": "river", "name": "Arc"}).properties
    {'kind': 'river', 'name': 'Arc'}
    """
    if tags.get("building", "no") != "no":
        return _building(tags)
    if is_square(tags):
        return Drawn("road", 12, {"class": "pedestrian", **_names(tags)})
    if found := _first(_WATER_AREAS, tags):
        kind, zoom = _WATER_KINDS.get(tags.get("water", ""), found)
        return Drawn("water", zoom, {"kind": kind, **_names(tags)})
    if found := _first(_GREEN, tags):
        return Drawn("green", found[1], {"kind": found[0], **_names(tags)})
    return None


def line(tags: Tags) -> Drawn | None:
    """Return how a way is drawn as a line, ``None`` when it is not. Boundaries come from :func:`boundary`.

    >>> line({"highway": "primary_link", "ref": "M 6098"}).properties
    {'class': 'primary', 'ref': 'M 6098'}
    """
    if tags.get("area") == "yes":
        return None
    if found := _ROADS.get(tags.get("highway", "").removesuffix("_link")):
        reference = {"ref": tags["ref"]} if "ref" in tags else {}
        return Drawn("road", found[1], {"class": found[0], **reference, **_crossing(tags), **_names(tags)})
    if found := _RAILS.get(tags.get("railway", "")):
        zoom = 13 if "service" in tags else found[1]
        return Drawn("rail", zoom, {"kind": found[0], **_crossing(tags), **_names(tags)})
    if found := _WATER_LINES.get(tags.get("waterway", "")):
        return Drawn("water", found[1], {"kind": found[0], **_crossing(tags), **_names(tags)})
    return None


def point(tags: Tags) -> Drawn | None:
    """Return how a place's name is drawn, ``None`` without a name; capitals rank before other cities.

    >>> point({"place": "city", "name": "Monaco", "capital": "yes"})
    Drawn(layer='place', minzoom=3, properties={'kind': 'city', 'rank': 1, 'name': 'Monaco'})
    """
    kind = "square" if is_square(tags) else tags.get("place", "")
    if kind not in _PLACES or "name" not in tags:
        return None
    rank, zoom = _PLACES[kind]
    if kind == "city" and tags.get("capital") == "yes":
        rank = 1
    return Drawn("place", zoom, {"kind": kind, "rank": rank, **_names(tags)})


def boundary(level: int) -> Drawn | None:
    """Return how a boundary of this ``admin_level`` is drawn, ``None`` for levels that are not."""
    return Drawn("boundary", _BOUNDARIES[level], {"level": level}) if level in _BOUNDARIES else None


def admin_level(tags: Tags) -> int | None:
    """Return the administrative level of a way or relation, ``None`` when it bounds nothing administrative."""
    level = tags.get("admin_level", "")
    return int(level) if tags.get("boundary") == "administrative" and level.isdecimal() else None


def is_square(tags: Tags) -> bool:
    """Tell whether a closed way or relation is a square: somewhere to walk in all directions.

    A pedestrian street that ends where it began is none.
    """
    across = tags.get("area") == "yes" or tags.get("type") == "multipolygon"
    return tags.get("place") == "square" or (tags.get("highway") == "pedestrian" and across)


def _first(table: dict[str, Kinds], tags: Tags) -> tuple[str, int] | None:
    return next((kinds[tags[key]] for key, kinds in table.items() if tags.get(key) in kinds), None)


def _building(tags: Tags) -> Drawn | None:
    if tags.get("location") == "underground":
        return None
    height = _number(tags.get("height", "").removesuffix("m"))
    if height is None and (levels := _number(tags.get("building:levels", ""))) is not None:
        height = levels * STOREY_M
    return Drawn("building", 13, {} if height is None else {"height": round(height, 1)})


def _number(text: str) -> float | None:
    try:
        value = float(text)
    except ValueError:
        return None
    return value if 0 < value < 1000 else None


def _crossing(tags: Tags) -> dict[str, int]:
    return {key: 1 for key in ("tunnel", "bridge") if tags.get(key, "no") != "no"}


def _names(tags: Tags) -> dict[str, str]:
    name = tags.get("name")
    if name is None:
        return {}
    others = {f"name_{code}": tags.get(f"name:{code}", name) for code in ("fr", "en")}
    return {"name": name} | {key: value for key, value in others.items() if value != name}
