"""What is due, what the worker is to be asked, what becomes of its answer. The one place that knows store and clock.

At each local midnight (five minutes later, for what comes late) and when the past has grown by a quarter, learning and
an issue of fourteen days; every hour the next two days. What was missed while the city was off is not made up for: the
next issue is that of the hour that has begun.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from datetime import date, datetime
from functools import partial
from pathlib import Path
from typing import get_args
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np

from placette.city.model import City
from placette.model.times import MICROS_PER_S
from placette.services.forecast import covariates, derived, selection, thresholds
from placette.services.forecast.terms import HORIZON, NAIVE, PER_DAY, Ask, Board, Ints, State, Step
from placette.services.forecast.worker import Told
from placette.services.panels import Regular
from placette.store import DatastreamInfo, Store, retention

HOUR_US = 3_600 * MICROS_PER_S
MINUTE_US = 60 * MICROS_PER_S
DELAY_US = 300 * MICROS_PER_S
"""How long an hour's last values may take to come."""
YEARS = 3.0
HOURLY_YEARS = 1.6
"""How far back an hourly issue looks: last year's weeks, and enough to know that there was a last year."""
GROWN = 1.25
"""Learn again when the past has grown by so much: an import, a first day."""
LEAST_DAYS = 3
"""Days any series must have before a first forecast is tried."""
_AT_ONCE = 5_000
"""Rows stored at once: other writers wait for no more than these."""
STEPS: tuple[Step, ...] = get_args(Step)


class Due(msgspec.Struct, frozen=True):
    """An issue that is due at the beginning of an hour (µs UTC), with learning or without, for two days or fourteen.

    ``at_once`` is when a first issue, which nothing is learnt for, was made, to the minute (0: it is none).
    """

    step: Step
    issued: int
    long: bool
    learn: bool
    at_once: int = 0


