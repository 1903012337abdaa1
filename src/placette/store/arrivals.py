"""What observations came from: one row per arrival, one per message in it, and its bytes for some days.

An observation's ``arrival_id`` leads to the arrival, and with its device to the message and its lineage. Messages are
kept before the observations that name them: after a crash in between they come again, and an arrival that no
observation names is the only trace.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, ref

import duckdb
import msgspec
import pyarrow as pa

from placette.model.arrivals import Arrival
from placette.model.errors import StorageFailure
from placette.model.lineage import Lineage, UplinkRecord
from placette.model.observations import TIME
from placette.store.core import Store
from placette.store.sql import first

Work = Callable[[duckdb.DuckDBPyConnection], None]

RECENT = 200_000
"""Messages remembered to tell repeated ones (some 20 MB)."""

_UPLINK = pa.schema(
    [
        pa.field("arrival_id", pa.int64()),
        pa.field("thing_code", pa.string()),
        pa.field("device", pa.string()),
        pa.field("event", pa.string()),
        pa.field("time", TIME),
        pa.field("lineage_id", pa.int64()),
        pa.field("port", pa.int32()),
        pa.field("counter", pa.int64()),
        pa.field("session", pa.string()),
        pa.field("deduplication", pa.string()),
        pa.field("fingerprint", pa.int64()),
        pa.field("clock", pa.string()),
        pa.field("drift_s", pa.float64()),
        pa.field("gateway", pa.string()),
        pa.field("gateways", pa.uint8()),
        pa.field("rssi_dbm", pa.float32()),
        pa.field("snr_db", pa.float32()),
        pa.field("spreading_factor", pa.uint8()),
        pa.field("bandwidth_hz", pa.int32()),
        pa.field("frequency_hz", pa.int64()),
        pa.field("payload_bytes", pa.int32()),
        pa.field("battery_percent", pa.float32()),
    ]
)
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

    async def keep(self, first_id: int, arrivals: Sequence[Arrival], records: Sequence[UplinkRecord]) -> None:
        """Keep the arrivals that these records speak of, durably; the first of ``arrivals`` has ``first_id``.

        Raises ``Busy`` or ``StorageFailure``.
        """
        if records:
            await self._store.change(self._work(first_id, arrivals, records), refresh=False)

    def keep_now(self, first_id: int, arrivals: Sequence[Arrival], records: Sequence[UplinkRecord]) -> None:
        """Twin of :meth:`keep` for threads outside of the event loop and for the command line."""
        if records:
            self._store.change_now(self._work(first_id, arrivals, records), refresh=False)

    @property
    def _store(self) -> Store:
        store = self._held()
        if store is None:
            raise StorageFailure("the store is closed", remedy="start Placette again")
        return store

    def _work(self, first_id: int, arrivals: Sequence[Arrival], records: Sequence[UplinkRecord]) -> Work:
        numbers = sorted({record.arrival for record in records})
        chosen = [(first_id + number, arrivals[number]) for number in numbers]

        def write(con: duckdb.DuckDBPyConnection) -> None:
            # Numbered by the one writer thread: two batches may bring the same new lineage at once.
            ids, new = self._numbered(record.lineage for record in records)
            _insert(con, chosen, _uplinks(records, first_id, ids), new)
            self._lineages = ids

        return write

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

        def write(con: duckdb.DuckDBPyConnection) -> None:
            ids, new = self._numbered(read.values())
            _insert_lineages(con, new)
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
            self._lineages = ids

        await self._store.change(write, refresh=False)

    def _numbered(self, lineages: Iterable[Lineage]) -> tuple[dict[Lineage, int], dict[Lineage, int]]:
        """Return the numbers of all lineages, and of those that are new; by the one writer thread only."""
        ids = dict(self._lineages)
        new = {each: ids.setdefault(each, len(ids) + 1) for each in dict.fromkeys(lineages) if each not in ids}
        return ids, new

    async def purge(self, now: int) -> int:
        """Let go of the bytes older than the store's ``raw_days`` (``now`` in µs UTC); return how many went."""
        before = now - self._store.settings.raw_days * 86_400_000_000
        return await self._store.change(partial(_purge, before=before), refresh=False)


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


def _insert(
    con: duckdb.DuckDBPyConnection, chosen: list[tuple[int, Arrival]], uplinks: pa.Table, lineages: dict[Lineage, int]
) -> None:
    ids = pa.array([key for key, _ in chosen], pa.int64())
    arrivals = pa.table(
        {
            "id": ids,
            "network": [_text(arrival.network) for _, arrival in chosen],
            "channel": [_text(arrival.channel) for _, arrival in chosen],
            "received_time": pa.array([arrival.received_time for _, arrival in chosen], pa.int64()).cast(TIME),
        }
    )
    full = [(key, arrival.payload) for key, arrival in chosen if arrival.payload]
    payloads = pa.table(
        {
            "id": pa.array([key for key, _ in full], pa.int64()),
            "payload": pa.array([payload for _, payload in full], pa.binary()),
        }
    )
    for name, table in (("arrival", arrivals), ("raw_frame", payloads), ("uplink", uplinks)):
        con.register("taken", table)
        try:
            con.execute(f"INSERT INTO {name} FROM taken")  # fixed names
        finally:
            con.unregister("taken")
    _insert_lineages(con, lineages)


def _insert_lineages(con: duckdb.DuckDBPyConnection, lineages: Mapping[Lineage, int]) -> None:
    for lineage, key in lineages.items():
        con.execute(
            "INSERT INTO lineage VALUES (?, ?, ?, ?, ?, now()::TIMESTAMP)", [key, *msgspec.structs.astuple(lineage)]
        )


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
