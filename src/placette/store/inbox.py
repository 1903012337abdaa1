"""The inbox of dead letters: what arrived and could not become observations, kept with its reason to be replayed.

It is bounded by days and by payload bytes (``StoreSettings``); the oldest letters go first.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from weakref import WeakKeyDictionary, ref

import duckdb
import msgspec
import pyarrow as pa

from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.observations import TIME
from placette.store.core import Store
from placette.store.settings import StoreSettings
from placette.store.sql import first


class KeptLetter(msgspec.Struct, frozen=True, kw_only=True):
    """A dead letter in the inbox; ``replayed_at`` (µs UTC) is set once its replay succeeded."""

    id: int
    letter: DeadLetter
    replayed_at: int | None = None


_COLUMNS = (
    "id, network, channel, payload, epoch_us(received_time) AS received, what, where_, remedy,"
    " epoch_us(replayed_at) AS replayed"
)


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
        try:
            change = store.begin_change(lambda con: _insert(con, store.settings, letters), refresh=False)
        except PlacetteError as error:
            self._settle(error)
        else:
            change.add_done_callback(lambda done: self._settle(done.exception()))

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


Group = list[tuple[Sequence[DeadLetter], asyncio.Future[None]]]
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
        new = [letter for letter in letters if not _is_there(con, letter)]
        if new:
            _insert(con, store.settings, new)

    store.change_now(change, refresh=False)


def _is_there(con: duckdb.DuckDBPyConnection, letter: DeadLetter) -> bool:
    arrival = letter.arrival
    same = [_text(arrival.network), _text(arrival.channel), _text(letter.what), arrival.payload]
    found = first(
        con, "SELECT 1 FROM dead_letter WHERE network = ? AND channel = ? AND what = ? AND payload = ? LIMIT 1", same
    )
    return found is not None


async def list(  # noqa: A001  # read as inbox.list
    store: Store,
    *,
    what: str | None = None,
    network: str | None = None,
    before_id: int | None = None,
    waiting: bool = False,
    limit: int = 100,
) -> Sequence[KeptLetter]:
    """Return letters, newest first, optionally of one reason or network; ``before_id`` continues a page.

    ``waiting`` leaves out those whose replay succeeded.
    """
    table = await store.query(
        f"SELECT {_COLUMNS} FROM dead_letter WHERE (? IS NULL OR what = ?) AND (? IS NULL OR network = ?)"  # noqa: S608  # fixed names
        " AND (? IS NULL OR id < ?) AND (NOT ? OR replayed_at IS NULL) ORDER BY id DESC LIMIT ?",
        [what, what, network, network, before_id, before_id, waiting, limit],
    )
    return [_kept(row) for row in table.to_pylist()]


async def get(store: Store, key: int) -> KeptLetter | None:
    """Return one letter, ``None`` when it is gone."""
    table = await store.query(f"SELECT {_COLUMNS} FROM dead_letter WHERE id = ?", [key])  # noqa: S608  # fixed names
    rows = table.to_pylist()
    return _kept(rows[0]) if rows else None


async def reasons(store: Store) -> pa.Table:
    """Return network, what, count and newest (UTC) of the letters not yet replayed, most frequent first."""
    return await store.query(
        "SELECT network, what, count(*) AS count, max(received_time) AS newest FROM dead_letter"
        " WHERE replayed_at IS NULL GROUP BY ALL ORDER BY count DESC, what"
    )


async def mark_replayed(store: Store, keys: Sequence[int], at: int) -> None:
    """Note that these letters were replayed with success at ``at`` (µs UTC)."""
    wanted = tuple(keys)
    await store.change(
        lambda con: con.execute(
            "UPDATE dead_letter SET replayed_at = make_timestamp(?) WHERE list_contains(?::BIGINT[], id)", [at, wanted]
        ),
        refresh=False,
    )


def _insert(con: duckdb.DuckDBPyConnection, settings: StoreSettings, letters: Sequence[DeadLetter]) -> None:
    arrivals = [letter.arrival for letter in letters]
    rows = pa.table(
        {
            "network": [_text(arrival.network) for arrival in arrivals],
            "channel": [_text(arrival.channel) for arrival in arrivals],
            "payload": pa.array([arrival.payload for arrival in arrivals], pa.binary()),
            "received_time": pa.array([arrival.received_time for arrival in arrivals], pa.int64()).cast(TIME),
            "what": [_text(letter.what) for letter in letters],
            "where_": [_text(letter.where) for letter in letters],
            "remedy": [_text(letter.remedy) for letter in letters],
        }
    )
    con.register("letters", rows)
    try:
        con.execute(
            "INSERT INTO dead_letter SELECT nextval('dead_letter_id'), *, NULL, octet_length(payload) FROM letters"
        )
    finally:
        con.unregister("letters")
    _trim(con, settings)


def _text(value: str) -> str:
    """What a network sent may hold lone surrogates, which no UTF-8 column takes."""
    return value.encode("utf-8", "replace").decode()


def _trim(con: duckdb.DuckDBPyConnection, settings: StoreSettings) -> None:
    limit = settings.inbox_mib << 20
    expired = f"received_time < now()::TIMESTAMP - to_days({settings.inbox_days})"
    total, old = first(con, f"SELECT sum(size), count(*) FILTER ({expired}) FROM dead_letter") or (0, 0)  # noqa: S608  # integers
    if old:
        con.execute(f"DELETE FROM dead_letter WHERE {expired}")  # noqa: S608  # integers
    if total > limit:
        con.execute(
            "DELETE FROM dead_letter WHERE id IN (SELECT id FROM"
            " (SELECT id, sum(size) OVER (ORDER BY id DESC) AS kept FROM dead_letter) WHERE kept > ?)",
            [limit],
        )


def _kept(row: dict[str, object]) -> KeptLetter:
    arrival = Arrival(
        network=str(row["network"]),
        channel=str(row["channel"]),
        payload=row["payload"],  # type: ignore[arg-type]  # a BLOB is bytes
        received_time=row["received"],  # type: ignore[arg-type]  # epoch_us is an integer
    )
    letter = DeadLetter(arrival=arrival, what=str(row["what"]), where=str(row["where_"]), remedy=str(row["remedy"]))
    return KeptLetter(id=row["id"], letter=letter, replayed_at=row["replayed"])  # type: ignore[arg-type]  # a BIGINT
