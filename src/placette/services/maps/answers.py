"""A map as GeoJSON: cells, contours or nearest areas, the stations, and beside them all that must be said of it."""

from __future__ import annotations

from typing import Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.pooled import Checked
from placette.city.model import City
from placette.model import units
from placette.model.times import iso
from placette.services.maps import scales
from placette.services.maps.contours import contours
from placette.services.maps.levels import breaks
from placette.services.maps.nearest import nearest_areas
from placette.services.maps.question import DOUBT, Drawn, Refused
from placette.services.maps.scales import Floats, Scale
from placette.services.maps.stations import LeftOut, Origin
from placette.services.maps.times import Period

FEWEST = 8


class Feature(msgspec.Struct, frozen=True, kw_only=True):
    """One cell, contour, doubtful ground, nearest area or station: ``properties.part`` says which."""

    type: Literal["Feature"] = "Feature"
    id: int
    geometry: dict[str, Any]
    properties: dict[str, Any]


class FrameShown(msgspec.Struct, frozen=True, kw_only=True):
    """One map in time; ``score`` is of all hours that share its variogram, ``own`` of its own values.

    ``breaks`` are bounds of a legend of this map alone; ``used`` are the covariates with which stations left out are
    foretold better.
    """

    begin: str
    end: str
    stations: int
    refused: Refused | None
    mean: float | None
    breaks: list[float]
    method: str | None
    used: tuple[str, ...]
    range_m: float | None
    widened: float | None
    score: Checked | None
    own: Checked | None


class About(msgspec.Struct, frozen=True, kw_only=True):
    """What a map shows: ``interpolated`` is what of the values, ``breaks`` are bounds of a legend.

    ``corrected`` counts the stations whose corrected values are shown instead of what they measured; ``covariates`` of
    the ground were tried, those ``lacking`` are named by the city folder and wait for a basemap.
    """

    property: str
    names: dict[str, str]
    unit: str
    symbol: str
    decimals: int
    origin: Origin
    stations: dict[str, int]
    corrected: int
    interpolated: Scale
    period: Period
    zone: str
    fewest_stations: int
    doubt: tuple[float, ...]
    breaks: list[float]
    cell_width_m: float | None
    covariates: dict[str, dict[str, str]]
    lacking: dict[str, dict[str, str]]
    threshold: float | None
    left_out: tuple[LeftOut, ...]
    frames: list[FrameShown]


class MapAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """A GeoJSON FeatureCollection with a foreign member ``map`` (RFC 7946, section 6.1)."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    map: About
    features: list[Feature]


def answer(city: City, drawn: Drawn, threshold: float | None = None) -> MapAnswer:
    """Return what ``/api/maps/{property}`` answers; ``threshold`` is in the property's unit."""
    features: list[Feature] = []
    if drawn.question.shape == "hexagons":
        features += _cells(drawn, threshold)
    elif drawn.question.shape == "contours":
        features += _contours(city, drawn)
    if drawn.cells is None or any(frame.refused for frame in drawn.frames):
        features += _areas(drawn, len(features))
    features += _stations(drawn, len(features))
    return MapAnswer(map=about(city, drawn, threshold), features=features)


def about(city: City, drawn: Drawn, threshold: float | None = None) -> About:
    """Return what is said of the map."""
    return About(
        property=drawn.known.key,
        names=drawn.known.names,
        unit=drawn.known.unit,
        symbol=units.symbol(drawn.known.unit),
        decimals=drawn.known.decimals,
        origin=drawn.origin,
        stations={str(origin): number for origin, number in drawn.counts.items()},
        corrected=sum(station.corrected for station in drawn.gathered.stations),
        interpolated=drawn.scale,
        period=drawn.question.period,
        zone=city.zone,
        fewest_stations=FEWEST,
        doubt=DOUBT,
        breaks=legend(drawn),
        cell_width_m=drawn.cells.hexagons.width_m if drawn.cells else None,
        covariates={one.key: one.names for one in city.covariates if one.key in drawn.known_ground.used},
        lacking={one.key: one.names for one in city.covariates if one.key in drawn.known_ground.lacking},
        threshold=threshold,
        left_out=drawn.gathered.left_out,
        frames=[_frame(drawn, number) for number in range(len(drawn.frames))],
    )


def legend(drawn: Drawn, frame: int | None = None) -> list[float]:
    """Return the bounds of the classes that hold every value of a frame, or of all of them."""
    part = slice(None) if frame is None else slice(frame, frame + 1)
    shown = [drawn.values[part].ravel()] + ([drawn.cells.values[part].ravel()] if drawn.cells else [])
    every = np.concatenate(shown)
    every = every[~np.isnan(every)]
    return breaks(float(every.min()), float(every.max()), drawn.known.decimals) if len(every) else []


