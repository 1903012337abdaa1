"""Answers reading requests: pages, single entities, properties, addresses; one statement per level of ``$expand``.

A page is complete in memory before its first byte leaves, so that no error can come after a 200.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import msgspec

from placette.model.errors import BadQuery, NotFound
from placette.publish.sensorthings import plan as plans
from placette.publish.sensorthings.expand import DEFAULT_TOP, MAX_TOP, expand
from placette.publish.sensorthings.features import Features
from placette.publish.sensorthings.fetch import Fetcher
from placette.publish.sensorthings.resource import Resource
from placette.publish.sensorthings.serialise import Row, data_arrays
from placette.publish.sensorthings.tree import NOTHING, Expand, Options, query_string
from placette.store import Store


class Bare(msgspec.Struct, frozen=True):
    """The bare value of a property (``$value``), to be sent as it is."""

    value: Any


class Reader:
    """Reads the store as SensorThings; ``clock`` gives µs since 1970-01-01 UTC."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self.fetcher = Fetcher(store, clock)
        self._store = store
        self._clock = clock
        self.features = Features(store)

    async def answer(self, resource: Resource, options: Options, root: str) -> Any:
        """Return what is to be sent for a path: an object, a ``Bare`` value, or ``None`` for a property without value.

        Raises ``NotFound`` when the path leads nowhere and ``BadQuery`` for options that do not fit.
        """
        await self.features.prepare(resource, options)
        if resource.inside:
            return await self._property(resource, options, root)
        if resource.ref:
            return await self._references(resource, options, root)
        if resource.single:
            return await self._entity(resource, options, root)
        return await self._page(resource, options, root)

    async def entity(self, resource: Resource, root: str) -> dict[str, Any]:
        """Return one entity without options, as after a change with ``Prefer: return=representation``."""
        return await self._entity(resource, NOTHING, root)

    # --- one entity

    async def _entity(self, resource: Resource, options: Options, root: str) -> dict[str, Any]:
        misplaced = [
            name
            for name, given in (
                ("$filter", options.filter),
                ("$orderby", options.orderby),
                ("$top", options.top is not None),
                ("$skip", options.skip),
                ("$count", options.count),
                ("$skiptoken", options.after),
                ("$resultFormat", options.result_format),
            )
            if given
        ]
        if misplaced:
            raise BadQuery(f"{misplaced[0]} is for sets, this is one entity", resource.path, "use $select or $expand")
        found = await self.fetcher.rows(plans.page(resource.steps, options, self._clock(), 1), root)
        if not found:
            raise NotFound(f"there is no {resource.path}", remedy="list the set to see what there is")
        await expand(self.fetcher, found, resource.entity, options, root)
        return found[0].json

    async def _property(self, resource: Resource, options: Options, root: str) -> Any:
        if options != NOTHING:
            raise BadQuery("a property takes no options", resource.path)
        name = "id" if resource.inside[0] == "@iot.id" else resource.inside[0]
        json = await self._entity(resource, Options(select=(name,)), root)
        value = msgspec.json.decode(msgspec.json.encode(json.get("@iot.id" if name == "id" else name)))
        for step in resource.inside[1:]:
            value = _inside(value, step, resource)
        if value is None:
            return None
        return Bare(value) if resource.value else {resource.inside[-1]: value}

    # --- sets

    async def _page(self, resource: Resource, options: Options, root: str) -> dict[str, Any]:
        wanted = options
        if options.result_format:
            wanted = _for_arrays(resource, options)
        found, following = await self._slice(resource, wanted, root)
        answer: dict[str, Any] = {}
        if options.count:
            answer["@iot.count"] = await self._count(resource, options)
        if following is not None:
            next_options = msgspec.structs.replace(options, skip=0, after=following)
            answer["@iot.nextLink"] = f"{root}/{resource.path}?{query_string(next_options)}"
        if options.result_format:
            names = [name for name in ("id", *resource.entity.columns) if name in (wanted.select or ())]
            answer["value"] = data_arrays(found, names, root)
        else:
            await expand(self.fetcher, found, resource.entity, options, root)
            answer["value"] = [row.json for row in found]
        return answer

    async def _references(self, resource: Resource, options: Options, root: str) -> dict[str, Any]:
        if options.expand or options.select is not None or options.result_format:
            raise BadQuery("$ref gives addresses only", resource.path, "leave $select and $expand out")
        place = f"{root}/{resource.entity.set}"
        if resource.single:
            json = await self._entity(resource, Options(select=("id",)), root)
            return {"@iot.selfLink": json["@iot.selfLink"]}
        found, following = await self._slice(resource, msgspec.structs.replace(options, select=("id",)), root)
        answer: dict[str, Any] = {"@iot.count": await self._count(resource, options)} if options.count else {}
        if following is not None:
            next_options = msgspec.structs.replace(options, skip=0, after=following)
            answer["@iot.nextLink"] = f"{root}/{resource.path}/$ref?{query_string(next_options)}"
        answer["value"] = [{"@iot.selfLink": f"{place}({row.id})"} for row in found]
        return answer

    async def _slice(self, resource: Resource, options: Options, root: str) -> tuple[list[Row], tuple[Any, ...] | None]:
        """Return the rows of a page and the keys after which the next page starts, ``None`` on the last page."""
        top = min(DEFAULT_TOP if options.top is None else options.top, MAX_TOP)
        found = (
            await self.fetcher.rows(plans.page(resource.steps, options, self._clock(), top + 1), root) if top else []
        )
        if not found:
            await self._require_parent(resource)
        if len(found) <= top:
            return found, None
        return found[:top], found[top - 1].keys

    async def _require_parent(self, resource: Resource) -> None:
        if len(resource.steps) < 2:
            return
        before = resource.steps[:-1]
        if len(before) == 1 and before[0].entity.name == "Datastream" and before[0].id in self._store.directory.by_id:
            return
        if not (await self.fetcher.query(*plans.exists(before))).num_rows:
            raise NotFound(f"there is no {resource.parent.path}", remedy="list the set to see what there is")

    async def _count(self, resource: Resource, options: Options) -> int:
        steps = resource.steps
        key = steps[0].id
        if options.filter is None and len(steps) == 2 and _is_series(resource) and key in self._store.directory.by_id:
            await self.fetcher.extents.refresh()
            return self.fetcher.extents.counts([key])[0]
        table = await self.fetcher.query(*plans.count(steps, options, self._clock()))
        return int(table.column(0)[0].as_py())


def _is_series(resource: Resource) -> bool:
    """True for the Observations of one Datastream."""
    return resource.entity.name == "Observation" and resource.steps[-2].entity.name == "Datastream"


def _inside(value: Any, step: str, resource: Resource) -> Any:
    if isinstance(value, dict) and step in value:
        return value[step]
    if isinstance(value, list) and step.isdigit() and int(step) < len(value):
        return value[int(step)]
    where = "/".join([resource.path, *resource.inside])[:200]
    raise NotFound(f"there is no '{step[:40]}' in it", where, f"look at {resource.path}/{resource.inside[0]}")


def _for_arrays(resource: Resource, options: Options) -> Options:
    if resource.entity.name != "Observation" or options.expand:
        raise BadQuery("$resultFormat=dataArray is for Observations without $expand", resource.path)
    names = options.select or ("id", "phenomenonTime", "result", "resultTime")
    return msgspec.structs.replace(options, select=names, expand=(Expand("Datastream", NOTHING),))
