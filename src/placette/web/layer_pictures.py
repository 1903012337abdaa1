"""A map between stations as drawn by the server: hexagons by class and doubt over a hatched ground, stations on top.

What is doubtful is seen: a hexagon is the paler the less it is known, and lets the hatching below it through.
"""

from __future__ import annotations

import bisect
from collections.abc import Sequence

import msgspec
import numpy as np

from placette.city.model import City
from placette.services.maps import Drawn
from placette.services.maps.nearest import nearest_areas
from placette.web.maps import Box, Sheet, bounds_of

MARGIN_M = 250.0
_LETTER, _SIZE, _DISC = 8.2, 15.0, 11.0
_BESIDE = 6.0
_SHIFTS = (-16.0, 5.0, -30.0, 30.0, -46.0, 46.0)
_BARS_M = (20, 50, 100, 200, 500, 1_000, 2_000, 5_000, 10_000, 20_000, 50_000)


class Patch(msgspec.Struct, frozen=True):
    """Cells (or an area) of one class of value and of doubt."""

    level: int
    doubt: int
    path: str


class Mark(msgspec.Struct, frozen=True):
    """A station with the class of its value; -1 where it has none."""

    x: float
    y: float
    level: int
    code: str


class Label(msgspec.Struct, frozen=True):
    """The name of a place."""

    x: float
    y: float
    text: str


class LayerPicture(msgspec.Struct, frozen=True, kw_only=True):
    """The whole drawing; ``areas`` are drawn where there is no map."""

    width: int
    height: int
    outline: str
    patches: tuple[Patch, ...]
    areas: tuple[Patch, ...]
    marks: tuple[Mark, ...]
    labels: tuple[Label, ...]
    bar: float
    bar_m: int
    bounds: Box


def level_of(value: float | None, breaks: Sequence[float]) -> int:
    """Return the class of a value, 0 being the lowest; -1 for none.

    >>> [level_of(value, [10.0, 11.0, 12.0]) for value in (None, 9.0, 10.0, 11.5, 12.0)]
    [-1, 0, 0, 1, 1]
    """
    if value is None or value != value or len(breaks) < 2:  # noqa: PLR0124  # NaN
        return -1
    return min(max(bisect.bisect_right(breaks, value) - 1, 0), len(breaks) - 2)


def picture(city: City, drawn: Drawn, breaks: Sequence[float], language: str, width: int, height: int) -> LayerPicture:
    """Return the drawing of the last frame."""
    frame = drawn.frames[-1]
    sheet = Sheet(bounds(drawn), width, height)
    drawable = drawn.cells is not None and frame.refused is None
    stations = list(zip(drawn.gathered.stations, drawn.values[-1].tolist(), strict=True))
    marks = tuple(
        Mark(*sheet.point((one.longitude, one.latitude)), level_of(value, breaks), one.code)
        for one, value in stations
        if value == value  # noqa: PLR0124  # NaN
    )
    bar_m = next((m for m in reversed(_BARS_M) if m * sheet.scale <= width / 5), _BARS_M[0])
    rings = city.outline["coordinates"]
    polygons = rings if city.outline["type"] == "MultiPolygon" else [rings]
    return LayerPicture(
        width=width,
        height=height,
        outline="".join(sheet.path(ring) for polygon in polygons for ring in polygon),
        patches=_patches(sheet, drawn, breaks) if drawable else (),
        areas=() if drawable else _areas(sheet, drawn, breaks),
        marks=marks,
        labels=_labels(sheet, city, language, marks),
        bar=round(bar_m * sheet.scale, 1),
        bar_m=bar_m,
        bounds=bounds(drawn),
    )


def bounds(drawn: Drawn) -> Box:
    """Return west, south, east and north of what must be seen: the stations, and a margin around them."""
    at = drawn.gathered.positions
    if not len(at):
        at = np.concatenate(drawn.ground.rings)
    corners = np.array([at.min(axis=0) - MARGIN_M, at.max(axis=0) + MARGIN_M])
    return bounds_of([(x, y) for x, y in drawn.ground.degrees(corners).round(6).tolist()])


