"""Arrow IPC streams of observations: each record batch becomes columns on its own, so that memory stays bounded.

============================  =====================================================================================
column                        type
============================  =====================================================================================
``datastream_id``             integers: the datastream's id — or
``datastream``                text, also as a dictionary: the datastream's code
``phenomenon_time``           timestamp of any unit and zone, or ISO 8601 text; without zone it is UTC
``result``                    any number, boolean or text
``quality``                   integers, QARTOD flags; may be absent (2, not evaluated)
``phenomenon_end``            like ``phenomenon_time``; may be absent
``result_time``               like ``phenomenon_time``; may be absent
============================  =====================================================================================

What is finer than a microsecond is cut.
"""

from __future__ import annotations

import pyarrow as pa
import pyarrow.compute as pc

from placette.harmonise import columns
from placette.harmonise.arrow_messages import Kind, MessageCutter
from placette.harmonise.directory import Directory
from placette.model import times
from placette.model.errors import BadInput, BadObservation, TooLarge
from placette.model.observations import TIME, Quality

KNOWN = ("datastream_id", "datastream", "phenomenon_time", "result", "quality", "phenomenon_end", "result_time")
SHOWN = 20


class ArrowReader:
    """Takes bytes as they come and gives a table for each record batch; a batch may hold ``limit`` bytes at most."""

    def __init__(self, directory: Directory, limit: int = 64 << 20) -> None:
        self._directory = directory
        self._limit = limit
        self._cutter = MessageCutter(limit)
        self._preface = b""
        self._batches = 0

    def feed(self, data: bytes) -> list[pa.Table]:
        """Return the tables of the record batches that are now whole. Raises ``BadInput`` and ``TooLarge``."""
        tables: list[pa.Table] = []
        for message in self._cutter.feed(data):
            if message.kind is Kind.RECORDS:
                tables.append(self._table(message.data))
                continue
            self._preface += message.data
            if message.kind is Kind.SCHEMA:
                _check_schema(_opened(self._preface).schema)
            if len(self._preface) > self._limit:
                raise TooLarge("the dictionaries are too large", remedy="send plain text codes or ids")
        return tables

    def finish(self) -> list[pa.Table]:
        """Check that the stream ended where a message ends; raises ``BadInput`` when it was cut short."""
        if not self._preface or self._cutter.waiting:
            raise BadInput(
                "the Arrow stream is cut short",
                f"after {self._batches} record batches",
                "send it again from the start; what was stored before is not stored twice where a datastream's "
                "identity is its time",
            )
        return []

    def explain(self, error: BadObservation) -> BadObservation:
        """Return the store's refusal with the row numbers, counted over the whole stream, said in words."""
        return BadObservation(error.what, _rows(error.rows), error.remedy, error.rows)

    def _table(self, records: bytes) -> pa.Table:
        self._batches += 1
        where = f"record batch {self._batches}"
        try:
            batch = _opened(self._preface + records).read_next_batch()
            batch.validate(full=True)
        except (pa.ArrowException, StopIteration, OSError) as error:
            raise BadInput(f"the record batch cannot be read: {error}", where, "write the stream again") from None
        for name in ("datastream_id", "datastream", "phenomenon_time"):
            if name in batch.schema.names and batch.column(name).null_count:
                raise _bad_rows(f"'{name}' is null", where, batch.column(name).is_null(), "give every row one")
        result, result_json = _results(batch.column("result"))
        made = {
            "datastream_id": self._datastreams(batch, where),
            "phenomenon_time": _stamps(batch.column("phenomenon_time"), where, "phenomenon_time"),
            "result": result,
            "result_json": result_json,
            "quality": _flags(batch, where),
        }
        for name in ("phenomenon_end", "result_time"):
            if name in batch.schema.names:
                made[name] = _stamps(batch.column(name), where, name)
        return pa.table(made)

    def _datastreams(self, batch: pa.RecordBatch, where: str) -> pa.Array:
        if "datastream_id" in batch.schema.names:
            try:
                return batch.column("datastream_id").cast(pa.int64())
            except pa.ArrowInvalid as error:
                raise BadInput(f"'datastream_id' holds no ids: {error}", where, "ids are 64-bit integers") from None
        names = batch.column("datastream")
        encoded = names if pa.types.is_dictionary(names.type) else names.dictionary_encode()
        by_code = self._directory.by_code
        codes = encoded.dictionary.to_pylist()
        ids = pa.array([by_code[code].id if code in by_code else None for code in codes], pa.int64())
        found = ids.take(encoded.indices)
        if found.null_count:
            unknown = pc.unique(names.filter(found.is_null())).to_pylist()
            shown = ", ".join(f"'{str(code)[:80]}'" for code in unknown[:SHOWN])
            remedy = "/v1.1/Datastreams lists the codes"
            raise _bad_rows(f"there is no datastream {shown}", where, found.is_null(), remedy)
        return found


def _opened(data: bytes) -> pa.ipc.RecordBatchStreamReader:
    try:
        stream = pa.ipc.open_stream(pa.BufferReader(data))
        _names_of_everything(stream.schema)
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise BadInput(f"the schema cannot be read: {error}", remedy="write the stream again") from None
    return stream


