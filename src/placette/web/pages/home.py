"""The city map: what is live now, the places as cards, the map, and the list that says the same as the map."""

from __future__ import annotations

import math
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.web.fleet import Member
from placette.web.now import KeyValue, PlaceNow
from placette.web.pages.site import Site
from placette.web.readings import Cell, readings
from placette.web.scale_table import scale_table

PER_PAGE = 24
WIDE = (960, 600)
NARROW = (400, 440)
CARD = (320, 190)
MOST_LIVE = 2_000
"""Datastreams up to which the city page follows every observation; beyond, its figures are read again now and then."""
PARTS = {name: f"parts/{name}.html" for name in ("summary", "cards", "devices")}


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """The city in one sentence: everyone counted, the busiest and the quietest place, the worst air, the degrees."""

    people: float | None
    busiest: PlaceNow | None
    quietest: PlaceNow | None
    air: KeyValue | None
    degrees: float | None
    simulated: bool


class Listing(msgspec.Struct, frozen=True, kw_only=True):
    """One page of the list of devices, each with the value that stands for it."""

    rows: tuple[tuple[Member, Cell], ...]
    total: int
    page: int
    pages: int
    kind: str
    place: str


def summary(places: list[PlaceNow], simulated: bool) -> Summary:
    """Return what the city page says first."""

    def having(key: str) -> list[tuple[PlaceNow, KeyValue]]:
        return [(place, value) for place in places if (value := place.value(key))]

    crowds, levels, degrees = having("crowd"), having("noise"), having("temperature")
    airs = [value for _, value in having("air")]
    return Summary(
        people=math.fsum(value.value for _, value in crowds) if crowds else None,
        busiest=max(crowds, key=lambda one: one[1].value)[0] if len(crowds) > 1 else None,
        quietest=min(levels, key=lambda one: one[1].value)[0] if len(levels) > 1 else None,
        air=max(airs, key=lambda value: value.level) if airs else None,
        degrees=math.fsum(value.value for _, value in degrees) / len(degrees) if degrees else None,
        simulated=simulated,
    )


def listing(site: Site, language: str, kind: str, place: str, page: int) -> Listing:
    """Return the asked page of the devices of a kind and a place ("": all)."""
    members = [m for m in site.fleet.members if kind in ("", m.kind) and place in ("", m.place)]
    pages = max(1, math.ceil(len(members) / PER_PAGE))
    page = min(max(1, page), pages)
    chosen = members[(page - 1) * PER_PAGE : page * PER_PAGE]
    known = readings(site.store, (member.infos[0] for member in chosen))
    cells = site.cells(language)
    rows = tuple((m, cells.cell(m, m.infos[0], known.get(m.infos[0].id))) for m in chosen)
    return Listing(rows=rows, total=len(members), page=page, pages=pages, kind=kind, place=place)


async def home(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/``; ``part=summary``, ``part=cards`` and ``part=devices`` answer the parts that change."""
    asked = request.query_params
    part = asked.get("part", "")
    kind, place = asked.get("kind", ""), asked.get("place", "")
    number = asked.get("page", "1")
    values: dict[str, Any] = {}
    if part != "devices":
        places = await site.places()
        infos = site.store.directory.observed
        simulated = any(info.origin == "simulated" for info in infos)
        values |= {"places": places, "summary": summary(places, simulated)}
        values |= {"plans": {p.place.key: site.place_map(p.place.key, *CARD) for p in places}}
    if part in ("", "devices"):
        values["listing"] = listing(site, language, kind, place, int(number[:9]) if number.isdecimal() else 1)
    if part in PARTS:
        return site.renderer.page(request, language, PARTS[part], fleet=site.fleet, **values)
    return site.renderer.page(
        request,
        language,
        "home.html",
        fleet=site.fleet,
        wide=site.city_map(language, *WIDE),
        narrow=site.city_map(language, *NARROW),
        scales=scale_table(site.renderer.words(language), site.renderer.figures(language), site.city),
        streamed=len(site.store.directory.observed) <= MOST_LIVE,
        **values,
    )
