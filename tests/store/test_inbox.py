"""Dead letters are kept whole, counted by reason, bounded, and marked once replayed."""

from __future__ import annotations

import asyncio
import time

from tests.store.conftest import Opener

from placette.model.arrivals import Arrival, DeadLetter
from placette.store import Store, inbox

NOW = time.time_ns() // 1000
DAY = 86_400_000_000


def letter(payload: bytes = b"\x00\xff", what: str = "not JSON", network: str = "mqtt", age: int = 0) -> DeadLetter:
    arrival = Arrival(network=network, channel="devices/X/up", payload=payload, received_time=NOW - age)
    return DeadLetter(arrival=arrival, what=what, where="$", remedy="send JSON")


async def test_a_letter_comes_back_as_it_was_kept(store: Store) -> None:
    await inbox.keep(store, [letter()])
    (kept,) = await inbox.list(store)
    assert kept.letter == letter()
    assert kept.replayed_at is None
    assert await inbox.get(store, kept.id) == kept
    assert await inbox.get(store, 999) is None


async def test_many_callers_share_commits_and_lose_nothing(store: Store) -> None:
    await asyncio.gather(*(inbox.keep(store, [letter(str(n).encode())]) for n in range(300)))
    kept = await inbox.list(store, limit=1000)
    assert {int(one.letter.arrival.payload) for one in kept} == set(range(300))


async def test_letters_are_listed_by_reason_network_and_page(store: Store) -> None:
    await inbox.keep(store, [letter(what="a"), letter(what="b"), letter(what="a", network="http")])
    assert [one.id for one in await inbox.list(store, what="a")] == [3, 1]
    assert [one.id for one in await inbox.list(store, network="http")] == [3]
    assert [one.id for one in await inbox.list(store, limit=1, before_id=3)] == [2]


async def test_the_reasons_are_counted_without_what_was_replayed(store: Store) -> None:
    await inbox.keep(store, [letter(what="a"), letter(what="b"), letter(what="a")])
    await inbox.mark_replayed(store, [1], NOW)
    counts = {row["what"]: row["count"] for row in (await inbox.reasons(store)).to_pylist()}
    assert counts == {"a": 1, "b": 1}
    replayed = await inbox.get(store, 1)
    assert replayed is not None
    assert replayed.replayed_at == NOW
    assert store.stats().dead_letters == 2


async def test_old_letters_go(open_store: Opener) -> None:
    store = open_store(inbox_days=7)
    await inbox.keep(store, [letter(age=8 * DAY), letter(age=6 * DAY)])
    assert [one.id for one in await inbox.list(store)] == [2]


async def test_the_oldest_letters_go_when_there_are_too_many_bytes(open_store: Opener) -> None:
    store = open_store(inbox_mib=1)
    for _ in range(5):
        await inbox.keep(store, [letter(bytes(300_000))])
    assert [one.id for one in await inbox.list(store)] == [5, 4, 3]


async def test_what_cannot_be_text_is_kept_all_the_same(store: Store) -> None:
    await inbox.keep(store, [letter(what="bad \ud800 text")])
    (kept,) = await inbox.list(store)
    assert kept.letter.what == "bad ? text"
    await inbox.keep(store, [])
