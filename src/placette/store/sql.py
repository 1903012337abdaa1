"""Small helpers around a DuckDB connection: a transaction, and reading a few values inside it.

A connection refuses some work while a result is partly read; these helpers always read to the end.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any

import duckdb


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit what the block does, or undo it when the block or the commit raises."""
    con.begin()
    try:
        yield
        con.complete()
        con.commit()
    except BaseException:
        with suppress(duckdb.Error):  # a failed commit has undone itself, and a broken database cannot
            con.rollback()
        raise


def first(con: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any] = ()) -> tuple[Any, ...] | None:
    """Return the first row of a query, ``None`` when there is none."""
    rows = con.execute(sql, list(params)).fetchall()
    return rows[0] if rows else None


def column(con: duckdb.DuckDBPyConnection, sql: str, params: Sequence[Any] = ()) -> list[Any]:
    """Return the first column of a query."""
    return [row[0] for row in con.execute(sql, list(params)).fetchall()]


def among(ids: Iterable[int]) -> str:
    """Return ids as the list of an ``IN``; written out, DuckDB skips blocks by them, which it cannot with a parameter.

    >>> among([3, 5])
    '(3, 5)'
    """
    return f"({', '.join(str(int(key)) for key in ids) or 'NULL'})"
