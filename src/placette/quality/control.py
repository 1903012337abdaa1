"""Flags observations as they come, before they are stored, and mends the flag of the one before where QARTOD does."""

from __future__ import annotations

import asyncio
import math
from collections.abc import Iterable, Mapping, Sequence

import msgspec

from placette.analyse.quality.streaming import UNKNOWN, Stream
from placette.model.observations import ObservationRow, Quality
from placette.model.quality import Checks
from placette.quality.plans import Plan, Plans
from placette.store import Store
from placette.store.sql import among

_MOST_VALUES = 512
"""Values read back per datastream at its first observation after a start."""
_LONGEST_US = 8 * 86_400_000_000
_RECENT = """
SELECT datastream_id, epoch_us(phenomenon_time) AS phenomenon_time, result, result_json,
       epoch_us(phenomenon_end) AS phenomenon_end, epoch_us(result_time) AS result_time, quality, feature_id, extra,
       arrival_id
FROM observation
WHERE datastream_id IN {among} AND phenomenon_time >= make_timestamp(?) AND result IS NOT NULL
QUALIFY row_number() OVER (PARTITION BY datastream_id ORDER BY phenomenon_time DESC, id DESC) <= ?
ORDER BY datastream_id, phenomenon_time, id
"""


class Flagged(msgspec.Struct, frozen=True):
    """The rows with their flags, in their order; ``mended`` are stored rows whose flag became worse.

    ``causes`` gives for each mended row the number of the row that showed it.
    """

    rows: list[ObservationRow]
    mended: list[ObservationRow]
    causes: list[int]


class _State:
    """A datastream as the control sees it: ``last`` is the newest row judged, ``place`` where it is in the batch."""

    __slots__ = ("batch", "last", "place", "plan", "stream")

    def __init__(self, plan: Plan) -> None:
        self.plan = plan
        self.stream = Stream(plan.terms) if plan.terms is not None else None
        self.last: ObservationRow | None = None
        self.batch = 0
        self.place = 0


class StreamingControl:
    """Judges rows that are not evaluated yet; what comes late stays so and is left to the review."""

    def __init__(self, store: Store, checks: Mapping[str, Checks]) -> None:
        self._store = store
        self._plans = Plans(store, checks)
        self._states: dict[int, _State] = {}
        self._warming = asyncio.Lock()
        self._batch = 0
        self._version = -1

    async def flag(self, rows: Sequence[ObservationRow]) -> Flagged:
        """Return the rows with their flags; a datastream's first row waits for its last values to be read."""
        self._forget_changed()
        if any(row.datastream_id not in self._states for row in rows):
            async with self._warming:
                new = {row.datastream_id for row in rows} - self._states.keys()
                self._states |= await asyncio.to_thread(self._warm, new)
        return self._judge(rows)

    def _forget_changed(self) -> None:
        """Let go of datastreams that are not what they were; looks at all of them after a change of the catalogue."""
        directory = self._store.directory
        if directory.version != self._version:
            changed = [key for key, state in self._states.items() if directory.by_id.get(key) is not state.plan.info]
            for key in changed:
                del self._states[key]
            self._version = directory.version

    def _judge(self, rows: Sequence[ObservationRow]) -> Flagged:
        self._batch += 1
        found: list[ObservationRow] = []
        mended: list[ObservationRow] = []
        causes: list[int] = []
        states, batch = self._states, self._batch
        for number, given in enumerate(rows):
            row = given
            state = states.get(row.datastream_id)
            if state is None or state.stream is None or row.quality != UNKNOWN or row.result_json:
                found.append(row)
                continue
            stream = state.stream
            value = math.nan if row.result is None else row.result
            flag, worse = stream.step(row.phenomenon_time, value)
            if worse and state.last is not None:
                earlier = _with_flag(state.last, worse)
                if state.batch == batch:
                    found[state.place] = earlier
                else:
                    mended.append(earlier)
                    causes.append(number)
            if flag != UNKNOWN:
                row = _with_flag(row, flag)
            if stream.time == row.phenomenon_time and stream.value == value:
                state.last, state.batch, state.place = row, batch, number
            found.append(row)
        return Flagged(found, mended, causes)

    def _warm(self, datastreams: set[int]) -> dict[int, _State]:
        """Return fresh states that know the last stored values of their datastreams; runs in a thread."""
        states = {key: _State(plan) for key, plan in self._plans.of(datastreams).items()}
        judged = {key: state for key, state in states.items() if state.stream is not None}
        for row in self._recent(judged):
            state = judged[row.datastream_id]
            if row.quality != Quality.FAIL and state.stream is not None and row.result is not None:
                state.stream.step(row.phenomenon_time, row.result)
                state.last = row
        return states

    def _recent(self, datastreams: Iterable[int]) -> list[ObservationRow]:
        latest = self._store.latest.of(datastreams)
        if not latest.num_rows:
            return []
        newest = max(latest.column("phenomenon_time").cast("int64").to_pylist())
        table = self._store.query_now(_RECENT.format(among=among(datastreams)), [newest - _LONGEST_US, _MOST_VALUES])
        return [ObservationRow(**row) for row in table.to_pylist()]


def _with_flag(row: ObservationRow, flag: int) -> ObservationRow:
    """Return the row with another flag; written out, a third of the time of ``msgspec.structs.replace``."""
    return ObservationRow(
        row.datastream_id,
        row.phenomenon_time,
        row.result,
        row.result_json,
        row.phenomenon_end,
        row.result_time,
        flag,
        row.feature_id,
        row.extra,
        row.arrival_id,
    )
