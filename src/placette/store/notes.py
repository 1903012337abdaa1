"""Small notes of other rooms in the database: how far a feed is. Durable on return."""

from __future__ import annotations

import duckdb

from placette.store.core import Store

_PREFIX = "note:"


class Notes:
    """The notes of one kind; they stand in the table ``meta``, beside what the store notes for itself."""

    def __init__(self, store: Store, kind: str) -> None:
        self._store = store
        self._prefix = f"{_PREFIX}{kind}:"

    async def read(self, key: str) -> bytes | None:
        """Return a note, ``None`` when there is none."""
        table = await self._store.query("SELECT value FROM meta WHERE key = ?", [self._prefix + key])
        found = table.to_pylist()
        return str(found[0]["value"]).encode() if found else None

    async def write(self, key: str, value: bytes) -> None:
        """Replace a note; raises ``Busy`` or ``StorageFailure``."""
        name, text = self._prefix + key, value.decode()

        def change(con: duckdb.DuckDBPyConnection) -> None:
            con.execute("DELETE FROM meta WHERE key = ?", [name])
            con.execute("INSERT INTO meta VALUES (?, ?)", [name, text])

        await self._store.change(change, refresh=False)
