"""CreateObservations: many observations of several Datastreams in one body (OGC 18-088, section 14.2).

The rows are turned into columns at once and times are parsed by Arrow; only what Arrow cannot read goes value by value.
A row that cannot be stored is answered with ``error`` and does not keep the others out.
"""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc

from placette.model import observation_json
from placette.model.errors import BadInput, BadObservation, PlacetteError
from placette.model.observation_json import ObservationBody
from placette.model.observations import OBSERVATION_SCHEMA, TIME, ObservationRow, Quality, table_of
from placette.store import Store

_UTC = pa.timestamp("us", "UTC")
_CHUNK = 8_192
"""Rows read together: large enough for Arrow, small enough that one odd row does not slow many."""
_COMPONENTS = ("phenomenonTime", "result", "resultTime", "resultQuality", "validTime", "parameters")
_FEATURE = ("FeatureOfInterest/id", "FeatureOfInterest/@iot.id")
_FAST = frozenset(("phenomenonTime", "result", "resultTime", *_FEATURE))


class _Datastream(msgspec.Struct, frozen=True):
    id: int = msgspec.field(name="@iot.id")


class _Group(msgspec.Struct, frozen=True):
    """The observations of one Datastream: the names of the columns, and the rows."""

    datastream: _Datastream = msgspec.field(name="Datastream")
    components: list[str]
    rows: list[list[Any]] = msgspec.field(name="dataArray")


_decoder = msgspec.json.Decoder(list[_Group])


class Batch(msgspec.Struct):
    """What could be read: one table, and for each of its rows the place in the answer."""

    table: pa.Table
    places: list[int]
    size: int


def decode(payload: bytes, now: int) -> Batch:
    """Return the observations of a body as one table of ``OBSERVATION_SCHEMA``.

    ``now`` (µs since 1970-01-01 UTC) is the phenomenonTime of rows that have none. Raises ``BadInput`` when the body as
    a whole cannot be read; rows that cannot are left out.
    """
    groups: list[_Group] = observation_json.decode(payload, _decoder, "body", "Datastream components dataArray")
    tables: list[pa.Table] = []
    places: list[int] = []
    size = 0
    for number, group in enumerate(groups):
        _check_components(group, number)
        for start in range(0, len(group.rows), _CHUNK):
            part = msgspec.structs.replace(group, rows=group.rows[start : start + _CHUNK])
            table = _columns(part, now)
            if table is not None:
                places.extend(range(size, size + table.num_rows))
            else:
                table, good = _row_by_row(part, now)
                places.extend(size + position for position in good)
            tables.append(table)
            size += len(part.rows)
    return Batch(pa.concat_tables(tables) if tables else OBSERVATION_SCHEMA.empty_table(), places, size)


async def store(target: Store, batch: Batch) -> list[int | None]:
    """Append the batch and return the id of each observation of the body, ``None`` where it was not stored."""
    ids: list[int | None] = [None] * batch.size
    table, places = batch.table, batch.places
    try:
        receipt = await target.append(table)
    except BadObservation as error:
        bad = set(error.rows)
        good = [position for position in range(len(places)) if position not in bad]
        if not bad or not good:
            return ids
        receipt = await target.append(table.take(good))
        places = [places[position] for position in good]
    for place, key in zip(places, receipt.ids.tolist(), strict=True):
        ids[place] = key
    return ids


def answer(ids: list[int | None], root: str) -> bytes:
    """Return the JSON list of the addresses of what was created, with ``error`` for what was not."""
    if not ids:
        return b"[]"
    start, end = f'"{root}/Observations(', ')"'
    return ("[" + ",".join(f"{start}{key}{end}" if key is not None else '"error"' for key in ids) + "]").encode()


def _check_components(group: _Group, number: int) -> None:
    known = {*_COMPONENTS, *_FEATURE, "id", "@iot.id"}
    for name in group.components:
        if name not in known:
            raise BadInput(
                f"'{name[:40]}' is not a component", f"$[{number}].components", f"there are {' '.join(_COMPONENTS)}"
            )
    if "result" not in group.components or len(set(group.components)) < len(group.components):
        raise BadInput("components need 'result', and each name once", f"$[{number}].components")


def _columns(group: _Group, now: int) -> pa.Table | None:
    """Return the whole group column by column, or ``None`` when it holds a value that needs a closer look."""
    count, width = len(group.rows), len(group.components)
    if not _FAST.issuperset(group.components) or set(map(len, group.rows)) != {width}:
        return None
    found = {name: [row[position] for row in group.rows] for position, name in enumerate(group.components)}
    try:
        columns: dict[str, pa.Array] = {"result": _numbers(found["result"])}
        for component, column in (("phenomenonTime", "phenomenon_time"), ("resultTime", "result_time")):
            if component in found:
                columns[column] = _times(pa.array(found[component], pa.string()))
        for component in _FEATURE:
            if component in found:
                columns["feature_id"] = pa.array(found[component], pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, TypeError):
        return None
    columns["datastream_id"] = pa.repeat(pa.scalar(group.datastream.id, pa.int64()), count)
    columns["quality"] = pa.repeat(pa.scalar(int(Quality.NOT_EVALUATED), pa.uint8()), count)
    moments = columns.get("phenomenon_time")
    if moments is None or moments.null_count:
        columns["phenomenon_time"] = pc.fill_null(moments, _moment(now)) if moments else pa.repeat(_moment(now), count)
    return pa.table(
        [columns.get(field.name, pa.nulls(count, field.type)) for field in OBSERVATION_SCHEMA],
        schema=OBSERVATION_SCHEMA,
    )


def _times(texts: pa.Array) -> pa.Array:
    """Return ISO 8601 texts as UTC times; raises ``ArrowInvalid`` unless all have a zone, or none has."""
    try:
        return pc.cast(pc.cast(texts, _UTC), TIME)
    except pa.ArrowInvalid:
        return pc.cast(texts, TIME)


def _moment(now: int) -> pa.Scalar:
    return pa.scalar(now, pa.int64()).cast(TIME)


def _numbers(values: list[Any]) -> pa.Array:
    """Return plain numbers and nulls as floats; raises ``ArrowInvalid`` for texts, truth values and objects."""
    if bool in set(map(type, values)):
        raise pa.ArrowInvalid("truth values are not numbers")
    return pa.array(values, pa.float64())


def _row_by_row(group: _Group, now: int) -> tuple[pa.Table, list[int]]:
    """Read a group value by value; return the rows that could be read and their positions in it."""
    rows: list[ObservationRow] = []
    good: list[int] = []
    for position, values in enumerate(group.rows):
        try:
            if len(values) != len(group.components):
                continue
            rows.append(_row(dict(zip(group.components, values, strict=True)), group.datastream.id, now))
            good.append(position)
        except (PlacetteError, msgspec.ValidationError):
            continue
    return table_of(rows), good


def _row(values: dict[str, Any], datastream_id: int, now: int) -> ObservationRow:
    about = values.get(_FEATURE[0], values.get(_FEATURE[1]))
    body = msgspec.convert({name: values[name] for name in _COMPONENTS if name in values}, ObservationBody)
    row = observation_json.row(body, now=now, datastream_id=datastream_id)
    if about is None:
        return row
    return msgspec.structs.replace(row, feature_id=msgspec.convert(about, int))
