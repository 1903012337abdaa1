"""Dead letters are kept whole, counted by reason, bounded, and marked once replayed."""

from __future__ import annotations

import asyncio
import time

import pytest
from tests.store.conftest import Opener

from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import BadInput, TooLarge
from placette.store import Store, causes, inbox, mending
from placette.store.inbox import WAITING, Choice, KeptLetter
from placette.store.mending import Mended, Replacement

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
    assert [one.id for one in await inbox.list(store, Choice(what="a"))] == [3, 1]
    assert [one.id for one in await inbox.list(store, Choice(network="http"))] == [3]
    assert [one.id for one in await inbox.list(store, Choice(before=3), 1)] == [2]


async def test_the_reasons_are_counted_without_what_was_replayed(store: Store) -> None:
    await inbox.keep(store, [letter(what="a"), letter(what="b"), letter(what="a")])
    await inbox.settle(store, [1], {}, NOW)
    counts = {cause.what: cause.count for cause in await causes.listed(store)}
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


async def test_what_a_replay_could_not_use_says_why_today(store: Store) -> None:
    await inbox.keep(store, [letter(), letter()])
    await inbox.settle(store, [1], {2: letter(what="no such device")}, NOW)
    (left,) = await inbox.list(store, WAITING)
    assert (left.id, left.letter.what, left.letter.arrival.payload) == (2, "no such device", b"\x00\xff")


async def test_a_dismissed_letter_is_hidden_and_comes_back(store: Store) -> None:
    await inbox.keep(store, [letter(), letter(network="http")])
    assert await inbox.dismiss(store, Choice(network="http"), NOW) == 1
    assert [one.id for one in await inbox.list(store, WAITING)] == [1]
    assert (store.stats().dead_letters, len(await causes.listed(store))) == (1, 1)
    (hidden,) = await inbox.list(store, Choice(state="dismissed"))
    assert hidden.dismissed_at == NOW
    assert await inbox.dismiss(store, Choice(ids=(2,)), None) == 1
    assert await inbox.count(store) == 2


async def one(store: Store, key: int = 1) -> KeptLetter:
    found = await inbox.get(store, key)
    assert found is not None
    return found


async def test_a_mended_letter_keeps_what_came(store: Store) -> None:
    await inbox.keep(store, [letter(b"{")])
    await mending.mend(store, await one(store), Mended("devices/Y/up", b"{}"))
    mended = await one(store)
    assert (mended.letter, mended.mended) == (letter(b"{"), True)
    assert (mended.arrival.channel, mended.arrival.payload) == ("devices/Y/up", b"{}")
    await mending.mend(store, mended, None)
    assert not (await one(store)).mended
    with pytest.raises(TooLarge):
        await mending.mend(store, mended, Mended("c", bytes(mending.MEND_BYTES + 1)))


async def test_one_mend_serves_a_whole_cause_and_is_shown_before(store: Store) -> None:
    sent = [letter(f'{{"temp": {n}}}'.encode()) for n in range(5)] + [letter(b"other"), letter(what="else")]
    await inbox.keep(store, sent)
    (cause, _) = await causes.listed(store)
    choice, replacement = Choice(cause=cause.key, state="waiting"), Replacement("temp", "temperature")
    shown = await mending.preview(store, choice, replacement)
    assert (shown.letters, shown.changed, len(shown.examples)) == (6, 5, 3)
    assert shown.examples[0].mended.payload == b'{"temperature": 4}'
    assert not any(kept.mended for kept in await inbox.list(store))
    assert (await mending.mend_all(store, choice, replacement)).changed == 5
    assert (await one(store)).arrival.payload == b'{"temperature": 0}'
    assert (await causes.listed(store))[0].mended == 5


@pytest.mark.parametrize(
    ("replacement", "channel", "payload"),
    [
        (Replacement("X", "Y", "channel"), "devices/Y/up", b"\x00\xff"),
        (Replacement("X"), "devices/X/up", None),
        (Replacement("devices/"), "devices/X/up", None),
    ],
)
async def test_a_mend_touches_the_part_it_names(
    store: Store, replacement: Replacement, channel: str, payload: bytes | None
) -> None:
    await inbox.keep(store, [letter()])
    made = replacement.apply(await one(store))
    assert made == (payload and Mended(channel, payload))


async def test_nothing_to_find_is_refused(store: Store) -> None:
    await inbox.keep(store, [letter()])
    with pytest.raises(BadInput):
        await mending.preview(store, WAITING, Replacement(""))


async def test_letters_are_read_piece_by_piece(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(inbox, "PIECE", 2)
    await inbox.keep(store, [letter() for _ in range(5)])
    assert [[one.id for one in piece] async for piece in inbox.pieces(store, WAITING)] == [[5, 4], [3, 2], [1]]
