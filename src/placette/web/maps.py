"""Maps as drawn by the server: positions on a sheet of paper, in whole pictures that need no script.

Mercator on a sheet of a few kilometres is a plain scaling; the same bounds are handed to the moving map, so that the
change from one to the other moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from placette.city.model import City
from placette.publish.areas import METRES_PER_DEGREE, Position, area, distance_m
from placette.web.fleet import Fleet, Member

Point = tuple[float, float]

PADDING = 0.16
"""Share of the sheet left free around what must be seen."""
SMALLEST_M = 260.0
"""Width of ground that a sheet shows at least, m."""
MOST_DOTS = 1_200
"""Devices drawn one by one; beyond, they are gathered in cells."""
CELL = 34.0
"""Width of such a cell on the sheet."""
_BARS_M = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_LETTER = 0.56  # mean width of a letter of the labels, in their size
_LABEL_SIZE = 17.0


class Dot(msgspec.Struct, frozen=True):
    """A device on the sheet."""

    x: float
    y: float
    kind: str
    code: str
    datastreams: str


class Heap(msgspec.Struct, frozen=True):
    """Devices too many to be drawn one by one."""

    x: float
    y: float
    radius: float
    count: int


class Ground(msgspec.Struct, frozen=True):
    """A place on the sheet: the path of its ground, its centre, and where its label stands."""

    key: str
    path: str
    x: float
    y: float
    radius: float
    label_x: float
    label_y: float
    anchor: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A whole drawn map. ``bar`` is a length on the sheet that stands for ``bar_m`` metres."""

    width: int
    height: int
    outline: str
    grounds: tuple[Ground, ...]
    dots: tuple[Dot, ...]
    heaps: tuple[Heap, ...]
    bar: float
    bar_m: int
    bounds: tuple[float, float, float, float]