def _names_of_everything(schema: pa.Schema) -> list[str]:
    """Return every name and zone; pyarrow decodes them only when asked, and damaged ones are no UTF-8."""
    return [field.name for field in schema] + [
        field.type.tz or "" for field in schema if pa.types.is_timestamp(field.type)
    ]


def _check_schema(schema: pa.Schema) -> None:
    names = schema.names
    remedy = f"the columns are {', '.join(KNOWN)}"
    for name in names:
        if name not in KNOWN or names.count(name) > 1:
            raise BadInput(f"the column '{name[:80]}' is unknown or comes twice", "schema", remedy)
    if ("datastream_id" in names) == ("datastream" in names):
        raise BadInput("either 'datastream_id' or 'datastream' names the datastream", "schema", remedy)
    for name in ("phenomenon_time", "result"):
        if name not in names:
            raise BadInput(f"the column '{name}' is missing", "schema", remedy)
    for field in schema:
        if not _fits(field.name, field.type):
            raise BadInput(f"the column '{field.name}' cannot be read from {field.type}", "schema", _WANTED[field.name])


_WANTED = {
    "datastream_id": "give integers",
    "datastream": "give text, plain or as a dictionary",
    "phenomenon_time": "give timestamps or ISO 8601 text",
    "phenomenon_end": "give timestamps or ISO 8601 text",
    "result_time": "give timestamps or ISO 8601 text",
    "result": "give numbers, booleans or text",
    "quality": "give integers",
}


def _fits(name: str, kind: pa.DataType) -> bool:
    text = pa.types.is_string(kind) or pa.types.is_large_string(kind)
    if name in ("datastream_id", "quality"):
        return bool(pa.types.is_integer(kind))
    if name == "datastream":
        return text or (pa.types.is_dictionary(kind) and _fits(name, kind.value_type))
    if name == "result":
        number = pa.types.is_integer(kind) or pa.types.is_floating(kind) or pa.types.is_decimal(kind)
        return bool(number or text or pa.types.is_boolean(kind) or pa.types.is_null(kind))
    return text or bool(pa.types.is_timestamp(kind))


def _results(values: pa.Array) -> tuple[pa.Array, pa.Array]:
    kind = values.type
    if pa.types.is_boolean(kind) or pa.types.is_string(kind) or pa.types.is_large_string(kind):
        return pa.nulls(len(values), pa.float64()), columns.json_texts(values)
    return values.cast(pa.float64(), safe=False), pa.nulls(len(values), pa.string())


def _stamps(values: pa.Array, where: str, name: str) -> pa.Array:
    if not pa.types.is_timestamp(values.type):
        return _texts(values, where, name)
    try:
        exact = values.type.unit in ("s", "ms")
        stamps = values.cast(pa.timestamp("us", values.type.tz), safe=exact).cast(pa.int64())
        inside = columns.in_range(stamps)
    except pa.ArrowInvalid:
        inside = False
    if not inside:
        unit = {"s": 1, "ms": 1_000, "us": 1_000_000, "ns": 1_000_000_000}[values.type.unit]
        raw = values.cast(pa.int64())
        early = pc.less(raw, times.EARLIEST // times.MICROS_PER_S * unit)
        outside = pc.or_(early, pc.greater_equal(raw, times.LATEST // times.MICROS_PER_S * unit))
        raise _bad_rows(f"'{name}' lies outside 1900–2200", where, outside, "set the device's clock")
    return stamps.cast(TIME)


def _texts(values: pa.Array, where: str, name: str) -> pa.Array:
    known = values.drop_null()
    try:
        read = columns.parsed_times(known.cast(pa.string()))
    except BadInput as error:
        raise BadInput(f"'{name}': {error.what}", where, error.remedy) from None
    if not values.null_count:
        return read
    places = pc.subtract(pc.cumulative_sum(values.is_valid().cast(pa.int64())), 1)
    return read.take(pc.if_else(values.is_valid(), places, None))


def _flags(batch: pa.RecordBatch, where: str) -> pa.Array:
    if "quality" not in batch.schema.names:
        return pa.repeat(pa.scalar(int(Quality.NOT_EVALUATED), pa.uint8()), batch.num_rows)
    flags = batch.column("quality").fill_null(int(Quality.NOT_EVALUATED))
    wrong = pc.invert(pc.is_in(flags, pa.array([int(flag) for flag in Quality]).cast(flags.type)))
    if pc.any(wrong).as_py():
        remedy = "QARTOD: 1 good, 2 not evaluated, 3 suspect, 4 fail, 9 missing"
        raise _bad_rows("'quality' is no flag", where, wrong, remedy)
    return flags.cast(pa.uint8())


def _bad_rows(what: str, where: str, bad: pa.Array, remedy: str) -> BadObservation:
    rows = tuple(pc.indices_nonzero(bad.fill_null(False))[: SHOWN + 1].to_pylist())
    return BadObservation(what, f"{where}, {_rows(rows)}", remedy, rows)


def _rows(rows: tuple[int, ...]) -> str:
    shown = ", ".join(str(row) for row in rows[:SHOWN]) + (", …" if len(rows) > SHOWN else "")
    return f"rows {shown} (counted from 0)"
