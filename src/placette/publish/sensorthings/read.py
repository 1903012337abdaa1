"""Answers reading requests: pages, single entities, properties, addresses; one statement per level of ``$expand``.

A page is complete in memory before its first byte leaves, so that no error can come after a 200.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from placette.model.errors import BadQuery, NotFound
from placette.publish.sensorthings import plan as plans
from placette.publish.sensorthings.entities import AREAS, ENTITIES, Entity, Link
from placette.publish.sensorthings.extents import Extents
from placette.publish.sensorthings.features import Features
from placette.publish.sensorthings.resource import Resource
from placette.publish.sensorthings.serialise import Row, data_arrays, rows
from placette.publish.sensorthings.tree import NOTHING, Expand, Options, Order, Path, query_string
from placette.store import Store

DEFAULT_TOP = 100
MAX_TOP = 10_000
"""Rows of one page; more are reached through ``@iot.nextLink``."""
LEVEL_ROWS = 100_000
"""Rows of one level of ``$expand`` over all its parents; each then gets fewer, with a next link."""

_NEWEST_FIRST = (Path(("phenomenonTime",)), True)
_USER_FAULTS = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)


class Bare(msgspec.Struct, frozen=True):
    """The bare value of a property (``$value``), to be sent as it is."""

    value: Any


class Reader:
    """Reads the store as SensorThings; ``clock`` gives µs since 1970-01-01 UTC."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self.extents = Extents(store)
        self._store = store
        self._clock = clock
        self._features = Features(store)

    async def answer(self, resource: Resource, options: Options, root: str) -> Any:
        """Return what is to be sent for a path: an object, a ``Bare`` value, or ``None`` for a property without value.

        Raises ``NotFound`` when the path leads nowhere and ``BadQuery`` for options that do not fit.
        """
        await self._features.prepare(resource, options)
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
        found = await self._rows(plans.page(resource.steps, options, self._clock(), 1), root)
        if not found:
            raise NotFound(f"there is no {resource.path}", remedy="list the set to see what there is")
        await self._expand(found, resource.entity, options, root)
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
            await self._expand(found, resource.entity, options, root)
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
        found = await self._rows(plans.page(resource.steps, options, self._clock(), top + 1), root) if top else []
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
        if not (await self._query(*plans.exists(before))).num_rows:
            raise NotFound(f"there is no {resource.parent.path}", remedy="list the set to see what there is")

    async def _count(self, resource: Resource, options: Options) -> int:
        steps = resource.steps
        key = steps[0].id
        if options.filter is None and len(steps) == 2 and _is_series(resource) and key in self._store.directory.by_id:
            await self.extents.refresh()
            return self.extents.counts([key])[0]
        table = await self._query(*plans.count(steps, options, self._clock()))
        return int(table.column(0)[0].as_py())

    # --- expansion

    async def _expand(self, parents: list[Row], entity: Entity, options: Options, root: str) -> None:
        if not parents:
            return
        for item in options.expand:
            link = entity.links[item.link]
            if link.many:
                await self._many(parents, entity, link, item.options, root)
            else:
                _refuse_on_one(item)
                await self._one(parents, link, item.options, root)

    async def _one(self, parents: list[Row], link: Link, options: Options, root: str) -> None:
        near = [row.here.get(link.name, row.id) for row in parents]
        keys = _distinct(near)
        found = await self._rows(plans.level(link, options, self._clock(), keys, 1), root) if keys else []
        await self._expand(found, ENTITIES[link.target], options, root)
        by_parent = {row.parent: row.json for row in found}
        for row, key in zip(parents, near, strict=True):
            row.json[link.name] = by_parent.get(key)

    async def _many(self, parents: list[Row], entity: Entity, link: Link, options: Options, root: str) -> None:
        keys = _distinct(row.id for row in parents)
        top = min(DEFAULT_TOP if options.top is None else options.top, MAX_TOP, max(1, LEVEL_ROWS // len(keys)))
        only = self._newest(link, options, keys)
        found: list[Row] = []
        if top:
            found = await self._rows(plans.level(link, options, self._clock(), keys, top + 1, only), root)
        groups, cut = _cut(found, top)
        if only is not None:
            await self.extents.refresh()
            cut = {key for key, n in zip(keys, self.extents.counts(keys), strict=True) if n > top}
        await self._expand([row for group in groups.values() for row in group], ENTITIES[link.target], options, root)
        counts = await self._level_counts(link, options, keys) if options.count else {}
        for parent in parents:
            group = groups.get(parent.id, [])
            if options.count:
                parent.json[f"{link.name}@iot.count"] = counts.get(parent.id, 0)
            if parent.id in cut and group:
                following = msgspec.structs.replace(options, skip=0, after=group[-1].keys)
                place = f"{root}/{entity.set}({parent.id})/{link.name}"
                parent.json[f"{link.name}@iot.nextLink"] = f"{place}?{query_string(following)}"
            parent.json[link.name] = [row.json for row in group]

    async def _level_counts(self, link: Link, options: Options, keys: list[int]) -> dict[int, int]:
        table = await self._query(*plans.level_counts(link, options, self._clock(), keys))
        return dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))

    def _newest(self, link: Link, options: Options, keys: list[int]) -> list[int] | None:
        """Return the ids of the newest Observations when just these are asked for: they are known without a search."""
        newest = len(options.orderby) == 1 and _plain(options.orderby[0]) == _NEWEST_FIRST
        if link.name != "Observations" or link.via or options.top != 1 or not newest:
            return None
        if options.filter is not None or options.skip or options.after is not None:
            return None
        ids: list[int] = self._store.latest.of(keys).column("id").to_pylist()
        return ids

    # --- rows

    async def _rows(self, plan: plans.Plan, root: str) -> list[Row]:
        table = await self._query(plan.sql, plan.parameters)
        if any(column.derived for column in plan.columns):
            await self.extents.refresh()
        found = rows(table, plan, root, self.extents.ranges)
        if any(column.name == "observedArea" for column in plan.columns):
            await self._add_areas(found)
        return found

    async def _add_areas(self, datastreams: list[Row]) -> None:
        lacking = [row.id for row in datastreams if row.json.get("observedArea") is None]
        if not lacking:
            return
        table = await self._query(AREAS, [lacking])
        areas = dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))
        for row in datastreams:
            if row.id in areas:
                row.json["observedArea"] = msgspec.Raw(areas[row.id].encode())

    async def _query(self, sql: str, parameters: list[Any]) -> pa.Table:
        try:
            return await self._store.query(sql, parameters)
        except _USER_FAULTS as error:
            raise BadQuery(f"the query cannot be answered: {error}", remedy="check the values it compares") from None


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


def _plain(order: Order) -> tuple[Path | None, bool]:
    key = order.key
    return (Path(key.steps) if isinstance(key, Path) else None), order.descending


def _distinct(keys: Any) -> list[int]:
    return list({key: None for key in keys if key is not None})


def _cut(found: list[Row], top: int) -> tuple[dict[int | None, list[Row]], set[int | None]]:
    """Group rows by parent, at most ``top`` of each; return the groups and the parents of which there are more."""
    groups: dict[int | None, list[Row]] = {}
    cut: set[int | None] = set()
    for row in found:
        group = groups.setdefault(row.parent, [])
        if len(group) < top:
            group.append(row)
        else:
            cut.add(row.parent)
    return groups, cut


def _refuse_on_one(item: Expand) -> None:
    options = item.options
    if options.filter or options.orderby or options.top is not None or options.skip or options.count:
        raise BadQuery(
            f"$expand: {item.link} leads to one entity",
            f"character {item.at + 1}",
            "only $select and $expand may stand in its brackets",
        )