class Sheet:
    """Positions to points: the ground within ``bounds`` (west, south, east, north) fits the sheet."""

    def __init__(self, bounds: tuple[float, float, float, float], width: int, height: int) -> None:
        west, south, east, north = bounds
        self._middle = ((west + east) / 2, (south + north) / 2)
        self._squeeze = math.cos(math.radians(self._middle[1]))
        across = max((east - west) * self._squeeze * METRES_PER_DEGREE, SMALLEST_M * width / max(width, height))
        up = max((north - south) * METRES_PER_DEGREE, SMALLEST_M * height / max(width, height))
        self.scale = min(width / across, height / up) * (1 - PADDING)
        self.width, self.height = width, height

    def point(self, position: Position) -> Point:
        """Return where a position falls; y grows southwards."""
        east = (position[0] - self._middle[0]) * self._squeeze * METRES_PER_DEGREE
        north = (position[1] - self._middle[1]) * METRES_PER_DEGREE
        return round(self.width / 2 + east * self.scale, 1), round(self.height / 2 - north * self.scale, 1)

    def path(self, ring: Iterable[Position]) -> str:
        """Return the path of a closed ring."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in (self.point((p[0], p[1])) for p in ring)) + "Z"

    def holds(self, point: Point) -> bool:
        """Return whether a point is on the sheet."""
        return -20 <= point[0] <= self.width + 20 and -20 <= point[1] <= self.height + 20


def bounds_of(positions: Sequence[Position]) -> tuple[float, float, float, float]:
    """Return west, south, east, north of some positions."""
    longitudes, latitudes = zip(*positions, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def city_map(city: City, fleet: Fleet, names: dict[str, str], width: int, height: int) -> Picture:
    """Return the map of all places; ``names`` are their labels. A city without places shows its outline."""
    rings = {
        place.key: area(
            (place.longitude, place.latitude), [m.position for m in fleet.at(place.key) if m.position is not None]
        )
        for place in city.places
    }
    seen = [position for ring in rings.values() for position in ring] or _outline(city)[0]
    bounds = bounds_of(seen)
    sheet = Sheet(bounds, width, height)
    grounds = _grounds(sheet, city, rings, names)
    return _picture(sheet, bounds, city, grounds, fleet.members)


def place_map(city: City, fleet: Fleet, key: str, width: int, height: int) -> Picture:
    """Return the map of one place with its devices."""
    place = next(place for place in city.places if place.key == key)
    members = fleet.at(key)
    ring = area((place.longitude, place.latitude), [m.position for m in members if m.position is not None])
    bounds = bounds_of(ring)
    sheet = Sheet(bounds, width, height)
    return _picture(sheet, bounds, city, _grounds(sheet, city, {key: ring}, {}), members)


def _picture(
    sheet: Sheet,
    bounds: tuple[float, float, float, float],
    city: City,
    grounds: tuple[Ground, ...],
    members: Sequence[Member],
) -> Picture:
    placed = [(sheet.point(member.position), member) for member in members if member.position]
    seen = [(point, member) for point, member in placed if sheet.holds(point)]
    few = len(seen) <= MOST_DOTS
    bar_m = next((m for m in reversed(_BARS_M) if m * sheet.scale <= sheet.width / 5), _BARS_M[0])
    return Picture(
        width=sheet.width,
        height=sheet.height,
        outline="".join(sheet.path(ring) for ring in _outline(city)),
        grounds=grounds,
        dots=tuple(_dot(point, member) for point, member in seen) if few else (),
        heaps=() if few else _heaps([point for point, _ in seen]),
        bar=round(bar_m * sheet.scale, 1),
        bar_m=bar_m,
        bounds=bounds,
    )


def _dot(point: Point, member: Member) -> Dot:
    return Dot(*point, member.kind, member.code, " ".join(str(info.id) for info in member.infos))


def _heaps(points: list[Point]) -> tuple[Heap, ...]:
    cells: dict[tuple[int, int], list[Point]] = {}
    for point in points:
        cells.setdefault((int(point[0] // CELL), int(point[1] // CELL)), []).append(point)
    return tuple(
        Heap(
            round(sum(x for x, _ in inside) / len(inside), 1),
            round(sum(y for _, y in inside) / len(inside), 1),
            round(min(CELL / 2, 3 + 2.2 * math.sqrt(len(inside))), 1),
            len(inside),
        )
        for inside in cells.values()
    )


def _outline(city: City) -> list[list[Position]]:
    shape = city.outline
    polygons = shape["coordinates"] if shape["type"] == "MultiPolygon" else [shape["coordinates"]]
    return [ring for polygon in polygons for ring in polygon]


def _grounds(sheet: Sheet, city: City, rings: dict[str, list[Position]], names: dict[str, str]) -> tuple[Ground, ...]:
    """Draw the places and stand each label where it covers neither a place nor another label."""
    drawn = []
    for place in city.places:
        if place.key in rings:
            centre = (place.longitude, place.latitude)
            reach = max(distance_m(centre, corner) for corner in rings[place.key]) * sheet.scale
            drawn.append((place.key, sheet.point(centre), reach))
    taken = [(x - r, y - r, x + r, y + r) for _, (x, y), r in drawn]
    found = []
    for key, (x, y), reach in drawn:
        label_x, label_y, anchor, box = _label(sheet, (x, y), reach, names.get(key, ""), taken)
        taken.append(box)
        found.append(Ground(key, sheet.path(rings[key]), x, y, round(reach, 1), label_x, label_y, anchor))
    return tuple(found)


Box = tuple[float, float, float, float]


def _label(sheet: Sheet, centre: Point, reach: float, name: str, taken: list[Box]) -> tuple[float, float, str, Box]:
    x, y = centre
    width, gap = len(name) * _LABEL_SIZE * _LETTER, reach + 10
    choices = (
        (x + gap, y + 6, "start", (x + gap, y - 14, x + gap + width, y + 14)),
        (x - gap, y + 6, "end", (x - gap - width, y - 14, x - gap, y + 14)),
        (x, y - gap, "middle", (x - width / 2, y - gap - 20, x + width / 2, y - gap + 6)),
        (x, y + gap + 12, "middle", (x - width / 2, y + gap - 4, x + width / 2, y + gap + 20)),
    )

    def cost(box: Box) -> float:
        inside = box[0] >= 6 and box[1] >= 6 and box[2] <= sheet.width - 6 and box[3] <= sheet.height - 6
        return sum(_overlap(box, other) for other in taken) + (0 if inside else 1e6)

    label_x, label_y, anchor, box = min(choices, key=lambda choice: cost(choice[3]))
    return round(label_x, 1), round(label_y, 1), anchor, box


def _overlap(one: Box, other: Box) -> float:
    across = min(one[2], other[2]) - max(one[0], other[0])
    down = min(one[3], other[3]) - max(one[1], other[1])
    return across * down if across > 0 and down > 0 else 0.0
