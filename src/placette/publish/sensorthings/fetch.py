"""Fetches the rows of a plan and makes JSON objects of them, with the figures that no column holds."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import duckdb
import msgspec
import pyarrow as pa

from placette.model.errors import BadQuery
from placette.publish.sensorthings.entities import AREAS
from placette.publish.sensorthings.extents import Extents
from placette.publish.sensorthings.plan import Plan
from placette.publish.sensorthings.serialise import Row, rows
from placette.store import Store

_IN_THREAD = 1_000
"""Rows from which their JSON is made beside the event loop: fewer take less than a few milliseconds."""
_USER_FAULTS = (duckdb.ConversionException, duckdb.OutOfRangeException, duckdb.InvalidInputException)
"""What DuckDB raises while it runs, for values that a client's query brought together."""


class Fetcher:
    """What reading needs of the store; ``clock`` gives µs since 1970-01-01 UTC."""

    def __init__(self, store: Store, clock: Callable[[], int]) -> None:
        self.store = store
        self.clock = clock
        self.extents = Extents(store)

    async def rows(self, plan: Plan, root: str) -> list[Row]:
        """Return the rows of a plan; ``root`` is the address of the service without a final slash."""
        table = await self.query(plan.sql, plan.parameters)
        if any(column.derived for column in plan.columns):
            await self.extents.refresh()
        if table.num_rows > _IN_THREAD:
            found = await asyncio.to_thread(rows, table, plan, root, self.extents.ranges)
        else:
            found = rows(table, plan, root, self.extents.ranges)
        if any(column.name == "observedArea" for column in plan.columns):
            await self._add_areas(found)
        return found

    async def _add_areas(self, datastreams: list[Row]) -> None:
        lacking = [row.id for row in datastreams if row.json.get("observedArea") is None]
        if not lacking:
            return
        table = await self.query(AREAS, [lacking])
        areas = dict(zip(table.column(0).to_pylist(), table.column(1).to_pylist(), strict=True))
        for row in datastreams:
            if row.id in areas:
                row.json["observedArea"] = msgspec.Raw(areas[row.id].encode())

    async def query(self, sql: str, parameters: list[Any]) -> pa.Table:
        """Answer a statement; raises ``BadQuery`` when values in it cannot be worked with."""
        try:
            return await self.store.query(sql, parameters)
        except _USER_FAULTS as error:
            raise BadQuery(f"the query cannot be answered: {error}", remedy="check the values it compares") from None
