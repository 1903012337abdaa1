"""Takes writing requests: create, link, change, delete. Everything of one request is done, or nothing of it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import msgspec

from placette.model import observation_json
from placette.model.errors import BadInput, NotFound
from placette.model.observations import ObservationRow
from placette.publish.sensorthings import change
from placette.publish.sensorthings.drafts import Draft, decode, draft
from placette.publish.sensorthings.entities import ENTITIES, Entity, Link
from placette.publish.sensorthings.extents import Extents
from placette.publish.sensorthings.features import Features
from placette.publish.sensorthings.make import Maker
from placette.publish.sensorthings.plan import exists
from placette.publish.sensorthings.resource import Resource, Step
from placette.store import Store, catalogue


class Writer:
    """Writes into the store what clients of SensorThings send; ``clock`` gives µs since 1970-01-01 UTC."""

    def __init__(self, store: Store, clock: Callable[[], int], extents: Extents, features: Features) -> None:
        self._store = store
        self._clock = clock
        self._extents = extents
        self._features = features

    async def observe(self, payload: bytes, datastream_id: int | None) -> int:
        """Store one Observation and return its id: the way every single measurement takes."""
        body = observation_json.body(payload)
        for linked in (body.datastream, body.feature_of_interest):
            if linked is not None and linked.id is msgspec.UNSET:
                value = draft(decode(payload), ENTITIES["Observation"])
                return await self._create(value, {} if datastream_id is None else {"Datastream": datastream_id})
        row = observation_json.row(body, now=self._clock(), datastream_id=datastream_id)
        receipt = await self._store.append_rows([row])
        return int(receipt.ids[0])

    async def create(self, resource: Resource, payload: bytes) -> tuple[Entity, int]:
        """Create what a POST to a set describes; return its entity and id."""
        step = resource.steps[-1]
        value = decode(payload)
        given: dict[str, int] = {}
        back: Link | None = None
        if step.link is not None:
            parent = await self._existing(resource.steps[:-1], resource.parent)
            back = _back(resource.steps[-2].entity, step)
            given[back.name] = parent
        if isinstance(value, dict) and value.get("@iot.id") is not None and back is not None and back.many:
            key = await self._link(step, value["@iot.id"], given[back.name])
            return step.entity, key
        return step.entity, await self._create(draft(value, step.entity), given)

    async def update(
        self, resource: Resource, payload: bytes, edit: Callable[[Any], change.Edit]
    ) -> tuple[Entity, int]:
        """Change the entity a path names; ``edit`` says how the body is to be understood."""
        key = await self._id_of(resource)
        wanted = edit(decode(payload))
        entity, now = resource.entity, self._clock()
        self._extents.forget(await self._store.change(lambda con: change.change(con, entity, key, wanted, now)))
        return entity, key

    async def delete(self, resource: Resource) -> None:
        """Delete the entity a path names, with everything that hangs on it."""
        key = await self._id_of(resource)
        entity = resource.entity
        if entity.name == "Location":
            await self._features.complete()
        self._extents.forget(await self._store.change(lambda con: change.delete(con, entity, key)))

    async def _create(self, value: Draft, given: dict[str, int]) -> int:
        now = self._clock()

        def run(con: duckdb.DuckDBPyConnection) -> tuple[int, Maker]:
            maker = Maker(con)
            return maker.make(value, **given), maker

        key, maker = await self._store.change(run)
        if not maker.observations:
            return key
        try:
            rows = [_row(inner, stream, about, now) for inner, stream, about in maker.observations]
            receipt = await self._store.append_rows(rows)
        except BaseException:
            if maker.made:
                await self._store.change(lambda con: change.undo(con, maker.made))
            raise
        return key or int(receipt.ids[0])

    async def _link(self, step: Step, key: Any, parent: int) -> int:
        """Link an existing Location to a Thing, or the other way round."""
        if type(key) is not int:
            raise BadInput("@iot.id is not an integer", "$.@iot.id")
        target = step.entity

        def run(con: duckdb.DuckDBPyConnection) -> None:
            catalogue.require(con, target.table, key)
            pair = (parent, key) if target.name == "Location" else (key, parent)
            if {target.name, step.entity.name} <= {"Thing", "Location"}:
                catalogue.move_thing(con, pair[0], [pair[1]])
                return
            raise BadInput(f"an existing {target.name} cannot be linked here", "$", "create a new one")

        await self._store.change(run)
        return int(key)

    async def _id_of(self, resource: Resource) -> int:
        """Return the id at the end of a path; one that the path itself names may still turn out not to exist."""
        first = resource.steps[0]
        if len(resource.steps) == 1 and first.id is not None:
            return first.id
        return await self._existing(resource.steps, resource)

    async def _existing(self, steps: tuple[Step, ...], resource: Resource) -> int:
        table = await self._store.query(*exists(steps))
        if not table.num_rows:
            raise NotFound(f"there is no {resource.path}", remedy="list the set to see what there is")
        return int(table.column(0)[0].as_py())


def _back(parent: Entity, step: Step) -> Link:
    """Return the link from the entities of ``step`` back to their parent."""
    links = step.entity.links
    return links[parent.name] if parent.name in links else links[parent.set]


def _row(value: Draft, stream: int, about: int | None, now: int) -> ObservationRow:
    if value.observation is None:
        raise BadInput("not an Observation", value.where)
    row = observation_json.row(value.observation, now=now, datastream_id=stream, where=value.where)
    return msgspec.structs.replace(row, feature_id=about)
