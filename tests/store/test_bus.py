"""Listeners get what was stored, after it is durable; a slow one loses its oldest rows and nobody else's."""

from __future__ import annotations

import asyncio

from tests.store.conftest import NOON, make_datastreams, table

from placette.model.observations import STORED_SCHEMA, ObservationRow
from placette.store import Store


async def test_a_listener_gets_inserted_and_corrected_rows_with_their_ids(store: Store) -> None:
    (stream,) = make_datastreams(store)
    listener = store.bus.subscribe()
    await store.append_rows([ObservationRow(stream, NOON, 1.0)])
    await store.append_rows([ObservationRow(stream, NOON, 1.0)])
    await store.append_rows([ObservationRow(stream, NOON, 2.0), ObservationRow(stream, NOON + 1, 3.0)])
    first, second = await anext(listener), await anext(listener)
    assert first.schema == STORED_SCHEMA
    assert first.select(["id", "result"]).to_pylist() == [{"id": 1, "result": 1.0}]
    assert second.select(["id", "result"]).to_pylist() == [{"id": 2, "result": 3.0}, {"id": 1, "result": 2.0}]
    listener.close()


async def test_a_listener_gets_only_the_datastreams_it_asked_for(store: Store) -> None:
    streams = make_datastreams(store, 3)
    listener = store.bus.subscribe(frozenset(streams[:1]))
    await store.append(table(streams[1:], [NOON, NOON], [1.0, 2.0]))
    await store.append(table(streams, [NOON + 1] * 3, [3.0, 4.0, 5.0]))
    assert (await anext(listener)).column("result").to_pylist() == [3.0]
    listener.close()


async def test_a_slow_listener_loses_the_oldest_and_knows_how_many(store: Store) -> None:
    (stream,) = make_datastreams(store)
    slow, quick = store.bus.subscribe(capacity=10), store.bus.subscribe()
    for batch in range(4):
        await store.append(table([stream] * 4, range(NOON + batch * 4, NOON + batch * 4 + 4), [float(batch)] * 4))
    seen = [value for _ in range(3) for value in (await anext(slow)).column("result").to_pylist()]
    assert seen == [1.0] * 2 + [2.0] * 4 + [3.0] * 4
    assert (slow.lost, quick.lost) == (6, 0)
    assert sum([(await anext(quick)).num_rows for _ in range(4)]) == 16
    slow.close()
    quick.close()


async def test_closing_ends_the_iteration_and_the_subscription(store: Store) -> None:
    listener = store.bus.subscribe()

    async def listen() -> list[int]:
        return [part.num_rows async for part in listener]

    listening = asyncio.create_task(listen())
    await asyncio.sleep(0)
    listener.close()
    assert await listening == []
    assert not store.bus.has_listeners()


async def test_a_listener_that_waits_is_woken(store: Store) -> None:
    (stream,) = make_datastreams(store)
    listener = store.bus.subscribe()
    waiting = asyncio.ensure_future(anext(listener))
    await asyncio.sleep(0)
    await store.append_rows([ObservationRow(stream, NOON, 1.0)])
    assert (await waiting).num_rows == 1
    listener.close()


def test_a_listener_whose_event_loop_ended_harms_nobody(store: Store) -> None:
    (stream,) = make_datastreams(store, identity="all")

    async def listen() -> None:
        store.bus.subscribe()

    asyncio.run(listen())
    assert [store.append_now(table([stream], [NOON], [1.0])).inserted for _ in range(2)] == [1, 1]
    assert store.stats().observations == 2
