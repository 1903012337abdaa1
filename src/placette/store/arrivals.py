"""What observations came from: one row per arrival, one per message in it, and its bytes for some days.

An observation's ``arrival_id`` leads to the arrival, and with its device to the message and its lineage. Messages are
kept in the commit of the observations that name them.
"""

from __future__ import annotations

import threading
from collections.abc import Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import duckdb
import msgspec
import pyarrow as pa

from placette.model.arrivals import Arrival
from placette.model.errors import StorageFailure
from placette.model.lineage import Lineage, UplinkRecord
from placette.model.observations import TIME, ObservationRow
from placette.store.core import Store
from placette.store.feed import SCHEMAS, Feeds
from placette.store.sql import first

RECENT = 200_000
"""Messages remembered to tell repeated ones (some 20 MB)."""

_UPLINK = SCHEMAS["new_uplink"]
_AS_THEY_ARE = [name for name in _UPLINK.names if name not in ("arrival_id", "time", "lineage_id", "gateways")]


class Origin(msgspec.Struct, frozen=True, kw_only=True):
    """What one observation came from; times in µs UTC. ``kept`` says whether the bytes are still there."""

    arrival_id: int
    network: str
    channel: str
    received_time: int
    kept: bool
    device: str = ""
    clock: str = ""
    drift_s: float | None = None
    lineage: Lineage = Lineage()


class RawFrame(msgspec.Struct, frozen=True):
    """An arrival whose bytes are still kept, with its id."""

    id: int
    arrival: Arrival


_books: WeakKeyDictionary[Store, Arrivals] = WeakKeyDictionary()
_opening = threading.Lock()


def of(store: Store) -> Arrivals:
    """Return the one book of a store's arrivals: whoever asks shares its ids."""
    with _opening:
        book = _books.get(store)
        if book is None:
            book = _books[store] = Arrivals(store)
        return book


