"""Writes rows of the store as SensorThings 1.1 JSON (OGC 18-088, sections 8.1, 8.2 and 9.3.2)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa

from placette.model import times
from placette.model.observation_json import shown_result
from placette.publish.sensorthings.entities import Column
from placette.publish.sensorthings.plan import Plan
from placette.publish.sensorthings.tree import Kind

Ranges = Callable[[Sequence[int], str], list[str | None]]
"""Gives the time ranges of datastreams: ids and ``phenomenonTime`` or ``resultTime`` → ISO 8601 intervals."""


class Row(msgspec.Struct):
    """One entity on its way out: its id, its JSON object so far, and what the levels around it need of it."""

    id: int
    json: dict[str, Any]
    parent: int | None
    keys: tuple[Any, ...]
    here: dict[str, int | None]
    weight: int = 1
    """At how many places of the answer it will stand."""


def rows(table: pa.Table, plan: Plan, root: str, ranges: Ranges) -> list[Row]:
    """Return the rows of a plan's table; ``root`` is the address of the service without a final slash."""
    if not table.num_rows:
        return []
    columns = [column.to_pylist() for column in _plain(table).columns]
    ids: list[int] = columns[0]
    position = 1 + plan.has_parent
    values: list[list[Any]] = []
    for column in plan.columns:
        if column.derived:
            values.append(ranges(ids, column.name))
            continue
        width = len(column.parts)
        values.append(_WRITERS[column.kind](columns[position : position + width], column))
        position += width
    objects = _objects(ids, values, plan, root)
    keys = columns[position : position + plan.keys]
    here = columns[position + plan.keys :]
    names = [link.name for link in plan.here]
    parents = columns[1] if plan.has_parent else [None] * len(ids)
    key_rows = zip(*keys, strict=True) if keys else [()] * len(ids)
    here_rows = zip(*here, strict=True) if here else [()] * len(ids)
    return [
        Row(key, json, parent, tuple(order), dict(zip(names, near, strict=True)))
        for key, json, parent, order, near in zip(ids, objects, parents, key_rows, here_rows, strict=True)
    ]


def _objects(ids: list[int], values: list[list[Any]], plan: Plan, root: str) -> list[dict[str, Any]]:
    names = [column.name for column in plan.columns]
    always = {column.name for column in plan.columns if not (plan.sparse and column.sparse)}
    place = f"{root}/{plan.entity.set}"
    objects: list[dict[str, Any]] = []
    for key, row in zip(ids, zip(*values, strict=True) if values else [()] * len(ids), strict=True):
        link = f"{place}({key})"
        json: dict[str, Any] = {"@iot.id": key, "@iot.selfLink": link} if plan.shows_id else {}
        pairs = zip(names, row, strict=True)
        json.update((name, value) for name, value in pairs if value is not None or name in always)
        for target in plan.links:
            json[f"{target.name}@iot.navigationLink"] = f"{link}/{target.name}"
        objects.append(json)
    return objects


def _plain(table: pa.Table) -> pa.Table:
    """Return the table with its timestamps as µs since 1970-01-01 UTC, which read much faster than datetimes."""
    if not any(pa.types.is_timestamp(field.type) for field in table.schema):
        return table
    fields = [pa.field(f.name, pa.int64()) if pa.types.is_timestamp(f.type) else f for f in table.schema]
    return table.cast(pa.schema(fields))


# --- one writer per kind: the lists of a column's parts → the list of its JSON values


def _same(parts: list[list[Any]], _: Column) -> list[Any]:
    return parts[0]


def _documents(parts: list[list[str | None]], _: Column) -> list[Any]:
    return [None if text is None or text == "null" else msgspec.Raw(text.encode()) for text in parts[0]]


def _instants(parts: list[list[int | None]], _: Column) -> list[Any]:
    return [None if moment is None else times.iso(moment) for moment in parts[0]]


def _intervals(parts: list[list[int | None]], _: Column) -> list[Any]:
    return [interval(start, end) for start, end in zip(*parts, strict=True)]


def _results(parts: list[list[Any]], _: Column) -> list[Any]:
    return [shown_result(number, text) for number, text in zip(*parts, strict=True)]


def _members(parts: list[list[str | None]], column: Column) -> list[Any]:
    return [dict(zip(column.members, row, strict=True)) for row in zip(*parts, strict=True)]


_WRITERS: dict[Kind, Callable[[list[list[Any]], Column], list[Any]]] = {
    Kind.TEXT: _same,
    Kind.JSON: _documents,
    Kind.TIME: _instants,
    Kind.INTERVAL: _intervals,
    Kind.RESULT: _results,
    Kind.OBJECT: _members,
}


def interval(start: int | None, end: int | None) -> str | None:
    """Return an instant or interval as ISO 8601, or ``None``."""
    if start is None:
        return None
    return times.iso(start) if end is None else f"{times.iso(start)}/{times.iso(end)}"


def data_arrays(found: list[Row], names: list[str], root: str) -> list[dict[str, Any]]:
    """Return Observations as ``$resultFormat=dataArray``, one array per Datastream (OGC 18-088, section 14.3)."""
    arrays: dict[int | None, list[list[Any]]] = {}
    for row in found:
        values = [row.id if name == "id" else row.json.get(name) for name in names]
        arrays.setdefault(row.here["Datastream"], []).append(values)
    return [
        {
            "Datastream@iot.navigationLink": f"{root}/Datastreams({key})",
            "components": names,
            "dataArray@iot.count": len(values),
            "dataArray": values,
        }
        for key, values in arrays.items()
    ]
