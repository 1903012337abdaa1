"""The inbox of dead letters: what arrived and could not become observations, kept with its reason to be replayed.

It is bounded by days and by payload bytes (``StoreSettings``); the oldest letters go first.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Sequence
from weakref import WeakKeyDictionary

import duckdb
import msgspec
import pyarrow as pa

from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import PlacetteError
from placette.model.observations import TIME
from placette.store.core import Store
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
    """Letters of one store that wait for the running commit to end."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Sequence[DeadLetter], asyncio.Future[None]]] = deque()
        self.turn = asyncio.Lock()


_desks: WeakKeyDictionary[Store, _Desk] = WeakKeyDictionary()


async def keep(store: Store, letters: Sequence[DeadLetter]) -> None:
    """Keep these letters durably, and let go of those beyond the inbox's bounds.

    Callers that come while a commit runs share the next one, so that a flood of bad frames costs the writer little.
    """
    if not letters:
        return
    desk = _desks.setdefault(store, _Desk())
    kept: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    desk.waiting.append((letters, kept))
    async with desk.turn:
        if not kept.done():
            await _keep_waiting(store, desk)
    await kept


async def list(  # noqa: A001  # read as inbox.list
    store: Store, *, what: str | None = None, network: str | None = None, before_id: int | None = None, limit: int = 100
) -> Sequence[KeptLetter]:
    """Return letters, newest first, optionally of one reason or network; ``before_id`` continues a page."""
    table = await store.query(
        f"SELECT {_COLUMNS} FROM dead_letter WHERE (? IS NULL OR what = ?) AND (? IS NULL OR network = ?)"  # noqa: S608  # fixed names
        " AND (? IS NULL OR id < ?) ORDER BY id DESC LIMIT ?",
        [what, what, network, network, before_id, before_id, limit],
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


async def _keep_waiting(store: Store, desk: _Desk) -> None:
    group = tuple(desk.waiting)
    desk.waiting.clear()
    letters = [letter for part, _ in group for letter in part]
    try:
        await store.change(lambda con: _insert(con, store, letters), refresh=False)
    except PlacetteError as error:
        for _, kept in group:
            kept.set_exception(error)
    else:
        for _, kept in group:
            kept.set_result(None)


def _insert(con: duckdb.DuckDBPyConnection, store: Store, letters: Sequence[DeadLetter]) -> None:
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
        con.execute("INSERT INTO dead_letter SELECT nextval('dead_letter_id'), *, NULL FROM letters")
    finally:
        con.unregister("letters")
    _trim(con, store)


def _text(value: str) -> str:
    """What a network sent may hold lone surrogates, which no UTF-8 column takes."""
    return value.encode("utf-8", "replace").decode()


def _trim(con: duckdb.DuckDBPyConnection, store: Store) -> None:
    settings = store.settings
    con.execute("DELETE FROM dead_letter WHERE received_time < now()::TIMESTAMP - to_days(?)", [settings.inbox_days])
    total = first(con, "SELECT coalesce(sum(octet_length(payload)), 0) FROM dead_letter")
    if total is not None and total[0] > settings.inbox_mib << 20:
        con.execute(
            "DELETE FROM dead_letter WHERE id IN (SELECT id FROM (SELECT id, sum(octet_length(payload))"
            " OVER (ORDER BY id DESC) AS newer FROM dead_letter) WHERE newer > ?)",
            [settings.inbox_mib << 20],
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
