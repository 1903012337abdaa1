"""CreateObservations: many observations of several Datastreams in one body (OGC 18-088, section 14.2).

The rows are turned into columns at once and times are parsed by Arrow; only what Arrow cannot read goes value by value.
A row that cannot be stored is answered with ``error`` and does not keep the others out.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import msgspec
import numpy as np
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
_Id = Annotated[int, msgspec.Meta(ge=0, lt=2**63 - 1)]


class _Datastream(msgspec.Struct, frozen=True):
    id: _Id = msgspec.field(name="@iot.id")


class _Group(msgspec.Struct, frozen=True):
    """The observations of one Datastream: the names of the columns, and the rows."""

    datastream: _Datastream = msgspec.field(name="Datastream")
    components: list[str]
    rows: list[list[Any]] = msgspec.field(name="dataArray")


class _Part(msgspec.Struct):
    """Rows with the same components, of one or several Datastreams: ``owners`` are their ids, ``counts`` their rows.

    A gateway sends few rows of many Datastreams; made into columns group by group, they would cost four times as much.
    """

    components: list[str]
    owners: list[int] = []
    counts: list[int] = []
    rows: list[list[Any]] = []

    def take(self, owner: int, rows: list[list[Any]]) -> None:
        """Add rows of one Datastream."""
        self.owners.append(owner)
        self.counts.append(len(rows))
        self.rows.extend(rows)

    def datastreams(self) -> np.ndarray[Any, np.dtype[np.int64]]:
        """Return the Datastream's id of every row."""
        return np.repeat(np.array(self.owners, np.int64), self.counts)


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
    for part in _parts(groups):
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
    start, end = pa.scalar(f'"{root}/Observations('), pa.scalar(')"')
    links = pc.binary_join_element_wise(start, pc.cast(pa.array(ids, pa.int64()), pa.string()), end, "")
    texts = pc.fill_null(links, '"error"')
    whole = pa.LargeListArray.from_arrays(pa.array([0, len(ids)], pa.int64()), texts)
    joined: bytes = pc.binary_join(whole, ",")[0].as_buffer().to_pybytes()
    return b"[" + joined + b"]"


def _parts(groups: list[_Group]) -> Iterator[_Part]:
    """Yield the rows of all groups in their order, some ``_CHUNK`` at a time."""
    part: _Part | None = None
    for number, group in enumerate(groups):
        if part is None or group.components != part.components:
            _check_components(group, number)
            if part is not None:
                yield part
            part = _Part(group.components)
        for start in range(0, len(group.rows), _CHUNK):
            part.take(group.datastream.id, group.rows[start : start + _CHUNK])
            if len(part.rows) >= _CHUNK:
                yield part
                part = _Part(group.components)
    if part is not None:
        yield part


def _check_components(group: _Group, number: int) -> None:
    known = {*_COMPONENTS, *_FEATURE, "id", "@iot.id"}
    for name in group.components:
        if name not in known:
            raise BadInput(
                f"'{name[:40]}' is not a component", f"$[{number}].components", f"there are {' '.join(_COMPONENTS)}"
            )
    if "result" not in group.components or len(set(group.components)) < len(group.components):
        raise BadInput("components need 'result', and each name once", f"$[{number}].components")


def _columns(part: _Part, now: int) -> pa.Table | None:
    """Return the rows column by column, or ``None`` when they hold a value that needs a closer look."""
    count, width = len(part.rows), len(part.components)
    if not _FAST.issuperset(part.components) or set(map(len, part.rows)) != {width}:
        return None
    found = {name: [row[position] for row in part.rows] for position, name in enumerate(part.components)}
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
    columns["datastream_id"] = pa.array(part.datastreams())
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


def _row_by_row(part: _Part, now: int) -> tuple[pa.Table, list[int]]:
    """Read rows value by value; return those that could be read and their positions among them."""
    rows: list[ObservationRow] = []
    good: list[int] = []
    for position, (values, datastream_id) in enumerate(zip(part.rows, part.datastreams().tolist(), strict=True)):
        try:
            if len(values) != len(part.components):
                continue
            rows.append(_row(dict(zip(part.components, values, strict=True)), datastream_id, now))
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