def _patches(sheet: Sheet, drawn: Drawn, breaks: Sequence[float]) -> tuple[Patch, ...]:
    cells = drawn.cells
    assert cells is not None  # noqa: S101  # asked only of a frame that is drawn
    known = np.flatnonzero(~np.isnan(cells.values[-1]))
    centres = drawn.ground.degrees(cells.hexagons.centres[known])
    radius = cells.hexagons.width_m / 3**0.5 * sheet.scale * 1.01  # no seams between neighbours
    turn = np.radians(np.arange(6) * 60.0 + 30)
    steps = np.diff(np.column_stack([np.cos(turn), -np.sin(turn)]) * radius, axis=0).round(2)
    walk = "".join(f"l{x:g} {y:g}" for x, y in steps.tolist()) + "z"
    start = (float(np.cos(turn[0]) * radius), float(-np.sin(turn[0]) * radius))
    found: dict[tuple[int, int], list[str]] = {}
    for number, (longitude, latitude) in zip(known.tolist(), centres.tolist(), strict=True):
        x, y = sheet.point((longitude, latitude))
        if not (-radius <= x <= sheet.width + radius and -radius <= y <= sheet.height + radius):
            continue
        key = level_of(float(cells.values[-1, number]), breaks), int(cells.doubt[-1, number])
        found.setdefault(key, []).append(f"M{x + start[0]:.1f} {y + start[1]:.1f}{walk}")
    return tuple(Patch(level, doubt, "".join(parts)) for (level, doubt), parts in sorted(found.items()))


def _areas(sheet: Sheet, drawn: Drawn, breaks: Sequence[float]) -> tuple[Patch, ...]:
    have = np.flatnonzero(~np.isnan(drawn.values[-1]))
    found = []
    areas = nearest_areas(drawn.gathered.positions[have], drawn.ground.rings)
    for number, rings in zip(have.tolist(), areas, strict=True):
        paths = [sheet.path([(x, y) for x, y in drawn.ground.degrees(np.array(ring)).tolist()]) for ring in rings]
        found.append(Patch(level_of(float(drawn.values[-1, number]), breaks), 0, "".join(paths)))
    return tuple(found)


def _labels(sheet: Sheet, city: City, language: str, marks: Sequence[Mark]) -> tuple[Label, ...]:
    """Return the names of the places, each beside its middle where it covers fewest stations and other names."""
    found: list[Label] = []
    for place in city.places:
        x, y = sheet.point((place.longitude, place.latitude))
        if not sheet.holds((x, y)):
            continue
        name = place.names.get(language) or next(iter(place.names.values()))
        half = _half(name)
        ways = [
            Label(round(x + aside * (half + _BESIDE), 1), round(y + shift, 1), name)
            for shift in _SHIFTS
            for aside in (0, 1, -1)
        ]
        found.append(min(ways, key=lambda way: _covered(sheet, way, marks, found)))
    return tuple(found)


def _covered(sheet: Sheet, label: Label, marks: Sequence[Mark], others: Sequence[Label]) -> int:
    """Return how many stations and names a name would lie on; to run off the sheet is worse than both."""
    half = _half(label.text)
    stations = sum(abs(mark.x - label.x) < half + _DISC and -_SIZE - _DISC < mark.y - label.y < _DISC for mark in marks)
    names = sum(
        abs(other.x - label.x) < half + _half(other.text) and abs(other.y - label.y) < 1.2 * _SIZE for other in others
    )
    off = not (half < label.x < sheet.width - half and _SIZE < label.y < sheet.height - _SIZE)
    return stations + names + (len(marks) + len(others) + 1) * off


def _half(text: str) -> float:
    """Return half the width of a name, in pixels."""
    return len(text) * _LETTER / 2
