"""What is known now: ``/api/latest`` (values), ``/api/things.geojson`` (devices), ``/api/places.geojson``.

All three are answered from memory. The GeoJSON changes only with the catalogue and is packed once per version.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route
from placette.city.model import City
from placette.publish.answers import Packed
from placette.publish.areas import Position, area, is_sound, links
from placette.publish.kept import Kept
from placette.publish.latest_values import LatestTexts, LatestValues
from placette.store import DatastreamInfo, Directory, Store

GEOJSON = "application/geo+json"
_FILTERS = {"place": "place", "property": "property_key", "kind": "kind", "thing": "thing_code"}
"""Parameter of ``/api/latest`` and the member of a datastream it is held against."""


def things(directory: Directory) -> dict[str, Any]:
    """Return the devices as a GeoJSON FeatureCollection; one that is retired, or cannot be drawn, is left out."""
    streams: dict[int, list[DatastreamInfo]] = {}
    for info in directory.observed:
        streams.setdefault(info.thing_id, []).append(info)
    features = []
    for thing_id, infos in streams.items():
        first = infos[0]
        position = position_of(first)
        if position is None or first.retired:
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
    for info in directory.observed:
        position = position_of(info)
        if position and info.place and not info.retired:
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
    texts = LatestTexts(store)

    async def show_latest(request: Request) -> Response:
        asked = [(member, request.query_params.get(name)) for name, member in _FILTERS.items()]
        sought = [(member, value) for member, value in asked if value is not None]

        def wanted(info: DatastreamInfo) -> bool:
            return not sought or all(getattr(info, member) == value for member, value in sought)

        return Packed(texts.json(wanted), "application/json").answer(request)

    def public(path: str, handler: Any, summary: str, media_type: str = GEOJSON, gives: Any = None) -> Route:
        access = Access.PUBLIC
        return Route(
            method="GET", path=path, handler=handler, access=access, summary=summary, media_type=media_type, gives=gives
        )

    return [
        public(
            "/api/latest",
            show_latest,
            "Newest value of all datastreams, or of ?place= ?property= ?kind= ?thing=",
            "application/json",
            LatestValues,
        ),
        public("/api/things.geojson", _packed(store, things), "Every device with its place, kind and datastreams"),
        public(
            "/api/places.geojson",
            _packed(store, lambda directory: places(city, directory)),
            "The city's outline, its places and the ground each covers",
        ),
    ]


def _packed(store: Store, make: Callable[[Directory], dict[str, Any]]) -> Callable[[Request], Any]:
    """Return a handler whose answer is made anew only when the catalogue has changed, beside the event loop."""
    kept = Kept(lambda directory: Packed(msgspec.json.encode(make(directory)), GEOJSON))
    making = asyncio.Lock()

    async def show(request: Request) -> Response:
        async with making:
            packed = await asyncio.to_thread(kept.of, store.directory)
        return packed.answer(request)

    return show


def _feature(geometry: Any, properties: dict[str, Any], key: int | None = None) -> dict[str, Any]:
    feature = {"type": "Feature", "geometry": geometry, "properties": properties}
    return feature if key is None else {"id": key, **feature}
