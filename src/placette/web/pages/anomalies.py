"""What is out of the ordinary: events for the city, faults for the technician, with picture, causes and evidence."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Sequence
from typing import get_args
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.model import times
from placette.services.anomaly import Anomaly, Choice, by_kind, chosen, state_of, together
from placette.services.anomaly.terms import Kind
from placette.web.anomaly_pictures import HEIGHT, LEFT, RIGHT, TOP, WIDTH, Drawn, drawn
from placette.web.anomaly_words import Teller
from placette.web.fleet import Member, property_name
from placette.web.pages.site import Site

SPANS = (1, 7, 30)
MOST = 12
"""Cards of each kind before one has to ask for more."""
MOST_NAMED = 24
"""Datastreams that an address may name, as many as the console takes."""
_DAY_US = 86_400 * times.MICROS_PER_S
_MARK_DAYS = 1
_BEFORE_DAYS = 3


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One anomaly ready to be shown, with those of other sensors that belong to the same event."""

    anomaly: Anomaly
    member: Member | None
    property: str
    picture: Drawn | None
    when: str
    sentence: str
    score: str
    causes: tuple[tuple[str, float], ...]
    evidence: tuple[str, ...]
    others: tuple[tuple[str, str], ...]
    """Names and codes of the things of the other sensors."""
    console: str
    """What the console is asked to show them all around these hours."""


async def anomalies(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/anomalies``; ``days`` is 1, 7 or 30; ``all`` shows all.

    ``place``, ``property``, ``kind`` and ``datastream`` (codes with commas between) choose.
    """
    asked = request.query_params
    now = time.time_ns() // 1000
    days = next((span for span in SPANS if asked.get("days") == str(span)), 7)
    place = site.city.place(asked.get("place", ""))
    key = asked.get("property", "")
    kind = asked.get("kind", "")
    choice = Choice(
        start=now - days * _DAY_US,
        end=now,
        place=place.key if place else None,
        property=key if key in site.city.properties else None,
        kind=kind if kind in get_args(Kind) else None,  # type: ignore[arg-type]
        datastreams=_datastreams(site, asked.get("datastream", "").split(",")),
    )
    found = await asyncio.to_thread(chosen, site.store, choice)
    state = await asyncio.to_thread(state_of, site.store)
    kinds = by_kind(found)
    gathered = {each: together(some) for each, some in kinds.items()}
    shown = {each: some if asked.get("all") else some[:MOST] for each, some in gathered.items()}
    teller = Teller(site.renderer.words(language), site.renderer.figures(language), site.city)
    return site.renderer.page(
        request,
        language,
        "anomalies.html",
        choice=choice,
        days=days,
        spans=SPANS,
        state=state,
        found=found,
        counts={each: len(some) for each, some in kinds.items()},
        hidden={each: len(gathered[each]) - len(shown[each]) for each in kinds},
        cards={each: [_card(site, teller, language, group) for group in some] for each, some in shown.items()},
        properties=_properties(site, language),
        codes=",".join(site.store.directory.by_id[ident].code or "" for ident in choice.datastreams or ()),
        narrowed=[_called(site, ident, language) for ident in choice.datastreams or ()],
        frame={"width": WIDTH, "height": HEIGHT, "left": LEFT, "right": RIGHT, "top": TOP},
        api=f"/api/anomalies?start={times.iso(choice.start)}",
    )


def _datastreams(site: Site, codes: Sequence[str]) -> tuple[int, ...] | None:
    """Return the ids of the codes that there are; ``None`` where none is named."""
    known = site.store.directory.by_code
    return tuple(known[code].id for code in codes[:MOST_NAMED] if code in known) or None


def _called(site: Site, ident: int, language: str) -> str:
    info = site.store.directory.by_id[ident]
    return f"{property_name(site.city, info, language)} ({info.thing_code})"


async def marks(site: Site, members: Sequence[Member]) -> list[Anomaly]:
    """Return the anomalies of some devices in the last day, for the mark on their pages."""
    ids = tuple(info.id for member in members for info in member.infos)
    now = time.time_ns() // 1000
    choice = Choice(start=now - _MARK_DAYS * _DAY_US, end=now, datastreams=ids, pictures=False)
    return await asyncio.to_thread(chosen, site.store, choice)


def _card(site: Site, teller: Teller, language: str, group: Sequence[Anomaly]) -> Card:
    one = group[0]
    info = site.store.directory.by_id[one.datastream]
    member = site.fleet.by_code.get(one.thing or "")
    bounds = times.micros(one.start) // times.MICROS_PER_S, times.micros(one.end) // times.MICROS_PER_S
    zone, words = site.renderer.zone, site.renderer.words(language)
    return Card(
        anomaly=one,
        member=member,
        property=property_name(site.city, info, language),
        picture=drawn(one.picture, *bounds, zone, words.locale) if one.picture else None,
        when=teller.when(one),
        sentence=teller.sentence(one),
        score=teller.score(one.score),
        causes=tuple((teller.cause(each), each.confidence) for each in one.causes),
        evidence=tuple(teller.proof(each) for each in one.evidence),
        others=tuple(_named(site, other, language) for other in _others(group)),
        console=_on_console(group),
    )


def _on_console(group: Sequence[Anomaly]) -> str:
    """Return the parameters of the console's view of these anomalies: three days before them, one after."""
    start = min(times.micros(one.start) for one in group) - _BEFORE_DAYS * _DAY_US
    end = max(times.micros(one.end) for one in group) + _DAY_US
    codes = dict.fromkeys(one.code for one in group)
    asked = [("datastream", code) for code in list(codes)[:MOST_NAMED]]
    span = {"start": f"{times.iso(start)[:19]}Z", "end": f"{times.iso(end)[:19]}Z"}
    return urlencode([*asked, ("view", "anomalies"), ("range", "custom"), *span.items()], safe="/:")


def _others(group: Sequence[Anomaly]) -> list[Anomaly]:
    """Return one anomaly of each other datastream of a group."""
    return list({one.datastream: one for one in group if one.datastream != group[0].datastream}.values())


def _named(site: Site, one: Anomaly, language: str) -> tuple[str, str]:
    member = site.fleet.by_code.get(one.thing or "")
    name = (member.address or member.name(language)) if member else one.name
    info = site.store.directory.by_id[one.datastream]
    return f"{name} ({property_name(site.city, info, language)})", one.thing or ""


def _properties(site: Site, language: str) -> list[tuple[str, str]]:
    """Return the properties that something observes, by their names."""
    keys = {info.property_key for info in site.store.directory.observed}
    known = {key: each.names.get(language, key) for key, each in site.city.properties.items() if key in keys}
    return sorted(known.items(), key=lambda item: item[1].casefold())
