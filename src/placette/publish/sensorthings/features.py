"""The features of interest that nobody named: the places of the Things (OGC 18-088, section 10.2.1.2).

An observation stored without a feature is about the place where its Thing stood at its phenomenonTime. So nothing has
to be looked up while observations stream in; the feature of a place becomes an entity when somebody asks for one.
"""

from __future__ import annotations

import duckdb
import msgspec

from placette.model.entities import FeatureOfInterest
from placette.publish.sensorthings.resource import Resource
from placette.publish.sensorthings.scope import paths
from placette.publish.sensorthings.tree import Expression, Options
from placette.store import Store
from placette.store.catalogue import insert_feature

_NAMES = frozenset(("FeatureOfInterest", "FeaturesOfInterest"))

_MISSING = """
SELECT l.id, any_value(l.name), any_value(l.description), any_value(l.encoding_type), any_value(l.location)
FROM (
    SELECT thing_id, location_id FROM thing_location
    UNION
    SELECT h.thing_id, x.location_id
    FROM historical_location h JOIN historical_location_location x ON x.historical_location_id = h.id
) w
JOIN location l ON l.id = w.location_id
JOIN datastream d ON d.thing_id = w.thing_id
WHERE d.id IN (SELECT unnest($1::BIGINT[])) AND l.id NOT IN (SELECT location_id FROM location_feature)
GROUP BY l.id ORDER BY l.id
"""


class Features:
    """Makes the features of places when they are asked for; remembers for which state of the catalogue it did."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._done: tuple[int, int] = (-1, -1)

    async def prepare(self, resource: Resource, options: Options) -> None:
        """Make the missing features if the request touches any feature of interest."""
        if any(step.entity.name == "FeatureOfInterest" for step in resource.steps) or _touches(options):
            await self.complete()

    async def complete(self) -> None:
        """Make the feature of every place of a Thing that has observations."""
        observed = self._store.latest.all().column("datastream_id").to_pylist()
        state = (self._store.directory.version, len(observed))
        if state == self._done:
            return
        missing = await self._store.query(_MISSING, [observed])
        if missing.num_rows:
            await self._store.change(lambda con: _make(con, observed))
            state = (self._store.directory.version, len(observed))
        self._done = state


def _make(con: duckdb.DuckDBPyConnection, observed: list[int]) -> None:
    for key, name, description, encoding, location in con.execute(_MISSING, [observed]).fetchall():
        feature = FeatureOfInterest(
            name=name,
            description=description,
            encoding_type=encoding,
            feature=msgspec.json.decode(location),
        )
        con.execute("INSERT INTO location_feature VALUES (?, ?)", [key, insert_feature(con, feature)])


def _touches(options: Options) -> bool:
    found: list[Expression] = [order.key for order in options.orderby]
    if options.filter is not None:
        found.append(options.filter)
    if any(not _NAMES.isdisjoint(path.steps) for expression in found for path in paths(expression)):
        return True
    return any(item.link in _NAMES or _touches(item.options) for item in options.expand)
