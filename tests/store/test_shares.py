"""A full inbox: who is loud gives way, who is quiet keeps its letters, and what went is on record."""

from __future__ import annotations

import asyncio
import time
from collections import Counter

from tests.store.conftest import Opener

from placette.model.arrivals import Arrival, DeadLetter
from placette.store import Store, inbox, shares

NOW = time.time_ns() // 1000
STRANGERS = "no device of the city is called '…'"


def letters(count: int, network: str, what: str, size: int = 10_000) -> list[DeadLetter]:
    arrival = Arrival(network=network, channel="up", payload=bytes(size), received_time=NOW)
    return [DeadLetter(arrival=arrival, what=what.replace("#", f"70b3d5{number:010x}")) for number in range(count)]


async def held(store: Store) -> Counter[tuple[str, str]]:
    kept = await inbox.list(store, limit=1_000)
    return Counter((one.letter.arrival.network, one.letter.what.partition("'")[0]) for one in kept)


async def test_a_loud_network_gives_way_and_a_quiet_one_keeps_all(open_store: Opener) -> None:
    store = open_store(inbox_mib=1)
    await inbox.keep(store, letters(5, "hives", "not JSON"))
    for _ in range(4):
        await inbox.keep(store, letters(40, "lorawan", "no device of the city is called '#'"))
    found = await held(store)
    assert found["hives", "not JSON"] == 5
    assert 80 <= found["lorawan", "no device of the city is called "] <= 98


async def test_the_neighbours_devices_do_not_push_out_our_own_in_one_network(open_store: Opener) -> None:
    store = open_store(inbox_mib=1)
    await inbox.keep(store, letters(20, "lorawan", "the codec 'em300' failed: TypeError"))
    await inbox.keep(store, letters(150, "lorawan", "no device of the city is called '#'"))
    found = await held(store)
    assert found["lorawan", "the codec "] == 20
    assert found["lorawan", "no device of the city is called "] < 80


async def test_what_went_is_on_record_the_oldest_of_it(open_store: Opener) -> None:
    store = open_store(inbox_mib=1)
    for _ in range(3):
        await inbox.keep(store, letters(60, "lorawan", "no device of the city is called '#'"))
    (lost,) = await shares.let_go(store)
    kept = await inbox.list(store, limit=1_000)
    assert (lost.network, lost.what, lost.count, lost.last) == ("lorawan", STRANGERS, 180 - len(kept), NOW)
    assert [one.id for one in kept] == [*range(180, lost.count, -1)]


async def test_what_was_replayed_goes_first_and_is_no_loss(open_store: Opener) -> None:
    store = open_store(inbox_mib=1)
    await inbox.keep(store, letters(60, "hives", "not JSON"))
    await inbox.settle(store, range(31, 61), {}, NOW)
    await inbox.keep(store, letters(60, "lorawan", "not JSON"))
    assert await held(store) == {("hives", "not JSON"): 30, ("lorawan", "not JSON"): 60}
    assert await shares.let_go(store) == []


async def test_a_file_read_twice_leaves_each_letter_once(store: Store) -> None:
    fresh = letters(3, "file", "row #", size=5)
    await asyncio.to_thread(inbox.keep_new_now, store, [*fresh, fresh[0]])
    await asyncio.to_thread(inbox.keep_new_now, store, [*fresh, *letters(4, "file", "row #", size=5)])
    assert [one.letter.what[-1] for one in await inbox.list(store)] == ["3", "2", "1", "0"]
