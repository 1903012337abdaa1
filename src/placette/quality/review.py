"""Judges what is stored and not yet judged: after imports and posts, after late arrivals, with the neighbours' help.

Goes through the observations in the order of their arrival, piece by piece, and remembers how far it came (table
``meta``). Only flags that nobody else gave are written: 2 becomes 1, 3, 4 or 9; a 1 becomes worse when the value after
it shows a spike.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial

import duckdb
import msgspec
import numpy as np
import pyarrow as pa

from placette.analyse.quality import qartod
from placette.analyse.quality.qartod import Bools, Flags, Floats, Times
from placette.analyse.quality.series import examine
from placette.analyse.quality.terms import Terms
from placette.model.observations import TIME, Quality
from placette.quality.neighbours import Neighbours
from placette.quality.plans import Plan, Plans
from placette.store import Store
from placette.store.flags import FLAGS_SCHEMA, set_flags
from placette.store.sql import among, first

PIECE_ROWS = 200_000
_UPTO, _CHANGES = "quality_upto", "quality_changes_upto"
_HOUR_US = 3_600_000_000
_MOST_CONTEXT_US = 15 * 24 * _HOUR_US

_NEW = """
SELECT datastream_id, epoch_us(min(phenomenon_time)) AS low, epoch_us(max(phenomenon_time)) AS high
FROM observation WHERE {condition} AND quality = 2 GROUP BY datastream_id
"""
_VALUES = """
SELECT o.id, o.datastream_id, epoch_us(o.phenomenon_time) AS time, o.result, o.quality
FROM observation o JOIN wanted w
  ON o.datastream_id = w.id AND o.phenomenon_time BETWEEN make_timestamp(w.low) AND make_timestamp(w.high)
WHERE o.datastream_id IN {among} AND o.phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)
  AND o.result_json IS NULL
ORDER BY o.datastream_id, o.phenomenon_time, o.id
"""


class Review(msgspec.Struct):
    """What a review found: observations looked at, and how many got which flag."""

    looked_at: int = 0
    flags: dict[int, int] = {}
    written: int = 0

    def add(self, verdicts: pa.Table, looked_at: int) -> None:
        """Count one piece."""
        self.looked_at += looked_at
        for flag, count in zip(*np.unique(verdicts.column("quality").to_numpy(), return_counts=True), strict=True):
            self.flags[int(flag)] = self.flags.get(int(flag), 0) + int(count)


class Window(msgspec.Struct, frozen=True):
    """A datastream with rows to judge between two times, µs UTC."""

    id: int
    low: int
    high: int


def review_new(store: Store, plans: Plans, *, pieces: int = 20) -> Review:
    """Judge what came since the last review, at most ``pieces`` · ``PIECE_ROWS`` observations; blocks."""
    found = Review()
    done, changes = _mark(store, _UPTO), _mark(store, _CHANGES)
    now = time.time_ns() // 1000
    if changes:
        _review_changed(store, plans, changes, found)
    newest = store.query_now("SELECT max(id) AS id FROM observation WHERE id > ?", [done]).column("id")[0].as_py()
    highest = done if newest is None else int(newest)
    for _ in range(pieces):
        if done >= highest:
            break
        upto = min(done + PIECE_ROWS, highest)
        condition = f"id > {done} AND id <= {upto}"
        _judge_and_write(store, plans, _windows(store, condition), found)
        store.change_now(partial(_set_mark, key=_UPTO, value=upto), refresh=False)
        done = upto
    store.change_now(partial(_set_mark, key=_CHANGES, value=now), refresh=False)
    return found


def review_span(
    store: Store,
    plans: Plans,
    low: int,
    high: int,
    *,
    wanted: Callable[[Plan], bool] = lambda plan: True,
    dry_run: bool = False,
) -> Review:
    """Judge every observation of ``[low, high)`` (µs UTC) that nobody judged yet, day by day; call it from a thread."""
    found = Review()
    day = 24 * _HOUR_US
    for start in range(low, high, day):
        end = min(start + day, high)
        condition = f"phenomenon_time >= make_timestamp({start}) AND phenomenon_time < make_timestamp({end})"
        windows = _windows(store, condition)
        chosen = plans.of(window.id for window in windows)
        windows = [window for window in windows if window.id in chosen and wanted(chosen[window.id])]
        _judge_and_write(store, plans, windows, found, dry_run=dry_run)
    return found


def _review_changed(store: Store, plans: Plans, since: int, found: Review) -> None:
    """Judge rows whose result was corrected: they keep their old ids, which the mark has passed."""
    corrected = f"FROM observation_change WHERE changed_at > make_timestamp({since})"
    span = store.query_now(
        f"SELECT epoch_us(min(phenomenon_time)) AS low, epoch_us(max(phenomenon_time)) AS high {corrected}"
    ).to_pylist()[0]
    if span["low"] is None:
        return
    condition = (
        f"id IN (SELECT observation_id {corrected}) AND id <= {_mark(store, _UPTO)} AND phenomenon_time"
        f" BETWEEN make_timestamp({span['low']}) AND make_timestamp({span['high']})"
    )
    _judge_and_write(store, plans, _windows(store, condition), found)


def _windows(store: Store, condition: str) -> list[Window]:
    table = store.query_now(_NEW.format(condition=condition))
    return [Window(*row.values()) for row in table.to_pylist()]


def _judge_and_write(
    store: Store, plans: Plans, windows: list[Window], found: Review, *, dry_run: bool = False
) -> None:
    known = plans.of(window.id for window in windows)
    asked = [window for window in windows if window.id in known and known[window.id].terms is not None]
    if not asked:
        return
    verdicts, looked_at = judge(store, known, asked)
    found.add(verdicts, looked_at)
    if dry_run:
        return
    for start in range(0, verdicts.num_rows, PIECE_ROWS):
        piece = verdicts.slice(start, PIECE_ROWS)
        found.written += store.change_now(partial(set_flags, verdicts=piece), refresh=False)


def judge(store: Store, plans: dict[int, Plan], windows: list[Window]) -> tuple[pa.Table, int]:
    """Return the verdicts (``FLAGS_SCHEMA``) on the rows of these windows and how many were looked at."""
    values = _read(store, [_with_context(window, plans[window.id]) for window in windows])
    streams = values.column("datastream_id").to_numpy()
    times, flags = values.column("time").to_numpy(), values.column("quality").to_numpy()
    results = values.column("result").to_numpy()
    verdicts = flags.copy()
    neighbours = Neighbours(store, min(window.low for window in windows), max(window.high for window in windows))
    looked_at = 0
    for window in windows:
        begin, end = np.searchsorted(streams, [window.id, window.id + 1])
        part = slice(int(begin), int(end))
        new, count = _verdict(plans[window.id], window, times[part], results[part], flags[part], neighbours)
        verdicts[part] = new
        looked_at += count
    changed = np.flatnonzero(verdicts != flags)
    columns = [values.column(name).take(pa.array(changed)) for name in ("id", "datastream_id")]
    moments = pa.array(times[changed]).cast(TIME)
    was, quality = (pa.array(column[changed], pa.uint8()) for column in (flags, verdicts))
    result = values.column("result").take(pa.array(changed))
    return pa.table([*columns, moments, result, was, quality], schema=FLAGS_SCHEMA), looked_at


def _verdict(
    plan: Plan, window: Window, times: Times, results: Floats, flags: Flags, neighbours: Neighbours
) -> tuple[Flags, int]:
    """Return the new flags of one datastream's rows; only those not evaluated, and ones a spike is known of, change."""
    if plan.terms is None:
        return flags, 0
    mine = (flags == Quality.NOT_EVALUATED) & (times >= window.low) & (times <= window.high)
    failed = (flags == Quality.FAIL) & ~mine  # what failed before is no neighbour in time
    found = examine(times, np.where(failed, np.nan, results), plan.terms)
    good = mine & (found == Quality.GOOD)
    if good.any():
        found[good] = qartod.combine(found[good], neighbours.flags(plan, times[good], results[good]))
    before = np.zeros(len(flags), np.bool_)
    before[:-1] = mine[1:] & (flags[:-1] == Quality.GOOD)
    before &= _spikes(plan.terms, times, results, failed)
    return np.where(mine | before, found, flags), int(mine.sum())