class Arrivals:
    """The arrivals of one store (:func:`of`); hands out their ids, which are never used again."""

    def __init__(self, store: Store) -> None:
        self._held = ref(store)
        self._lock = threading.Lock()
        row = store.query_now("SELECT coalesce(max(id), 0) AS last FROM arrival").to_pylist()[0]
        self._next = int(row["last"]) + 1
        self._lineages: dict[Lineage, int] = {
            Lineage(each["codec"], each["codec_version"], each["mapping"], each["mapping_version"]): each["id"]
            for each in store.query_now("SELECT * FROM lineage").to_pylist()
        }

    def allot(self, count: int) -> int:
        """Return the first of ``count`` new ids in a row."""
        with self._lock:
            found = self._next
            self._next += count
        return found

    def recent(self) -> list[tuple[int, int]]:
        """Return (fingerprint, when it was heard in µs UTC) of the newest messages that have one, oldest first."""
        found = self._store.query_now(
            "SELECT fingerprint, epoch_us(time) - CASE WHEN clock = 'device' THEN"
            " coalesce(round(drift_s * 1e6), 0)::BIGINT ELSE 0 END AS time FROM uplink WHERE fingerprint IS NOT NULL"
            " ORDER BY arrival_id DESC LIMIT ?",
            [RECENT],
        )
        pairs = zip(found.column("fingerprint").to_pylist(), found.column("time").to_pylist(), strict=True)
        return list(pairs)[::-1]

    async def keep(
        self,
        first_id: int,
        arrivals: Sequence[Arrival],
        records: Sequence[UplinkRecord],
        rows: Sequence[ObservationRow] = (),
    ) -> None:
        """Keep the arrivals that these records speak of, and store the rows they gave, in one commit.

        The first of ``arrivals`` has ``first_id``. Raises ``BadObservation``, ``Busy`` or ``StorageFailure`` when
        nothing was kept.
        """
        if not records:
            await self._store.append_rows([*rows])
            return
        work = _Work(self._lineages, first_id, arrivals, records)
        await self._store.append_rows([*rows], work)
        self._lineages = work.lineages

    def keep_now(self, first_id: int, arrivals: Sequence[Arrival], records: Sequence[UplinkRecord]) -> None:
        """Twin of :meth:`keep` for threads outside of the event loop and for the command line."""
        if records:
            work = _Work(self._lineages, first_id, arrivals, records)
            self._store.append_rows_now([], work)
            self._lineages = work.lineages

    @property
    def _store(self) -> Store:
        store = self._held()
        if store is None:
            raise StorageFailure("the store is closed", remedy="start Placette again")
        return store

    async def origin(self, observation_id: int) -> Origin | None:
        """Return what an observation came from, ``None`` when it was not a message or a file."""
        found = await self._store.query(_ORIGIN, [observation_id])
        rows = found.to_pylist()
        return _origin(rows[0]) if rows else None

    def raw(self, where: str, params: Sequence[Any], limit: int) -> list[RawFrame]:
        """Return kept arrivals in their order, from any thread but the event loop's.

        ``where`` is a fixed condition on ``a`` (arrival), ``u`` (uplink) and ``l`` (lineage) with ``params``.
        """
        found = self._store.query_now(
            "SELECT a.id, any_value(a.network) AS network, any_value(a.channel) AS channel,"  # noqa: S608  # fixed conditions
            " any_value(epoch_us(a.received_time)) AS received, any_value(f.payload) AS payload"
            " FROM raw_frame f JOIN arrival a ON a.id = f.arrival_id JOIN uplink u ON u.arrival_id = a.id"
            f" LEFT JOIN lineage l ON l.id = u.lineage_id WHERE {where} GROUP BY a.id ORDER BY a.id LIMIT ?",
            [*params, limit],
        )
        return [
            RawFrame(
                row["id"],
                Arrival(
                    network=row["network"],
                    channel=row["channel"],
                    payload=row["payload"],
                    received_time=row["received"],
                ),
            )
            for row in found.to_pylist()
        ]

    async def read_anew(self, read: Mapping[tuple[int, str], Lineage]) -> None:
        """Note by what the messages, each of an arrival and a device, are understood now."""
        if not read:
            return

        def write(con: duckdb.DuckDBPyConnection) -> dict[Lineage, int]:
            ids = _numbered(con, self._lineages, read.values())
            told = pa.table(
                {
                    "arrival_id": pa.array([arrival for arrival, _ in read], pa.int64()),
                    "device": pa.array([_text(device) for _, device in read], pa.string()),
                    "lineage_id": pa.array([ids[lineage] for lineage in read.values()], pa.int64()),
                }
            )
            con.register("told", told)
            try:
                con.execute(
                    "UPDATE uplink SET lineage_id = told.lineage_id FROM told"
                    " WHERE uplink.arrival_id = told.arrival_id AND uplink.device = told.device"
                )
            finally:
                con.unregister("told")
            return ids

        self._lineages = await self._store.change(write, refresh=False)

    async def purge(self, now: int) -> int:
        """Let go of the bytes older than the store's ``raw_days`` (``now`` in µs UTC); return how many went."""
        before = now - self._store.settings.raw_days * 86_400_000_000
        return await self._store.change(partial(_purge, before=before), refresh=False)


_LINEAGES = "SELECT id, codec, codec_version, mapping, mapping_version FROM lineage"
_ORIGIN = """
SELECT a.id, a.network, a.channel, epoch_us(a.received_time) AS received,
       EXISTS (SELECT 1 FROM raw_frame f WHERE f.arrival_id = a.id) AS kept,
       u.device, u.clock, u.drift_s, l.codec, l.codec_version, l.mapping, l.mapping_version
FROM observation o
JOIN arrival a ON a.id = o.arrival_id
JOIN datastream d ON d.id = o.datastream_id
JOIN thing t ON t.id = d.thing_id
LEFT JOIN uplink u ON u.arrival_id = a.id AND (u.thing_code = t.code OR u.thing_code IS NULL)
LEFT JOIN lineage l ON l.id = u.lineage_id
WHERE o.id = ? ORDER BY u.time LIMIT 1
"""


def _origin(row: dict[str, Any]) -> Origin:
    return Origin(
        arrival_id=row["id"],
        network=row["network"],
        channel=row["channel"],
        received_time=row["received"],
        kept=row["kept"],
        device=row["device"] or "",
        clock=row["clock"] or "",
        drift_s=row["drift_s"],
        lineage=Lineage(
            row["codec"] or "", row["codec_version"] or "", row["mapping"] or "", row["mapping_version"] or ""
        ),
    )