def _frame(drawn: Drawn, number: int) -> FrameShown:
    frame = drawn.frames[number]
    learned = frame.learned
    return FrameShown(
        begin=iso(frame.begin),
        end=iso(frame.end),
        stations=frame.stations,
        refused=frame.refused,
        mean=frame.mean,
        breaks=legend(drawn, number),
        method=learned.method if learned else None,
        used=tuple(drawn.known_ground.used[column] for column in learned.columns) if learned else (),
        range_m=round(learned.variogram.reach_m, 1) if learned else None,
        widened=round(learned.widened, 3) if learned else None,
        score=learned.checked if learned else None,
        own=frame.own,
    )


def _cells(drawn: Drawn, threshold: float | None) -> list[Feature]:
    cells = drawn.cells
    if cells is None:
        return []
    rings = _degrees(drawn, cells.hexagons.corners())
    digits = drawn.known.decimals + 1
    columns = {"value": cells.values, "standard_error": cells.errors, "low": cells.low, "high": cells.high}
    written = {name: _rounded(values, digits) for name, values in columns.items()}
    doubt = cells.doubt.T.tolist()
    chances: list[list[float | None]] = []
    if threshold is not None:
        bound = float(scales.forward(drawn.scale, np.array([threshold]), drawn.known.decimals)[0])
        chances = _rounded(scales.above(cells.scaled, cells.scaled_errors, bound), 3)
    codes = [station.code for station in drawn.gathered.stations]
    several = len(drawn.frames) > 1
    features = []
    for number, ring in enumerate(rings):
        said: dict[str, Any] = {"part": "cell", **{name: each[number][-1] for name, each in written.items()}}
        said |= {"doubt": doubt[number][-1], "nearest": codes[cells.nearest[number]]}
        said["distance_m"] = round(float(cells.distance_m[number]))
        if chances:
            said["probability"] = chances[number][-1]
        if several:
            said |= {"values": written["value"][number], "standard_errors": written["standard_error"][number]}
            said["doubts"] = doubt[number]
        features.append(Feature(id=number, geometry={"type": "Polygon", "coordinates": [ring]}, properties=said))
    return features


def _contours(city: City, drawn: Drawn) -> list[Feature]:
    found, doubtful = contours(city, drawn)
    digits = drawn.known.decimals + 1
    parts: list[tuple[list[list[Floats]], dict[str, Any]]] = [
        (
            each.polygons,
            {"part": "contour", "low": each.low, "high": each.high, "standard_error": round(each.error, digits)},
        )
        for each in found
    ]
    if doubtful:
        parts.append((doubtful, {"part": "doubt", "above": DOUBT[1]}))
    return [
        Feature(
            id=number,
            geometry={
                "type": "MultiPolygon",
                "coordinates": [[ring.round(6).tolist() for ring in rings] for rings in polygons],
            },
            properties=said,
        )
        for number, (polygons, said) in enumerate(parts)
    ]


def _areas(drawn: Drawn, first: int) -> list[Feature]:
    """Return the nearest areas of the stations that have a value in some frame."""
    have = np.flatnonzero(~np.isnan(drawn.values).all(axis=0))
    rings = nearest_areas(drawn.gathered.positions[have], drawn.ground.rings)
    values = _rounded(drawn.values, drawn.known.decimals + 1)
    features: list[Feature] = []
    for place, parts in zip(have.tolist(), rings, strict=True):
        if not parts:
            continue
        polygons = [[_degrees(drawn, np.array([*ring, ring[0]])[None])[0]] for ring in parts]
        code = drawn.gathered.stations[place].code
        said: dict[str, Any] = {"part": "area", "nearest": code, "value": values[place][-1]}
        if len(drawn.frames) > 1:
            said["values"] = values[place]
        ground: dict[str, Any] = {"type": "MultiPolygon", "coordinates": polygons}
        features.append(Feature(id=first + len(features), geometry=ground, properties=said))
    return features


def _stations(drawn: Drawn, first: int) -> list[Feature]:
    values = _rounded(drawn.values, drawn.known.decimals + 1)
    features = []
    for number, station in enumerate(drawn.gathered.stations):
        said: dict[str, Any] = {
            "part": "station",
            "code": station.code,
            "name": station.name,
            "kind": station.kind,
            "place": station.place,
            "corrected": station.corrected,
            "datastreams": station.datastreams,
            "value": values[number][-1],
        }
        if len(drawn.frames) > 1:
            said["values"] = values[number]
        shape = {"type": "Point", "coordinates": [station.longitude, station.latitude]}
        features.append(Feature(id=first + number, geometry=shape, properties=said))
    return features


def _degrees(drawn: Drawn, rings: Floats) -> list[list[list[float]]]:
    """Return rings (count × corners × 2, m) as positions in degrees, to a decimetre."""
    flat = drawn.ground.degrees(rings.reshape(-1, 2)).round(6)
    found: Any = flat.reshape(rings.shape).tolist()
    nested: list[list[list[float]]] = found
    return nested


def _rounded(values: npt.NDArray[np.float64], digits: int) -> list[list[float | None]]:
    """Return frames × things as one list of frames per thing; ``None`` for NaN."""
    return [[None if each != each else each for each in row] for row in np.round(values.T, digits).tolist()]  # noqa: PLR0124
