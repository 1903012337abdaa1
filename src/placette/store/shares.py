"""What the inbox of dead letters may hold: some days, and so many bytes, of which every network has its fair share.

When there are too many bytes, what was replayed goes first. Then the network that holds most gives way, in it the fault
that holds most, and of that the oldest letters: the frames of the neighbours' devices, which any gateway hears, cannot
push out what the city's own devices sent. What went unused is counted and stays on record.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

import duckdb
import msgspec

from placette.store import causes
from placette.store.core import Store
from placette.store.settings import StoreSettings
from placette.store.sql import first

Key = TypeVar("Key")

SPARE = 16
"""One part in so many is freed beyond what is needed, so that a full inbox is not cleared at every commit."""
BLOCKS = 1_000
"""Parts in which a pile of letters is looked through: it gives at most so much of it too much."""
NAMED = 100
"""Networks and faults of which it is on record how much went."""
_Pile = tuple[str, str, int, int, int]
"""Letters of one network and fault: these, the lowest id, how many ids a block has, bytes that they are to give."""
_RECORD = "letters_let_go"
# Cheaper than the cause of every letter: what stands in quotes and numbers go, and the beginning tells the fault.
_FAULT = r"""left(regexp_replace(left(what, 160), '''[^'']*''|"[^"]*"|[0-9][0-9.,:+-]*', '', 'g'), 80)"""


class LetGo(msgspec.Struct, frozen=True, kw_only=True):
    """Letters that gave way before anybody had used them: of which network, why they were letters, how many.

    ``what`` is the reason without its variable parts, ``last`` when the newest of them had come (µs UTC).
    """

    network: str
    what: str
    count: int
    bytes: int
    last: int


def trim(con: duckdb.DuckDBPyConnection, settings: StoreSettings) -> None:
    """Let go of what is beyond the inbox's days and bytes. Runs inside a change of the store."""
    limit = settings.inbox_mib << 20
    expired = f"received_time < now()::TIMESTAMP - to_days({settings.inbox_days})"
    total, old = first(con, f"SELECT sum(size), count(*) FILTER ({expired}) FROM dead_letter") or (0, 0)  # noqa: S608  # integers
    if old:
        con.execute(f"DELETE FROM dead_letter WHERE {expired}")  # noqa: S608  # integers
    if total > limit:
        _make_room(con, limit - limit // SPARE)


def share(held: Mapping[Key, int], limit: int) -> dict[Key, int]:
    """Return how much each may keep of ``limit``: all of it where that is little, the rest is shared equally.

    >>> share({"own": 10, "files": 40, "neighbours": 500}, 150)
    {'own': 10, 'files': 40, 'neighbours': 100}
    """
    allowed: dict[Key, int] = {}
    for key, size in sorted(held.items(), key=lambda each: each[1]):
        allowed[key] = min(size, (limit - sum(allowed.values())) // (len(held) - len(allowed)))
    return allowed


def size(of: str = "") -> str:
    """Return the SQL of how many bytes a letter takes as it came; ``of`` is its table's name with a dot."""
    texts = " + ".join(f"strlen({of}{column})" for column in ("channel", "what", "where_", "remedy"))
    return f"octet_length({of}payload) + {texts}"


async def let_go(store: Store) -> Sequence[LetGo]:
    """Return what gave way unused since as long as letters are kept, the most first."""
    table = await store.query("SELECT value FROM meta WHERE key = ?", [_RECORD])
    found = [one for text in table.column("value").to_pylist() for one in _read(text)]
    return sorted(found, key=lambda one: -one.count)


def _make_room(con: duckdb.DuckDBPyConnection, limit: int) -> None:
    con.execute("DELETE FROM dead_letter WHERE replayed_at IS NOT NULL")
    con.execute(
        f"CREATE OR REPLACE TEMP TABLE pile AS SELECT *, {_FAULT} AS fault FROM (SELECT network, what,"  # noqa: S608  # fixed text
        " sum(size)::BIGINT AS held, min(id) AS low, max(id) AS high FROM dead_letter GROUP BY network, what)"
    )
    loud = _loud(con, limit)
    if loud:
        con.execute("CREATE OR REPLACE TEMP TABLE loud (network VARCHAR, fault VARCHAR, low BIGINT, width BIGINT)")
        con.executemany("INSERT INTO loud VALUES (?, ?, ?, ?)", [one[:4] for one in loud])
        _give_way(con, {one[:2]: one for one in loud})
        con.execute("DROP TABLE loud")
    con.execute("DROP TABLE pile")


def _loud(con: duckdb.DuckDBPyConnection, limit: int) -> list[_Pile]:
    """Return the piles that are larger than their share, with what they are to give."""
    held: dict[str, dict[str, tuple[int, int, int]]] = {}
    piles = con.execute("SELECT network, fault, sum(held)::BIGINT, min(low), max(high) FROM pile GROUP BY ALL")
    for network, fault, size, low, high in piles.fetchall():
        held.setdefault(network, {})[fault] = (size, low, high)
    allowed = share({network: sum(pile[0] for pile in piles.values()) for network, piles in held.items()}, limit)
    return [
        (network, fault, low, 1 + (high - low) // BLOCKS, size - kept)
        for network, piles in held.items()
        for fault, kept in share({fault: pile[0] for fault, pile in piles.items()}, allowed[network]).items()
        for size, low, high in [piles[fault]]
        if kept < size
    ]


def _give_way(con: duckdb.DuckDBPyConnection, loud: Mapping[tuple[str, str], _Pile]) -> None:
    """Delete the oldest letters of each pile, block by block, until it has given what it is to give."""
    blocks = con.execute(
        "SELECT network, fault, (id - loud.low) // width AS block, sum(size)::BIGINT FROM dead_letter"
        " JOIN pile USING (network, what) JOIN loud USING (network, fault) GROUP BY ALL ORDER BY block"
    ).fetchall()
    given = dict.fromkeys(loud, 0)
    cuts = {}
    for network, fault, block, size in blocks:
        _, _, low, width, surplus = loud[network, fault]
        if given[network, fault] < surplus:
            given[network, fault] += size
            cuts[network, fault] = low + (block + 1) * width
    con.execute("CREATE OR REPLACE TEMP TABLE cut (network VARCHAR, fault VARCHAR, below BIGINT)")
    con.executemany("INSERT INTO cut VALUES (?, ?, ?)", [(*key, below) for key, below in cuts.items()])
    con.execute(
        "CREATE OR REPLACE TEMP TABLE giving AS SELECT id, fault FROM dead_letter"
        " JOIN pile USING (network, what) JOIN cut USING (network, fault) WHERE id < below"
    )
    _record(con)
    con.execute("DELETE FROM dead_letter WHERE id IN (SELECT id FROM giving)")
    con.execute("DROP TABLE cut; DROP TABLE giving")


def _record(con: duckdb.DuckDBPyConnection) -> None:
    """Add the unused letters that are about to go to what is on record."""
    gone = con.execute(
        f"SELECT network, {causes.folded('any_value(what)')} AS what, count(*) AS count, sum(size)::BIGINT AS bytes,"  # noqa: S608  # fixed text
        " epoch_us(max(received_time)) AS last FROM dead_letter JOIN giving USING (id) GROUP BY network, fault"
    )
    names = [column[0] for column in gone.description or ()]
    new = [msgspec.convert(dict(zip(names, row, strict=True)), LetGo) for row in gone.fetchall()]
    before = first(con, "SELECT value FROM meta WHERE key = ?", [_RECORD])
    known = _added(_read(before[0]) if before else [], new)
    con.execute("DELETE FROM meta WHERE key = ?", [_RECORD])
    con.execute("INSERT INTO meta VALUES (?, ?)", [_RECORD, msgspec.json.encode(known).decode()])


def _added(known: Iterable[LetGo], new: Iterable[LetGo]) -> list[LetGo]:
    """Return both in one, the networks and faults of which most went lately.

    >>> first = LetGo(network="radio", what="no device …", count=2, bytes=20, last=5)
    >>> _added([first], [msgspec.structs.replace(first, count=3, last=9)])[0].count
    5
    """
    sums: dict[tuple[str, str], LetGo] = {}
    for one in (*known, *new):
        so_far = sums.get((one.network, one.what))
        sums[one.network, one.what] = one if so_far is None else _sum(so_far, one)
    return sorted(sums.values(), key=lambda one: -one.last)[:NAMED]


def _sum(one: LetGo, other: LetGo) -> LetGo:
    return LetGo(
        network=one.network,
        what=one.what,
        count=one.count + other.count,
        bytes=one.bytes + other.bytes,
        last=max(one.last, other.last),
    )


def _read(text: str) -> list[LetGo]:
    return msgspec.json.decode(text, type=list[LetGo])