def _uplinks(records: Sequence[UplinkRecord], first_id: int, lineages: dict[Lineage, int]) -> pa.Table:
    columns: dict[str, Any] = {name: [getattr(record, name) for record in records] for name in _AS_THEY_ARE}
    columns["arrival_id"] = [first_id + record.arrival for record in records]
    columns["time"] = pa.array([record.time for record in records], pa.int64()).cast(TIME)
    columns["lineage_id"] = [lineages[record.lineage] for record in records]
    columns["gateways"] = [min(record.gateways, 255) for record in records]
    return pa.table({name: pa.array(columns[name], _UPLINK.field(name).type) for name in _UPLINK.names})


class _Work:
    """Writes arrivals and what was read in them; ``lineages`` are the numbers of all lineages once it is committed."""

    def __init__(
        self,
        lineages: dict[Lineage, int],
        first_id: int,
        arrivals: Sequence[Arrival],
        records: Sequence[UplinkRecord],
    ) -> None:
        self.lineages = self._known = lineages
        self._first_id = first_id
        self._records = records
        numbers = sorted({record.arrival for record in records})
        self._chosen = [(first_id + number, arrivals[number]) for number in numbers]

    def __call__(self, con: duckdb.DuckDBPyConnection, feeds: Feeds) -> None:
        self.lineages = _numbered(con, self._known, (record.lineage for record in self._records))
        feeds.fill("new_arrival", _arrivals(self._chosen))
        feeds.fill("new_frame", _frames(self._chosen))
        feeds.fill("new_uplink", _uplinks(self._records, self._first_id, self.lineages))
        con.execute("INSERT INTO arrival FROM new_arrival")
        con.execute("INSERT INTO raw_frame FROM new_frame")
        con.execute("INSERT INTO uplink FROM new_uplink")


def _arrivals(chosen: list[tuple[int, Arrival]]) -> pa.Table:
    columns = [
        pa.array([key for key, _ in chosen], pa.int64()),
        pa.array([_text(arrival.network) for _, arrival in chosen], pa.string()),
        pa.array([_text(arrival.channel) for _, arrival in chosen], pa.string()),
        pa.array([arrival.received_time for _, arrival in chosen], pa.int64()).cast(TIME),
    ]
    return pa.table(columns, schema=SCHEMAS["new_arrival"])


def _frames(chosen: list[tuple[int, Arrival]]) -> pa.Table:
    full = [(key, arrival.payload) for key, arrival in chosen if arrival.payload]
    columns = [pa.array([key for key, _ in full], pa.int64()), pa.array([payload for _, payload in full], pa.binary())]
    return pa.table(columns, schema=SCHEMAS["new_frame"])


def _numbered(
    con: duckdb.DuckDBPyConnection, known: dict[Lineage, int], wanted: Iterable[Lineage]
) -> dict[Lineage, int]:
    """Return the numbers of all lineages, after writing down those among ``wanted`` that are new.

    ``known`` are committed ones. For others the table is asked: another batch may have brought the same new lineage.
    """
    missing = [each for each in dict.fromkeys(wanted) if each not in known]
    if not missing:
        return known
    found = {Lineage(*row[1:5]): int(row[0]) for row in con.execute(_LINEAGES).fetchall()}
    for each in missing:
        if each not in found:
            found[each] = max(found.values(), default=0) + 1
            values = [found[each], *msgspec.structs.astuple(each)]
            con.execute("INSERT INTO lineage VALUES (?, ?, ?, ?, ?, now()::TIMESTAMP)", values)
    return found


def _purge(con: duckdb.DuckDBPyConnection, before: int) -> int:
    oldest_kept = first(con, "SELECT min(id) FROM arrival WHERE received_time >= make_timestamp(?)", [before])
    limit = oldest_kept[0] if oldest_kept and oldest_kept[0] is not None else 2**62
    gone = first(con, "SELECT count(*) FROM raw_frame WHERE arrival_id < ?", [limit]) or (0,)
    if gone[0]:
        con.execute("DELETE FROM raw_frame WHERE arrival_id < ?", [limit])
    return int(gone[0])


def _text(value: str) -> str:
    """What a network sent may hold lone surrogates, which no UTF-8 column takes."""
    return value.encode("utf-8", "replace").decode()
