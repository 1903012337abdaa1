"""Maps as drawn by the server: positions on a sheet of paper, in whole pictures that need no script.

Mercator on a sheet of a few kilometres is a plain scaling; the same bounds are handed to the moving map, so that the
change from one to the other moves nothing.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import msgspec

from placette.city.model import City, Place
from placette.publish.areas import METRES_PER_DEGREE, Position, area, links
from placette.web.fleet import Fleet, Member

Point = tuple[float, float]
Box = tuple[float, float, float, float]
"""Left, top, right, bottom on a sheet; west, south, east, north on the ground."""

PADDING = 0.16
"""Share of the sheet left free around what must be seen."""
SMALLEST_M = 260.0
"""Width of ground that a sheet shows at least, m."""
MOST_DOTS = 1_200
"""Devices drawn one by one; beyond, they are gathered in cells."""
CELL = 34.0
"""Width of such a cell on the sheet."""
INSET = 112.0
"""Width and height of the small map of the whole city."""
_BARS_M = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000)
_LETTER = 0.56  # mean width of a letter of the labels, in their size
_COVERED = 100
"""Square units of a name over a length from which the length cannot be read."""
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
    label_x: float
    label_y: float
    anchor: str


class Link(msgspec.Struct, frozen=True):
    """A straight line between two places, with its middle and its length in metres, ``None`` where a name covers it."""

    path: str
    x: float
    y: float
    metres: float | None

    @property
    def box(self) -> Box:
        """Where its length is written."""
        return self.x - 26, self.y - 10, self.x + 26, self.y + 10


class Inset(msgspec.Struct, frozen=True):
    """The whole city, small, in a corner, with a frame where the sheet is."""

    x: float
    y: float
    outline: str
    frame: str


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """A whole drawn map. ``bar`` is a length on the sheet that stands for ``bar_m`` metres; the grid is as wide."""

    width: int
    height: int
    outline: str
    grounds: tuple[Ground, ...]
    links: tuple[Link, ...]
    inset: Inset | None
    dots: tuple[Dot, ...]
    heaps: tuple[Heap, ...]
    bar: float
    bar_m: int
    bounds: Box


class Sheet:
    """Positions to points: the ground within ``bounds`` (west, south, east, north) fits the sheet."""

    def __init__(self, bounds: Box, width: int, height: int) -> None:
        west, south, east, north = bounds
        self.middle = ((west + east) / 2, (south + north) / 2)
        self._squeeze = math.cos(math.radians(self.middle[1]))
        across = max((east - west) * self._squeeze * METRES_PER_DEGREE, SMALLEST_M * width / max(width, height))
        up = max((north - south) * METRES_PER_DEGREE, SMALLEST_M * height / max(width, height))
        self.scale = min(width / across, height / up) * (1 - PADDING)
        self.width, self.height = width, height

    def point(self, position: Position) -> Point:
        """Return where a position falls; y grows southwards."""
        east = (position[0] - self.middle[0]) * self._squeeze * METRES_PER_DEGREE
        north = (position[1] - self.middle[1]) * METRES_PER_DEGREE
        return round(self.width / 2 + east * self.scale, 1), round(self.height / 2 - north * self.scale, 1)

    def path(self, ring: Iterable[Position]) -> str:
        """Return the path of a closed ring."""
        return "M" + "L".join(f"{x:g} {y:g}" for x, y in (self.point((p[0], p[1])) for p in ring)) + "Z"

    def box(self, ring: Iterable[Position]) -> Box:
        """Return the box around a ring on the sheet."""
        across, down = zip(*(self.point(position) for position in ring), strict=True)
        return min(across), min(down), max(across), max(down)

    def holds(self, point: Point) -> bool:
        """Return whether a point is on the sheet."""
        return -20 <= point[0] <= self.width + 20 and -20 <= point[1] <= self.height + 20


def bounds_of(positions: Sequence[Position]) -> Box:
    """Return west, south, east, north of some positions."""
    longitudes, latitudes = zip(*positions, strict=True)
    return min(longitudes), min(latitudes), max(longitudes), max(latitudes)


def city_map(city: City, fleet: Fleet, names: dict[str, str], width: int, height: int) -> Picture:
    """Return the map of all places; ``names`` are their labels. A city without places shows its outline."""
    rings = {place.key: _ring(place, fleet.at(place.key)) for place in city.places}
    seen = [position for ring in rings.values() for position in ring] or _outline(city)[0]
    bounds = bounds_of(seen)
    sheet = Sheet(bounds, width, height)
    centres = {place.key: (place.longitude, place.latitude) for place in city.places}
    lines = tuple(_link(sheet, centres[one], centres[other], metres) for one, other, metres in links(centres))
    taken = [sheet.box(ring) for ring in rings.values()]
    taken += [line.box for line in lines]
    inset = _inset(sheet, city, taken)
    if inset:
        taken.append((inset.x - 8, inset.y - 8, inset.x + INSET + 8, inset.y + INSET + 8))
    before = len(taken)
    grounds = _grounds(sheet, rings, names, taken)
    written = taken[before:]
    lines = tuple(
        msgspec.structs.replace(line, metres=None)
        if any(_overlap(line.box, name) > _COVERED for name in written)
        else line
        for line in lines
    )
    return _picture(sheet, bounds, city, fleet.members, grounds=grounds, lines=lines, inset=inset)


def place_map(city: City, fleet: Fleet, key: str, width: int, height: int) -> Picture:
    """Return the map of one place with its devices."""
    place = next(place for place in city.places if place.key == key)
    members = fleet.at(key)
    ring = _ring(place, members)
    sheet = Sheet(bounds_of(ring), width, height)
    return _picture(sheet, bounds_of(ring), city, members, grounds=_grounds(sheet, {key: ring}, {}, []))


def _ring(place: Place, members: Sequence[Member]) -> list[Position]:
    return area((place.longitude, place.latitude), [m.position for m in members if m.position is not None])


def _picture(
    sheet: Sheet,
    bounds: Box,
    city: City,
    members: Sequence[Member],
    *,
    grounds: tuple[Ground, ...],
    lines: tuple[Link, ...] = (),
    inset: Inset | None = None,
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
        links=lines,
        inset=inset,
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


def _link(sheet: Sheet, one: Position, other: Position, metres: float) -> Link:
    (x1, y1), (x2, y2) = sheet.point(one), sheet.point(other)
    return Link(f"M{x1:g} {y1:g}L{x2:g} {y2:g}", round((x1 + x2) / 2, 1), round((y1 + y2) / 2, 1), metres)


def _inset(sheet: Sheet, city: City, taken: list[Box]) -> Inset | None:
    """Draw the whole city in the freest corner; nothing where no corner is free enough."""
    right, below = sheet.width - INSET - 14, sheet.height - INSET - 14
    corners = [(right, 14.0), (14.0, 14.0), (right, below)]
    x, y = min(
        corners, key=lambda corner: sum(_overlap((*corner, corner[0] + INSET, corner[1] + INSET), t) for t in taken)
    )
    if sum(_overlap((x, y, x + INSET, y + INSET), other) for other in taken) > INSET:
        return None
    rings = _outline(city)
    small = Sheet(bounds_of([p for ring in rings for p in ring]), int(INSET), int(INSET))
    scale = small.scale / sheet.scale
    middle_x, middle_y = small.point(sheet.middle)
    wide, high = max(7.0, sheet.width * scale), max(7.0, sheet.height * scale)
    frame = f"M{middle_x - wide / 2:.1f} {middle_y - high / 2:.1f}h{wide:.1f}v{high:.1f}h{-wide:.1f}Z"
    return Inset(x, y, "".join(small.path(ring) for ring in rings), frame)


def _grounds(
    sheet: Sheet, rings: dict[str, list[Position]], names: dict[str, str], taken: list[Box]
) -> tuple[Ground, ...]:
    """Draw the places and stand each label where it covers neither a place nor another label."""
    found = []
    for key, ring in rings.items():
        label_x, label_y, anchor, box = _label(sheet, sheet.box(ring), names.get(key, ""), taken)
        taken.append(box)
        found.append(Ground(key, sheet.path(ring), label_x, label_y, anchor))
    return tuple(found)


def _label(sheet: Sheet, ground: Box, name: str, taken: list[Box]) -> tuple[float, float, str, Box]:
    west, north, east, south = ground
    x, y, gap = (west + east) / 2, (north + south) / 2, 12
    width = len(name) * _LABEL_SIZE * _LETTER
    choices = (
        (east + gap, y + 6, "start", (east + gap, y - 14, east + gap + width, y + 14)),
        (west - gap, y + 6, "end", (west - gap - width, y - 14, west - gap, y + 14)),
        (x, north - gap, "middle", (x - width / 2, north - gap - 18, x + width / 2, north - gap + 6)),
        (x, south + gap + 12, "middle", (x - width / 2, south + gap - 4, x + width / 2, south + gap + 18)),
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
