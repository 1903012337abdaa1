"""The list that one picks datastreams from: searched, filtered, the chosen ones always on top."""

from __future__ import annotations

import unicodedata
from collections import Counter

import msgspec

from placette.store import DatastreamInfo
from placette.web.console.desk import Desk
from placette.web.console.question import MOST, ORIGINS, Question, code_of
from placette.web.fleet import OTHER, Member, kind_name, property_name

MOST_LISTED = 150
"""Datastreams that the page lists; a search narrows it."""
DERIVED = (".forecast", ".anomaly")
"""Endings of codes whose datastreams have views of their own."""


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """A datastream in the list."""

    code: str
    id: int
    name: str
    where: str
    unit: str
    origin: str
    thing: str
    kind: str
    chosen: bool


class Group(msgspec.Struct, frozen=True):
    """The datastreams of a place."""

    name: str
    items: tuple[Item, ...]


class Picking(msgspec.Struct, frozen=True, kw_only=True):
    """The picker: what is chosen, what is offered, what it can be narrowed by."""

    chosen: tuple[Item, ...]
    groups: tuple[Group, ...]
    found: int
    listed: int
    most: int
    places: tuple[tuple[str, str], ...]
    properties: tuple[tuple[str, str], ...]
    kinds: tuple[tuple[str, str], ...]
    origins: tuple[str, ...]
    narrowed: bool


def picking(desk: Desk, language: str, question: Question) -> Picking:
    """Return the picker of a question."""
    offered = _offered(desk)
    wanted = [(info, member) for info, member in offered if _fits(desk, language, question, info, member)]
    taken = {info.id for info in question.infos}
    rest = [(info, member) for info, member in wanted if info.id not in taken]
    members = {info.id: member for info, member in offered}
    words = desk.words(language)
    place_names = [(place.key, place.names.get(language, place.key)) for place in desk.city.places]
    groups: dict[str, list[Item]] = {}
    for info, member in rest[:MOST_LISTED]:
        place = desk.city.place(info.place or "")
        name = place.names.get(language, place.key) if place else words("console.elsewhere")
        groups.setdefault(name, []).append(_item(desk, language, info, member, False))
    properties = Counter(info.property_key or info.property_name for info, _ in offered)
    names = {info.property_key or info.property_name: property_name(desk.city, info, language) for info, _ in offered}
    kinds = Counter(member.kind for _, member in offered)
    origins = {info.origin for info, _ in offered}
    return Picking(
        chosen=tuple(_item(desk, language, info, members.get(info.id), True) for info in question.infos),
        groups=tuple(Group(name, tuple(items)) for name, items in groups.items()),
        found=len(rest),
        listed=min(len(rest), MOST_LISTED),
        most=MOST,
        places=tuple(place_names),
        properties=tuple(sorted(((key, names[key]) for key in properties), key=lambda pair: _folded(pair[1]))),
        kinds=tuple(sorted(((kind, kind_name(words, kind)) for kind in kinds), key=lambda pair: _folded(pair[1]))),
        origins=tuple(each for each in ORIGINS if each in origins),
        narrowed=any((question.find, question.place, question.property, question.kind, question.origin)),
    )


def _offered(desk: Desk) -> list[tuple[DatastreamInfo, Member]]:
    """Return every datastream that one can look at, in the fleet's order."""
    return [
        (info, member)
        for member in desk.site.fleet.members
        for info in member.infos
        if not (info.code or "").endswith(DERIVED)
    ]


def _fits(desk: Desk, language: str, question: Question, info: DatastreamInfo, member: Member) -> bool:
    if question.place and info.place != question.place:
        return False
    if question.property and question.property not in (info.property_key, info.property_name):
        return False
    if question.kind and (member.kind or OTHER) != question.kind:
        return False
    if question.origin and info.origin != question.origin:
        return False
    if not question.find:
        return True
    place = desk.city.place(info.place or "")
    texts = [
        info.code or "",
        info.name,
        property_name(desk.city, info, language),
        member.address,
        member.name(language),
    ]
    texts += list(place.names.values()) if place else []
    hay = _folded(" ".join(texts))
    return all(word in hay for word in _folded(question.find).split())


def _folded(text: str) -> str:
    """Return the text without accents and capitals, so that "cafe" finds "Café"."""
    plain = unicodedata.normalize("NFKD", text)
    return "".join(letter for letter in plain if not unicodedata.combining(letter)).casefold()


def _item(desk: Desk, language: str, info: DatastreamInfo, member: Member | None, chosen: bool) -> Item:
    where = (member.address or member.name(language)) if member else info.thing_name
    return Item(
        code=code_of(info),
        id=info.id,
        name=property_name(desk.city, info, language),
        where=where,
        unit=desk.figures(language).unit(info.unit),
        origin=info.origin,
        thing=info.thing_code or str(info.thing_id),
        kind=member.kind if member else OTHER,
        chosen=chosen,
    )
