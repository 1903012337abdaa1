"""Orders of the field that were carried out: the same order sent again gets the same answer and does nothing.

A phone that was offline does not know whether its order arrived before the answer was lost; it sends it again under
the key that it made for it.
"""

from __future__ import annotations

import duckdb

from placette.model.errors import Conflict
from placette.store.core import Store

KEPT_DAYS = 90
MOST = 20_000
"""Orders remembered; the oldest are forgotten first."""


def answer_of(store: Store, key: str, body: str) -> str | None:
    """Return what was answered to this order (JSON), ``None`` when it is new. Blocks.

    ``body`` is a digest of what was ordered; raises ``Conflict`` when the key was used for something else.
    """
    found = store.query_now("SELECT body, answer FROM field_order WHERE key = ?", [key]).to_pylist()
    if not found:
        return None
    if found[0]["body"] != body:
        raise Conflict("the key of this order was used for another one", key, "make a new key for each order")
    return str(found[0]["answer"])


def keep(store: Store, key: str, body: str, answer: str, now: int) -> None:
    """Remember what was answered to an order (``now`` in µs UTC). Blocks."""

    def write(con: duckdb.DuckDBPyConnection) -> None:
        con.execute(
            "DELETE FROM field_order WHERE key = $1 OR made_at < make_timestamp($2) OR key IN"
            " (SELECT key FROM field_order ORDER BY made_at DESC OFFSET $3)",
            [key, now - KEPT_DAYS * 86_400_000_000, MOST - 1],
        )
        con.execute("INSERT INTO field_order VALUES (?, ?, make_timestamp(?), ?)", [key, body, now, answer])

    store.change_now(write, refresh=False)
