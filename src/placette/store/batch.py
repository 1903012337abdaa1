"""One group of waiting appends as columns: an Arrow table for DuckDB and numpy views of it for the checks."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cached_property
from itertools import groupby

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.model.observations import OBSERVATION_SCHEMA, ObservationRow, table_of
from placette.store.jobs import Append

NULL_TIME = np.iinfo(np.int64).min
"""Stands for a null in the numpy views of times and ids."""

Int64s = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Objects = npt.NDArray[np.object_]
Bools = npt.NDArray[np.bool_]


class Batch:
    """Rows of one group. Times are µs UTC; ``NULL_TIME`` stands for null, NaN for a null result."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table
        self.count = table.num_rows

    @cached_property
    def datastream_id(self) -> Int64s:
        """The datastream of each row."""
        return _integers(self.table, "datastream_id")

    @cached_property
    def phenomenon_time(self) -> Int64s:
        """Start of the phenomenon of each row."""
        return _integers(self.table, "phenomenon_time")

    @cached_property
    def phenomenon_end(self) -> Int64s | None:
        """End of the phenomenon, ``None`` when no row has one."""
        return _sparse(self.table, "phenomenon_end")

    @cached_property
    def result_time(self) -> Int64s | None:
        """Time of the result, ``None`` when no row has one."""
        return _sparse(self.table, "result_time")

    @cached_property
    def feature_id(self) -> Int64s | None:
        """The feature of interest, ``None`` when no row has one."""
        return _sparse(self.table, "feature_id")

    @cached_property
    def result(self) -> Floats:
        """The number of each row, NaN where there is none."""
        values: Floats = self.table.column("result").to_numpy()
        return values

    @cached_property
    def result_json(self) -> Objects | None:
        """The JSON text of each row, ``None`` when no row has one."""
        column = self.table.column("result_json")
        if column.null_count == self.count:
            return None
        values: Objects = column.to_numpy()
        return values

    @cached_property
    def quality(self) -> npt.NDArray[np.uint8]:
        """The QARTOD flag of each row."""
        values: npt.NDArray[np.uint8] = self.table.column("quality").to_numpy()
        return values

    def take(self, rows: Int64s) -> pa.Table:
        """Return the given rows as a table, in that order."""
        return self.table.take(pa.array(rows))


def gather(jobs: Sequence[Append]) -> Batch:
    """Put the rows of all jobs into one batch, in their order."""
    tables: list[pa.Table] = []
    for is_table, part in groupby(jobs, lambda job: job.table is not None):
        if is_table:
            tables.extend(job.table for job in part)
        else:
            tables.append(_of_rows([row for job in part for row in job.rows or ()]))
    table = tables[0] if len(tables) == 1 else pa.concat_tables(tables)
    return Batch(table.combine_chunks())


def _of_rows(rows: list[ObservationRow]) -> pa.Table:
    if all(row.result_json is None and row.extra is None and row.phenomenon_end is None for row in rows):
        return _of_plain_rows(rows)
    return table_of(rows)


def _of_plain_rows(rows: list[ObservationRow]) -> pa.Table:
    """The common case written out: half the time of the general one, and single POSTs live on it."""
    count = len(rows)
    columns = [
        pa.array([row.datastream_id for row in rows], pa.int64()),
        pa.array([row.phenomenon_time for row in rows], pa.int64()).cast(pa.timestamp("us")),
        pa.nulls(count, pa.timestamp("us")),
        pa.array([row.result for row in rows], pa.float64()),
        pa.nulls(count, pa.string()),
        pa.array([row.result_time for row in rows], pa.int64()).cast(pa.timestamp("us")),
        pa.array([row.quality for row in rows], pa.uint8()),
        pa.array([row.feature_id for row in rows], pa.int64()),
        pa.nulls(count, pa.string()),
        pa.array([row.arrival_id for row in rows], pa.int64()),
    ]
    return pa.table(columns, schema=OBSERVATION_SCHEMA)


def _integers(table: pa.Table, name: str) -> Int64s:
    column = table.column(name)
    if column.type != pa.int64():
        column = column.cast(pa.int64())
    if column.null_count:
        column = column.fill_null(NULL_TIME)
    values: Int64s = column.to_numpy()
    return values


def _sparse(table: pa.Table, name: str) -> Int64s | None:
    return None if table.column(name).null_count == table.num_rows else _integers(table, name)
