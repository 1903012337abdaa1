"""Queries run beside the writer and do not run for ever."""

from __future__ import annotations

import asyncio

import duckdb
import pytest
from tests.store.conftest import NOON, Opener, make_datastreams

from placette.model.errors import TooLarge
from placette.model.observations import ObservationRow
from placette.store import Store

ENDLESS = "SELECT count(*) FROM range(1000000000) a, range(1000000000) b"


async def test_a_query_that_takes_too_long_is_interrupted_and_the_next_one_works(open_store: Opener) -> None:
    store = open_store(query_timeout_s=0.05)
    with pytest.raises(TooLarge, match=r"longer than 0\.05 s"):
        await store.query(ENDLESS)
    with pytest.raises(TooLarge):
        store.query_now(ENDLESS)
    assert (await store.query("SELECT 1 AS one")).to_pylist() == [{"one": 1}]


async def test_a_query_ends_when_its_caller_goes_away(open_store: Opener) -> None:
    store = open_store(readers=1)
    asking = asyncio.create_task(store.query(ENDLESS))
    while not store._readers._active:  # noqa: ASYNC110  # nobody tells when a thread begins
        await asyncio.sleep(0)
    asking.cancel()
    assert (await store.query("SELECT 1 AS one")).num_rows == 1


async def test_writing_goes_on_while_every_reader_is_busy(open_store: Opener) -> None:
    store = open_store(readers=1)
    (stream,) = make_datastreams(store)
    asking = asyncio.create_task(store.query(ENDLESS))
    receipt = await store.append_rows([ObservationRow(stream, NOON, 1.0)])
    assert receipt.inserted == 1
    assert not asking.done()
    asking.cancel()


async def test_a_reader_never_sees_half_a_change(store: Store) -> None:
    await store.change(lambda con: con.execute("CREATE TABLE pair (a BIGINT)"))

    def add_two(con: duckdb.DuckDBPyConnection) -> None:
        con.execute("INSERT INTO pair VALUES (1)")
        con.execute("INSERT INTO pair VALUES (1)")

    async def look() -> list[int]:
        return [(await store.query("SELECT count(*) AS n FROM pair")).to_pylist()[0]["n"] for _ in range(30)]

    seen, *_ = await asyncio.gather(look(), *(store.change(add_two) for _ in range(20)))
    assert all(count % 2 == 0 for count in seen)


async def test_values_travel_beside_the_sql_and_names_of_python_are_not_tables(store: Store) -> None:
    secret = [1]
    assert secret
    asked = "x'; DROP TABLE thing; --"
    assert (await store.query("SELECT ? AS word", [asked])).to_pylist() == [{"word": asked}]
    with pytest.raises(duckdb.CatalogException):
        await store.query("SELECT * FROM secret")
