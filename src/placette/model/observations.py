"""Observations as columns: the one Arrow schema that goes from every way in to the store and out again.

Times are naive ``timestamp[us]`` and always UTC. ``result`` holds a number; ``result_json`` holds any other result as
JSON text (``'"open"'``, ``'true'``, ``'{"a":1}'``); both null is the null result, which is a value of its own
(OGC 18-088, table 12). ``result_time`` null means that it was not given.
"""

from __future__ import annotations

from enum import IntEnum

import msgspec
import pyarrow as pa

TIME = pa.timestamp("us")

OBSERVATION_SCHEMA = pa.schema(
    [
        pa.field("datastream_id", pa.int64(), nullable=False),
        pa.field("phenomenon_time", TIME, nullable=False),
        pa.field("phenomenon_end", TIME),
        pa.field("result", pa.float64()),
        pa.field("result_json", pa.string()),
        pa.field("result_time", TIME),
        pa.field("quality", pa.uint8(), nullable=False),
        pa.field("feature_id", pa.int64()),
        pa.field("extra", pa.string()),
        pa.field("arrival_id", pa.int64()),
    ]
)
"""``extra`` is a JSON object of the members few observations have: ``validTime``, ``parameters``, ``resultQuality``.
``arrival_id`` leads to what the observation came from (``store.arrivals``); null for what clients of the API post."""

STORED_SCHEMA = pa.schema([pa.field("id", pa.int64(), nullable=False), *OBSERVATION_SCHEMA])
"""The same with the observation's id: what the store gives out and what the live bus carries."""


class Quality(IntEnum):
    """QARTOD flags (US IOOS, Manual for Real-Time Oceanographic Data Quality Control, primary level flags)."""

    GOOD = 1
    NOT_EVALUATED = 2
    SUSPECT = 3
    FAIL = 4
    MISSING = 9


class ObservationRow(msgspec.Struct, frozen=True):
    """One observation before it is stored; times in µs since 1970-01-01 UTC. The shape of the single POST."""

    datastream_id: int
    phenomenon_time: int
    result: float | None = None
    result_json: str | None = None
    phenomenon_end: int | None = None
    result_time: int | None = None
    quality: int = Quality.NOT_EVALUATED
    feature_id: int | None = None
    extra: str | None = None
    arrival_id: int | None = None


def complete(table: pa.Table) -> pa.Table:
    """Return ``table`` with exactly the columns of ``OBSERVATION_SCHEMA``: absent ones null, quality 2, types cast.

    Raises ``pyarrow.ArrowInvalid`` when a column cannot be cast without loss and ``KeyError`` when
    ``datastream_id`` or ``phenomenon_time`` is absent.
    """
    columns: list[pa.Array | pa.ChunkedArray] = []
    for field in OBSERVATION_SCHEMA:
        if field.name in table.column_names:
            column = table.column(field.name)
            columns.append(column if column.type == field.type else column.cast(field.type))
        elif field.name == "quality":
            columns.append(pa.repeat(pa.scalar(int(Quality.NOT_EVALUATED), pa.uint8()), table.num_rows))
        elif field.nullable:
            columns.append(pa.nulls(table.num_rows, field.type))
        else:
            raise KeyError(field.name)
    return pa.table(columns, schema=OBSERVATION_SCHEMA)


def table_of(rows: list[ObservationRow]) -> pa.Table:
    """Return the rows as one table of ``OBSERVATION_SCHEMA``, in their order."""
    return pa.table(
        [pa.array([getattr(row, field.name) for row in rows], field.type) for field in OBSERVATION_SCHEMA],
        schema=OBSERVATION_SCHEMA,
    )
