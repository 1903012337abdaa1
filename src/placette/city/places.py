"""Reads places.geojson: the connected squares, each a GeoJSON Point with what the pages say about it."""

from __future__ import annotations

from placette.city.documents import Document, Fault
from placette.city.ground import Ground, place_fault
from placette.city.model import OBJECTIVES, Place
from placette.city.tables import Check, Path, Reader
from placette.city.words import check_key, known_or_close, texts_in


def read_places(
    document: Document, ground: Ground | None, languages: tuple[str, ...], faults: list[Fault]
) -> tuple[Place, ...]:
    """Return the places in the file's order; without ``ground`` their positions are only checked against the globe."""
    reader = Reader(document, faults)
    collection = reader.table((), document.value)
    features = collection.get("features")
    if collection.get("type") != "FeatureCollection" or not isinstance(features, list):
        reader.fault((), "not a GeoJSON FeatureCollection", "see RFC 7946, section 3.3")
        return ()
    if not features:
        reader.fault(("features",), "the city has no place", "add a Point Feature for each square")
    found: dict[str, Place] = {}
    for index, feature in enumerate(features):
        path: Path = ("features", index)
        place = _read_place(reader, path, feature, ground, languages)
        if place is None:
            continue
        if place.key in found:
            reader.fault((*path, "properties", "key"), f"the key '{place.key}' stands twice", "give each place its own")
        found[place.key] = place
    return tuple(found.values())


def _read_place(
    reader: Reader, path: Path, feature: object, ground: Ground | None, languages: tuple[str, ...]
) -> Place | None:
    table = reader.table(path, feature)
    position = _read_position(reader, (*path, "geometry"), table.get("geometry"), ground)
    longitude, latitude = position or (0.0, 0.0)
    inside: Path = (*path, "properties")
    texts = texts_in(languages)
    checks: dict[str, Check] = {
        "key": check_key,
        "names": texts,
        "descriptions": texts,
        "objectives": _check_objectives,
    }
    place = reader.struct(Place, inside, table.get("properties"), checks, longitude=longitude, latitude=latitude)
    return place if position else None


def _check_objectives(reader: Reader, path: Path, objectives: tuple[str, ...]) -> None:
    for index, objective in enumerate(objectives):
        if objective not in OBJECTIVES:
            remedy = known_or_close(objective, OBJECTIVES, "docs/city.md")
            reader.fault((*path, index), f"unknown objective '{objective}'", remedy)


def _read_position(reader: Reader, path: Path, shape: object, ground: Ground | None) -> tuple[float, float] | None:
    table = shape if isinstance(shape, dict) else {}
    coordinates = table.get("coordinates")
    if table.get("type") != "Point" or not isinstance(coordinates, list) or len(coordinates) not in (2, 3):
        remedy = 'write {"type": "Point", "coordinates": [longitude, latitude]}'
        reader.fault(path, "the geometry is not a Point", remedy)
        return None
    longitude, latitude = coordinates[:2]
    if isinstance(longitude, bool) or isinstance(latitude, bool):
        longitude = None
    if not isinstance(longitude, int | float) or not isinstance(latitude, int | float):
        reader.fault((*path, "coordinates"), "the coordinates are not numbers", "write degrees, longitude first")
        return None
    wrong = place_fault(ground, float(longitude), float(latitude))
    if wrong:
        reader.fault((*path, "coordinates"), *wrong)
        return None
    return float(longitude), float(latitude)