class Foreseeing:
    """The forecasts of one city; every method blocks, so call it from a thread. ``folder`` is its own."""

    def __init__(self, store: Store, city: City, folder: Path, leave_out: Collection[str] = ()) -> None:
        self._store = store
        self._city = city
        self._folder = folder
        self._leave_out = frozenset(leave_out)
        self._zone = ZoneInfo(city.zone)

    def use_city(self, city: City) -> None:
        """Go on with this city: a device was installed, replaced or retired."""
        self._city = city

    def due(self, now: int) -> list[Due]:
        """Return what is due at ``now`` (µs UTC): nothing when the newest issue is of this hour."""
        hour = (now - DELAY_US) // HOUR_US * HOUR_US
        midnight = self._midnight(hour)
        found = []
        for step in STEPS:
            state = state_of(self._store, step)
            first = not state.long or state.issued > now + HOUR_US  # made by a clock that was ahead: begin anew
            if first:
                hour_now = now // HOUR_US * HOUR_US
                found.append(Due(step, hour_now if step == "hour" else self._midnight(hour_now), long=True, learn=True))
            elif state.long < midnight:
                found.append(Due(step, hour if step == "hour" else midnight, long=True, learn=True))
            elif step == "hour" and state.issued < hour:
                found.append(Due(step, hour, long=False, learn=False))
        return found

    def at_once(self, now: int) -> Due | None:
        """Return the very first issue of a city, which waits for no learning; ``None`` when there ever was any."""
        if state_of(self._store, "hour").issued:
            return None
        minute = now // MINUTE_US * MINUTE_US
        return Due("hour", now // HOUR_US * HOUR_US, long=False, learn=False, at_once=minute)

    def ask(self, due: Due) -> Ask | None:
        """Return what the worker is asked, ``None`` when there is too little to say anything."""
        state = state_of(self._store, due.step)
        wanted = self._chosen(due, state)
        if not wanted:
            return None
        years = YEARS if due.long or due.learn else HOURLY_YEARS
        series = selection.read(self._store, self._city, wanted, due.issued, due.step, years)
        if (~np.isnan(series.values)).any(axis=1).sum() < LEAST_DAYS * PER_DAY[due.step]:
            return None
        grown = not due.at_once and int((~np.isnan(series.values)).sum()) > GROWN * max(1, state.values)
        horizon = HORIZON[due.step]
        instants = self._instants(series, horizon + 1)
        known, names = covariates.known_ahead(
            self._store, self._city, series.start_s, instants[:-1], due.step, due.issued
        )
        board = {each.datastream: each for each in state.board.standings} if state.board else {}
        keys = tuple(info.id for info in series.infos)
        ahead = len(series.values)
        return Ask(
            folder=str(self._folder),
            step=due.step,
            values=series.values,
            start_s=series.start_s,
            known=known,
            names=names,
            keys=keys,
            groups=tuple(info.property_key or "" for info in series.infos),
            outputs=derived.outputs(self._store, series.infos, due.step),
            limits=thresholds.limits(self._city, series.infos, due.step, self._day(due.issued)),
            day_limits=thresholds.day_limits(self._city, series.infos, self._day(due.issued))
            if due.step == "hour"
            else (),
            naive=tuple(board[key].method == NAIVE if key in board else False for key in keys),
            instants=instants[ahead:],
            issued=due.at_once or due.issued,
            at_once=bool(due.at_once),
            long=due.long or grown,
            learn=due.learn or grown,
        )

    def write(self, ask: Ask, told: Told) -> None:
        """Store what was foretold, then remember that it was."""
        for first in range(0, told.rows.num_rows, _AT_ONCE):
            self._store.append_now(told.rows.slice(first, _AT_ONCE))
        before = state_of(self._store, ask.step)
        state = State(
            issued=ask.issued,
            long=ask.issued if ask.long else before.long,
            trained=told.trained,
            values=max(told.values, 1) if ask.learn else before.values,
            chosen=ask.keys,
            board=self._with_moves(told.board) if told.board else before.board,
        )
        self._store.change_now(partial(_remember, step=ask.step, state=state), refresh=False)

    def forget(self, now: int, days: int, midnight_days: int) -> int:
        """Delete issues older than these days, and those of a clock that was ahead; return how many rows went."""
        ids = [info.id for info in self._store.directory.by_id.values() if is_ours(info)]
        if not ids:
            return 0
        day_us = 24 * HOUR_US
        return self._store.change_now(
            partial(
                retention.delete_issues,
                datastream_ids=ids,
                others=now - days * day_us,
                midnights=now - midnight_days * day_us,
                after=now + HOUR_US,
                zone=self._city.zone,
            )
        )

    def _chosen(self, due: Due, state: State) -> list[DatastreamInfo]:
        """Return the datastreams of an issue: those of the last midnight, or chosen anew at this one."""
        by_id = self._store.directory.by_id
        if not due.learn and state.chosen:
            return [by_id[key] for key in state.chosen if key in by_id]
        wanted = selection.candidates(self._store, self._city, self._leave_out)
        if not wanted:
            return []
        recent = selection.read(self._store, self._city, wanted, due.issued, "hour", 90 / 366)
        kinds = selection.rhythm(recent.values, PER_DAY["hour"])
        fits = ("hour",) if due.step == "hour" else ("hour", "day")
        found = [info for info, kind in zip(wanted, kinds, strict=True) if kind in fits]
        # trees tell series from each other by their column: those of one property must be neighbours
        return sorted(found, key=lambda info: (info.property_key or "", info.code or ""))

    def _instants(self, series: selection.Series, ahead: int) -> Ints:
        """Return when each step of the past and ``ahead`` further ones begin."""
        nothing = series.values[:, :0]
        regular = Regular(infos=(), values=nothing, start_s=series.start_s, step_s=series.step_s, zone=self._city.zone)
        return regular.instants(0, len(series.values) + ahead)

    def _with_moves(self, board: Board) -> Board:
        since = selection.moved(self._store)
        by_id = self._store.directory.by_id
        standings = [
            msgspec.structs.replace(each, since=since.get(by_id[each.datastream].thing_id))
            if each.datastream in by_id
            else each
            for each in board.standings
        ]
        return msgspec.structs.replace(board, standings=standings)

    def _midnight(self, now: int) -> int:
        """Return the local midnight that ``now`` follows, µs UTC."""
        local = datetime.fromtimestamp(now / MICROS_PER_S, self._zone)
        return int(local.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * MICROS_PER_S

    def _day(self, now: int) -> date:
        return datetime.fromtimestamp(now / MICROS_PER_S, self._zone).date()


def is_ours(info: DatastreamInfo) -> bool:
    """Say whether a datastream holds forecasts of this service."""
    return info.about is not None and info.origin == "forecast"


def state_of(store: Store, step: Step) -> State:
    """Return what is known of a step's forecasts; nothing was ever made when it cannot be read. Blocks."""
    return _decoded(store.query_now("SELECT value FROM meta WHERE key = ?", [_key(step)]).to_pylist())


def _decoded(rows: Sequence[dict[str, str]]) -> State:
    try:
        return msgspec.json.decode(rows[0]["value"], type=State) if rows else State()
    except msgspec.DecodeError:  # written by another version
        return State()


def _key(step: Step) -> str:
    return f"forecast {step}"


def _remember(con: duckdb.DuckDBPyConnection, *, step: Step, state: State) -> None:
    con.execute("DELETE FROM meta WHERE key = ?", [_key(step)])
    con.execute("INSERT INTO meta VALUES (?, ?)", [_key(step), msgspec.json.encode(state).decode()])
