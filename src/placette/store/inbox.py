"""The inbox of dead letters: what arrived and could not become observations, kept with its reason to be replayed.

It is bounded by days and by bytes (``StoreSettings``), see :mod:`placette.store.shares`. What came is never changed: a
mended form (:mod:`placette.store.mending`) stands beside it, and a letter that was dismissed is hidden, not gone.
"""

from __future__ import annotations

import asyncio
import builtins
from collections.abc import AsyncIterator, Mapping, Sequence
from typing import Any
from weakref import WeakKeyDictionary, ref

import duckdb
import msgspec
import pyarrow as pa

from placette.model.arrivals import Arrival, DeadLetter
from placette.store import causes, shares
from placette.store.core import Store
from placette.store.feed import SCHEMAS, Feeds
from placette.store.settings import StoreSettings
from placette.store.sql import among

FILES = "file"
"""What letters of files name as their network: they are mended by importing the file again, not by a replay."""


class KeptLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter in the inbox; times in µs UTC.

    ``replayed_at`` is set once its replay succeeded, ``dismissed_at`` once somebody has put it away. ``mended_channel``
    and ``mended_payload`` stand in for what came when they are there.
    """

    id: int
    letter: DeadLetter
    replayed_at: int | None = None
    dismissed_at: int | None = None
    mended_channel: str | None = None
    mended_payload: bytes | None = None

    @property
    def arrival(self) -> Arrival:
        """What a replay reads: the arrival as it came, or as it was mended."""
        came = self.letter.arrival
        return msgspec.structs.replace(
            came,
            channel=came.channel if self.mended_channel is None else self.mended_channel,
            payload=came.payload if self.mended_payload is None else self.mended_payload,
        )

    @property
    def mended(self) -> bool:
        """Whether the letter has a mended form."""
        return self.mended_channel is not None or self.mended_payload is not None


class Choice(msgspec.Struct, frozen=True, kw_only=True):
    """Which letters: those of ``ids``, or all, narrowed by network, reason, cause; ``before`` continues a page."""

    ids: tuple[int, ...] = ()
    network: str | None = None
    what: str | None = None
    cause: str | None = None
    before: int | None = None
    state: causes.State | None = None


PIECE = 1_000
"""Letters handled in one go, so that what comes in waits a few milliseconds at most."""
EVERY = Choice()
WAITING = Choice(state="waiting")

_COLUMNS = (
    "id, network, channel, payload, epoch_us(received_time) AS received, what, where_, remedy,"
    " epoch_us(replayed_at) AS replayed, epoch_us(dismissed_at) AS dismissed, mended_channel, mended_payload"
)


_FILLED = "(id, network, channel, payload, received_time, what, where_, remedy, size)"
_FILLING = f"nextval('dead_letter_id'), network, channel, payload, received_time, what, where_, remedy, {shares.size()}"
_SAME = "network, channel, what, payload"
_INSERT_NEW = f"""
INSERT INTO dead_letter {_FILLED} SELECT {_FILLING} FROM letters WHERE position IN (
    SELECT min(position) FROM letters GROUP BY {_SAME}
) AND position NOT IN (SELECT letters.position FROM dead_letter JOIN letters USING ({_SAME}))
ORDER BY position
"""  # noqa: S608  # fixed text


class _Desk:
    """Gathers the letters of one store that come while a commit runs, so that they share the next one."""

    def __init__(self, store: Store) -> None:
        self._store = ref(store)
        self._waiting: Group = []
        self._running: Group = []

    def put(self, letters: Sequence[DeadLetter]) -> asyncio.Future[None]:
        """Take letters in; the future is done when they are durable."""
        kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((letters, kept))
        if not self._running:
            self._start()
        return kept

    def _start(self) -> None:
        store = self._store()
        self._running, self._waiting = self._waiting, []
        if store is None or not self._running:
            return
        letters = [letter for part, _ in self._running for letter in part]
        kept = asyncio.ensure_future(store.append_rows([], _Letters(letters, store.settings)))
        kept.add_done_callback(lambda done: self._settle(done.exception()))

    def _settle(self, error: BaseException | None) -> None:
        group, self._running = self._running, []
        for _, kept in group:
            if kept.done():
                continue
            if error is None:
                kept.set_result(None)
            else:
                kept.set_exception(error)
        self._start()


Params = builtins.list[Any]
Group = builtins.list[tuple[Sequence[DeadLetter], asyncio.Future[None]]]
_desks: WeakKeyDictionary[Store, _Desk] = WeakKeyDictionary()


async def keep(store: Store, letters: Sequence[DeadLetter]) -> None:
    """Keep these letters durably, and let go of those beyond the inbox's bounds.

    Callers that come while a commit runs share the next one, so that a flood of bad frames costs the writer little.
    Raises ``Busy`` or ``StorageFailure``.
    """
    if not letters:
        return
    desk = _desks.get(store)
    if desk is None:
        desk = _desks[store] = _Desk(store)
    await desk.put(letters)


def keep_new_now(store: Store, letters: Sequence[DeadLetter]) -> None:
    """Keep those of these letters that are not in the inbox yet, for threads outside of the event loop.

    A file that is imported again leaves the same letters again; once is enough. Raises ``Busy`` or ``StorageFailure``.
    """

    def change(con: duckdb.DuckDBPyConnection) -> None:
        con.register("letters", _numbered(letters))
        try:
            con.execute(_INSERT_NEW)
        finally:
            con.unregister("letters")
        shares.trim(con, store.settings)

    if letters:
        store.change_now(change, refresh=False)


async def list(store: Store, choice: Choice = EVERY, limit: int = 100) -> Sequence[KeptLetter]:  # noqa: A001  # read as inbox.list
    """Return the letters chosen, newest first."""
    condition, params = _condition(choice)
    table = await store.query(
        f"SELECT {_COLUMNS} FROM dead_letter WHERE {condition} ORDER BY id DESC LIMIT ?",  # noqa: S608  # fixed text
        [*params, limit],
    )
    return [_kept(row) for row in table.to_pylist()]


async def pieces(store: Store, choice: Choice) -> AsyncIterator[Sequence[KeptLetter]]:
    """Yield the letters chosen, newest first, at most ``PIECE`` at once; those that come meanwhile are left out."""
    condition, params = _condition(choice)
    found = await store.query(f"SELECT id FROM dead_letter WHERE {condition} ORDER BY id DESC", params)  # noqa: S608  # fixed text
    ids = found.column("id")
    for start in range(0, len(ids), PIECE):
        chosen = tuple(ids.slice(start, PIECE).to_pylist())
        letters = await list(store, Choice(ids=chosen, state=choice.state), PIECE)
        if letters:
            yield letters


async def count(store: Store, choice: Choice = WAITING) -> int:
    """Return how many letters are chosen."""
    condition, params = _condition(choice)
    table = await store.query(f"SELECT count(*) AS n FROM dead_letter WHERE {condition}", params)  # noqa: S608  # fixed text
    number: int = table.column("n")[0].as_py()
    return number


async def get(store: Store, key: int) -> KeptLetter | None:
    """Return one letter, ``None`` when it is gone."""
    found = await list(store, Choice(ids=(key,)), 1)
    return found[0] if found else None


async def settle(store: Store, done: Sequence[int], failed: Mapping[int, DeadLetter], at: int) -> None:
    """Note how a replay went at ``at`` (µs UTC): the letters done, and why each other one is still unusable."""
    wanted = tuple(done)
    why = pa.table(
        {
            "id": pa.array(failed.keys(), pa.int64()),
            "what": pa.array([as_text(letter.what) for letter in failed.values()], pa.string()),
            "where_": pa.array([as_text(letter.where) for letter in failed.values()], pa.string()),
            "remedy": pa.array([as_text(letter.remedy) for letter in failed.values()], pa.string()),
        }
    )

    def change(con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "UPDATE dead_letter SET replayed_at = make_timestamp(?) WHERE list_contains(?::BIGINT[], id)", [at, wanted]
        )
        con.register("why", why)
        try:
            con.execute(
                "UPDATE dead_letter SET what = why.what, where_ = why.where_, remedy = why.remedy FROM why"
                " WHERE dead_letter.id = why.id AND (dead_letter.what, dead_letter.where_, dead_letter.remedy)"
                " IS DISTINCT FROM (why.what, why.where_, why.remedy)"
            )
        finally:
            con.unregister("why")

    if done or failed:
        await store.change(change, refresh=False)


async def dismiss(store: Store, choice: Choice, at: int | None) -> int:
    """Hide the letters chosen since ``at`` (µs UTC), or show them again with ``None``; return how many it concerned."""
    condition, params = _condition(choice)
    state = causes.in_state("dismissed" if at is None else "waiting")
    sql = f"UPDATE dead_letter SET dismissed_at = make_timestamp(?::BIGINT) WHERE {state} AND {condition} RETURNING id"  # noqa: S608  # fixed text
    return await store.change(lambda con: len(con.execute(sql, [at, *params]).fetchall()), refresh=False)


def _condition(choice: Choice) -> tuple[str, Params]:
    """Return the SQL condition of a choice with its parameters."""
    parts: Params = []
    params: Params = []
    if choice.ids:
        parts.append(f"id IN {among(choice.ids)}")
    for column in ("network", "what"):
        if (value := getattr(choice, column)) is not None:
            parts.append(f"{column} = ?")
            params.append(as_text(value))
    if choice.cause is not None:
        # Materialised, or DuckDB would tell the cause of every letter instead of every reason: ten times slower.
        parts.append(
            f"(network, what) IN (WITH reason AS MATERIALIZED (SELECT network, what, {causes.key()} AS cause"  # noqa: S608  # fixed text
            " FROM (SELECT DISTINCT network, what FROM dead_letter)) SELECT network, what FROM reason WHERE cause = ?)"
        )
        params.append(as_text(choice.cause))
    if choice.before is not None:
        parts.append("id < ?")
        params.append(choice.before)
    if choice.state is not None:
        parts.append(causes.in_state(choice.state))
    return " AND ".join(parts) or "true", params


class _Letters:
    """Writes letters into the inbox, in the commit of whatever else is being stored."""

    def __init__(self, letters: Sequence[DeadLetter], settings: StoreSettings) -> None:
        self._letters = letters
        self._settings = settings

    def __call__(self, con: duckdb.DuckDBPyConnection, feeds: Feeds) -> None:
        feeds.fill("new_letter", _numbered(self._letters))
        con.execute(f"INSERT INTO dead_letter {_FILLED} SELECT {_FILLING} FROM new_letter")  # noqa: S608  # fixed text
        shares.trim(con, self._settings)


def _numbered(letters: Sequence[DeadLetter]) -> pa.Table:
    arrivals = [letter.arrival for letter in letters]
    columns = [
        [*range(len(letters))],
        [as_text(arrival.network) for arrival in arrivals],
        [as_text(arrival.channel) for arrival in arrivals],
        [arrival.payload for arrival in arrivals],
        [arrival.received_time for arrival in arrivals],
        [as_text(letter.what) for letter in letters],
        [as_text(letter.where) for letter in letters],
        [as_text(letter.remedy) for letter in letters],
    ]
    return pa.table(columns, schema=SCHEMAS["new_letter"])


def as_text(value: str) -> str:
    """Return the text as a UTF-8 column takes it: what a network sent may hold lone surrogates."""
    return value.encode("utf-8", "replace").decode()


def _kept(row: dict[str, Any]) -> KeptLetter:
    arrival = Arrival(
        network=row["network"], channel=row["channel"], payload=row["payload"], received_time=row["received"]
    )
    letter = DeadLetter(arrival=arrival, what=row["what"], where=row["where_"], remedy=row["remedy"])
    return KeptLetter(
        id=row["id"],
        letter=letter,
        replayed_at=row["replayed"],
        dismissed_at=row["dismissed"],
        mended_channel=row["mended_channel"],
        mended_payload=row["mended_payload"],
    )
