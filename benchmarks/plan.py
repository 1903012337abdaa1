"""The data every system is measured with: one reproducible city of sensors.

A datastream reports every 15 minutes at its own second, with whole-second times and values of one decimal, as cheap
sensors do. One in a hundred has a whole year behind it; the others share the remaining rows, so that 10 M
observations in 10,000 datastreams are 35,040 rows for each of 100 and about a week for the rest. Rows come in the
order in which they would have arrived: by time, all datastreams mixed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cached_property

import msgspec
import numpy as np
import pyarrow as pa

PERIOD_S = 900
YEAR_SLOTS = 365 * 86_400 // PERIOD_S
SECOND = 1_000_000


class Plan(msgspec.Struct, frozen=True, dict=True):
    """How many rows in how many datastreams, ending at ``end_s`` (s since 1970, a multiple of the period).

    The first ``deep`` datastreams have a year.
    """

    rows: int
    datastreams: int
    end_s: int
    deep: int

    @cached_property
    def slots(self) -> int:
        """How many periods the other datastreams have."""
        rest = max(0, self.rows - self.deep * YEAR_SLOTS)
        return rest // max(1, self.datastreams - self.deep)

    @property
    def total(self) -> int:
        """The exact number of rows that come out of :meth:`batches`."""
        return self.deep * self._longest + (self.datastreams - self.deep) * self.slots

    def runs(self, count: int, size: int) -> Iterator[list[pa.Table]]:
        """Yield the rows in ``count`` equal parts, each as tables of ``size`` rows."""
        whole = pa.concat_tables(self.batches(size)).combine_chunks()
        rows = whole.num_rows // count
        for start in range(0, rows * count, rows):
            stop = start + rows
            yield [whole.slice(first, min(size, stop - first)) for first in range(start, stop, size)]

    @property
    def end(self) -> int:
        """The end in µs."""
        return self.end_s * SECOND

    @property
    def _longest(self) -> int:
        return max(YEAR_SLOTS, self.slots) if self.deep else self.slots

    def batches(self, size: int) -> Iterator[pa.Table]:
        """Yield tables of some ``size`` rows: ``position`` (of the datastream), ``phenomenon_time``, ``result``."""
        random = np.random.default_rng(20260101)
        order = np.argsort(random.integers(0, PERIOD_S, self.datastreams), kind="stable")
        offset = np.sort(random.integers(0, PERIOD_S, self.datastreams))
        deep_only = order < self.deep
        gathered: list[tuple[np.ndarray, np.ndarray]] = []
        held = 0
        for slot in range(self._longest, 0, -1):
            start_s = self.end_s - slot * PERIOD_S
            whole = slot <= self.slots
            position, seconds = (order, offset) if whole else (order[deep_only], offset[deep_only])
            gathered.append((position, start_s + seconds))
            held += len(position)
            if held >= size:
                yield _table(gathered, random)
                gathered, held = [], 0
        if gathered:
            yield _table(gathered, random)


def history_plan(rows: int, datastreams: int) -> Plan:
    """Return the plan of a stored history that ends with the last whole period before now."""
    return Plan(rows, datastreams, _last_period(), max(1, min(datastreams // 100, rows // YEAR_SLOTS)))


def stream_plan(rows: int, datastreams: int) -> Plan:
    """Return the plan of rows to send: every datastream has as many."""
    return Plan(rows, datastreams, _last_period(), 0)


def _last_period() -> int:
    return int(datetime.now(UTC).timestamp()) // PERIOD_S * PERIOD_S


def _table(gathered: list[tuple[np.ndarray, np.ndarray]], random: np.random.Generator) -> pa.Table:
    position = np.concatenate([part[0] for part in gathered])
    seconds = np.concatenate([part[1] for part in gathered])
    daily = 8 * np.sin(2 * np.pi * (seconds % 86_400) / 86_400)
    result = np.round(15 + position % 10 + daily + random.normal(0, 1.5, len(position)), 1)
    return pa.table(
        {
            "position": position.astype(np.int64),
            "phenomenon_time": pa.array(seconds * SECOND, pa.timestamp("us")),
            "result": result,
        }
    )
