"""What is known now: ``/api/latest`` (values), ``/api/things.geojson`` (devices), ``/api/places.geojson``.

All three are answered from memory. The GeoJSON changes only with the catalogue and is packed once per version.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route
from placette.city.model import City
from placette.model.times import iso
from placette.publish.answers import Packed
from placette.publish.areas import Position, area, is_sound, links
from placette.store import DatastreamInfo, Directory, Store

GEOJSON = "application/geo+json"


class LatestValue(msgspec.Struct, frozen=True, kw_only=True):
    """The newest observation of a datastream with what is needed to understand it; ``time`` is ISO 8601 UTC."""

    datastream: int
    code: str | None
    thing: str | None
    place: str | None
    property: str | None
    name: str
    unit: str
    symbol: str
    origin: str
    time: str
    result: Any
    quality: int


def latest(store: Store, wanted: Callable[[DatastreamInfo], bool]) -> list[LatestValue]:
    """Return the newest value of every datastream that ``wanted`` accepts and that has one, by id."""
    infos = [info for info in store.directory.by_id.values() if wanted(info)]
    table = store.latest.of(info.id for info in infos)
    by_id = {info.id: info for info in infos}
    found = []
    for datastream, moment, number, text, quality in _rows(table):
        info = by_id[datastream]
        found.append(
            LatestValue(
                datastream=datastream,
                code=info.code,
                thing=info.thing_code,
                place=info.place,
                property=info.property_key,
                name=info.name,
                unit=info.unit,
                symbol=info.unit_symbol,
                origin=info.origin,
                time=iso(moment),
                result=msgspec.Raw(text.encode()) if text is not None else number,
                quality=quality,
            )
        )
    return found


def things(directory: Directory) -> dict[str, Any]:
    """Return the devices as a GeoJSON FeatureCollection; one whose position cannot be drawn is left out."""
    streams: dict[int, list[DatastreamInfo]] = {}
    for info in directory.by_id.values():
        streams.setdefault(info.thing_id, []).append(info)
    features = []
    for thing_id, infos in streams.items():
        first = infos[0]
        position = position_of(first)
        if position is None:
            continue
        about = {
            "code": first.thing_code or str(thing_id),
            "name": first.thing_name,
            "kind": first.kind or "other",
            "place": first.place,
            "datastreams": [info.id for info in infos],
        }
        features.append(_feature({"type": "Point", "coordinates": position}, about, thing_id))
    return {"type": "FeatureCollection", "features": features}


def places(city: City, directory: Directory) -> dict[str, Any]:
    """Return the outline, the places, the ground each covers and the distances between them.

    ``part`` tells ``outline``, ``place``, ``area``, ``label`` (the edge of the ground on whose ``side`` a name
    has room) and ``link``, whose ``metres`` are as the crow flies.
    """
    standing: dict[str, set[Position]] = {}
    for info in directory.by_id.values():
        position = position_of(info)
        if position and info.place:
            standing.setdefault(info.place, set()).add(position)
    features = [_feature(city.outline, {"part": "outline", "name": city.name, "source": city.outline_source})]
    longitudes = [place.longitude for place in city.places]
    east = min(longitudes, default=0) + 0.7 * (max(longitudes, default=0) - min(longitudes, default=0))
    for place in city.places:
        centre = (place.longitude, place.latitude)
        names = {f"name_{language}": name for language, name in place.names.items()}
        about = {"key": place.key, **names, "objectives": list(place.objectives)}
        ring = area(centre, sorted(standing.get(place.key, ())))
        features.append(_feature({"type": "Polygon", "coordinates": [ring]}, {"part": "area", **about}))
        side = "west" if place.longitude > east else "east"
        edge = min(ring) if side == "west" else max(ring)
        features.append(_feature({"type": "Point", "coordinates": edge}, {"part": "label", "side": side, **about}))
        features.append(_feature({"type": "Point", "coordinates": centre}, {"part": "place", **about}))
    centres = {place.key: (place.longitude, place.latitude) for place in city.places}
    for one, other, metres in links(centres):
        line = {"type": "LineString", "coordinates": [centres[one], centres[other]]}
        features.append(_feature(line, {"part": "link", "places": [one, other], "metres": round(metres)}))
    return {"type": "FeatureCollection", "features": features}


def position_of(info: DatastreamInfo) -> Position | None:
    """Return where the datastream's device stands, ``None`` when that is unknown or cannot be drawn."""
    if info.longitude is None or info.latitude is None or not is_sound((info.longitude, info.latitude)):
        return None
    return info.longitude, info.latitude


def routes(store: Store, city: City) -> list[Route]:
    """Return the three routes."""

    async def show_latest(request: Request) -> Response:
        asked = {name: request.query_params.get(name) for name in ("place", "property", "kind", "thing")}

        def wanted(info: DatastreamInfo) -> bool:
            mine = (info.place, info.property_key, info.kind, info.thing_code)
            return all(want is None or want == has for want, has in zip(asked.values(), mine, strict=True))

        body = msgspec.json.encode({"latest": latest(store, wanted)})
        return Packed(body, "application/json").answer(request)

    def public(path: str, handler: Any, summary: str, media_type: str = GEOJSON, gives: Any = None) -> Route:
        access = Access.PUBLIC
        return Route(
            method="GET", path=path, handler=handler, access=access, summary=summary, media_type=media_type, gives=gives
        )

    return [
        public("/api/latest", show_latest, "Newest value of all datastreams, or of ?place= ?property= ?kind= ?thing="),
        public("/api/things.geojson", _packed(store, things), "Every device with its place, kind and datastreams"),
        public(
            "/api/places.geojson",
            _packed(store, lambda directory: places(city, directory)),
            "The city's outline, its places and the ground each covers",
        ),
    ]


def _packed(store: Store, make: Callable[[Directory], dict[str, Any]]) -> Callable[[Request], Any]:
    """Return a handler whose answer is made anew only when the catalogue has changed."""
    kept: tuple[int, Packed] | None = None

    async def show(request: Request) -> Response:
        nonlocal kept
        directory = store.directory
        if kept is None or kept[0] != directory.version:
            kept = (directory.version, Packed(msgspec.json.encode(make(directory)), GEOJSON))
        return kept[1].answer(request)

    return show


def _feature(geometry: Any, properties: dict[str, Any], key: int | None = None) -> dict[str, Any]:
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    return feature if key is None else {"id": key, **feature}


def _rows(table: pa.Table) -> Any:
    columns = [
        table.column("datastream_id"),
        table.column("phenomenon_time").cast(pa.int64()),
        table.column("result"),
        table.column("result_json"),
        table.column("quality"),
    ]
    return zip(*(column.to_pylist() for column in columns), strict=True)