def _spikes(terms: Terms, times: Times, results: Floats, failed: Bools) -> Bools:
    """Say which values stand out from both neighbours and could be: what else is wrong with them was known before."""
    low, high = terms.fail
    possible = ~failed & (results >= low) & (results <= high)
    alone = Terms(spike=terms.spike, linked_us=terms.linked_us)
    spikes: Bools = possible & (examine(times, np.where(possible, results, np.nan), alone) != Quality.GOOD)
    return spikes


def _with_context(window: Window, plan: Plan) -> Window:
    """Widen a window by what its tests look back to, and by the value after it."""
    step = int((plan.every_s or 3600) * 1_000_000)
    link = 4 * step if plan.terms is None or not np.isfinite(plan.terms.linked_us) else int(plan.terms.linked_us)
    back = link + (plan.terms.flat[1] * step if plan.terms is not None else 0)
    return Window(window.id, window.low - min(back, _MOST_CONTEXT_US), window.high + link)


def _read(store: Store, windows: list[Window]) -> pa.Table:
    """Return the rows of the windows by datastream and time."""
    wanted = pa.table({name: [getattr(window, name) for window in windows] for name in ("id", "low", "high")})
    con = store.cursor()
    try:
        con.register("wanted", wanted)
        low, high = min(window.low for window in windows), max(window.high for window in windows)
        sql = _VALUES.format(among=among(window.id for window in windows))
        found: pa.Table = con.sql(sql, params=[low, high]).to_arrow_table()
        return found
    finally:
        con.close()


def _mark(store: Store, key: str) -> int:
    found = store.query_now("SELECT value FROM meta WHERE key = ?", [key]).column("value").to_pylist()
    return int(found[0]) if found else 0


def _set_mark(con: duckdb.DuckDBPyConnection, key: str, value: int) -> None:
    if first(con, "SELECT 1 FROM meta WHERE key = ?", [key]):
        con.execute("UPDATE meta SET value = ? WHERE key = ?", [str(value), key])
    else:
        con.execute("INSERT INTO meta VALUES (?, ?)", [key, str(value)])
