"""Points of interest into the catalogue: Things with their Locations and their names in every language.

A point whose mark of change is the stored one is left untouched; one that moved gets a new Location, so that its
history remains. Points that left the source stay: visits and observations may refer to them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Sequence
from typing import Any
from urllib.parse import urlsplit

import duckdb
import msgspec

from placette.city.model import City, Feed
from placette.harmonise.networks.feeds.datatourisme import point
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.entities import Location, Thing
from placette.model.errors import PlacetteError
from placette.model.feeds import DatatourismeOptions
from placette.model.networks import Taken
from placette.model.places_of_interest import PointOfInterest
from placette.store import Store, inbox
from placette.store.catalogue import insert_location, insert_many, locate_many, move_thing, update

KIND = "poi"


class PointIntake:
    """Takes the objects of one feed (:data:`placette.model.networks.Sink`); ``stored`` counts points new or changed."""

    def __init__(self, store: Store, city: City, feed: Feed) -> None:
        self._store = store
        self._languages = city.languages
        self._feed = feed
        self._types = frozenset(feed.options.types) if isinstance(feed.options, DatatourismeOptions) else frozenset()

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        """Make these objects durable, as Things or as dead letters. Raises ``Busy`` or ``StorageFailure``."""
        return await asyncio.to_thread(self._take, arrivals)

    def _take(self, arrivals: Sequence[Arrival]) -> Taken:
        points: dict[str, PointOfInterest] = {}
        dead = []
        for arrival in arrivals:
            try:
                found = point(arrival)
            except PlacetteError as error:
                dead.append(DeadLetter(arrival=arrival, what=error.what, where=error.where, remedy=error.remedy))
                continue
            if not self._types or self._types.intersection(found.types):
                points[code_of(found.uri)] = found
        changed = self._store.change_now(lambda con: self._put(con, points)) if points else 0
        if dead:
            inbox.keep_new_now(self._store, dead)
        return Taken(changed, len(dead), reasons=tuple(dict.fromkeys(letter.what for letter in dead))[:3])

    def _put(self, con: duckdb.DuckDBPyConnection, points: dict[str, PointOfInterest]) -> int:
        stored = _stored(con, points)
        fresh = {code: found for code, found in points.items() if code not in stored}
        ids = insert_many(con, [self._thing(code, found, {}) for code, found in fresh.items()])
        locate_many(con, ids, insert_many(con, [_location(found) for found in fresh.values()]))
        changed = 0
        for code, (thing_id, properties, position) in stored.items():
            found = points[code]
            if properties.get("updated") == found.updated and found.updated:
                continue
            update(con, thing_id, self._thing(code, found, properties))
            if position != (found.longitude, found.latitude):
                move_thing(con, thing_id, [insert_location(con, _location(found))])
            changed += 1
        return len(fresh) + changed

    def _thing(self, code: str, found: PointOfInterest, kept: dict[str, Any]) -> Thing:
        """Return the Thing of a point; what others have put into its properties stays."""
        ours = msgspec.to_builtins(found)
        name = _in_first(found.names, self._languages)
        named = {"licence": self._feed.licence, "source": self._feed.attribution, "network": self._feed.key}
        properties = {**kept, **ours, **named, "code": code, "kind": KIND}
        return Thing(
            name=name,
            description=_in_first(found.descriptions, self._languages) or name,
            properties={key: value for key, value in properties.items() if value not in ("", [], {}, ())},
        )


def code_of(uri: str) -> str:
    """Return the code of a point's Thing: the end of its identifier.

    >>> code_of("https://data.datatourisme.fr/13/3fc0e48d-0b18-3aac-a6d5-39dd38dbf269")
    'poi-13-3fc0e48d-0b18-3aac-a6d5-39dd38dbf269'
    """
    return "-".join([KIND, *[part for part in urlsplit(uri).path.split("/") if part][-2:]])


def _in_first(texts: dict[str, str], languages: Iterable[str]) -> str:
    """Return the text in the first of the city's languages that it has, or in any."""
    return next((texts[language] for language in languages if language in texts), next(iter(texts.values()), ""))


def _location(found: PointOfInterest) -> Location:
    return Location(
        name=found.address or next(iter(found.names.values())),
        description=found.uri,
        location={"type": "Point", "coordinates": [found.longitude, found.latitude]},
    )


def _stored(
    con: duckdb.DuckDBPyConnection, codes: Iterable[str]
) -> dict[str, tuple[int, dict[str, Any], tuple[float | None, float | None]]]:
    """Return id, properties and position of those Things that are there, by code."""
    rows = con.execute(
        "SELECT t.code, t.id, t.properties, l.longitude, l.latitude FROM thing t"
        " LEFT JOIN thing_location tl ON tl.thing_id = t.id LEFT JOIN location l ON l.id = tl.location_id"
        " WHERE list_contains(?::VARCHAR[], t.code)",
        [list(codes)],
    ).fetchall()
    decode = msgspec.json.Decoder(dict[str, Any]).decode
    return {row[0]: (row[1], decode(row[2]), (row[3], row[4])) for row in rows}
