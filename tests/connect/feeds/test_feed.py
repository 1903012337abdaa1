from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from starlette.responses import Response
from tests.connect.feeds.conftest import NOW

from placette.connect.feeds import CONNECTORS
from placette.connect.feeds.feed import LONGEST_PAUSE_S
from placette.model.errors import Busy
from placette.model.networks import Taken

Rigs = Callable[..., Any]
S = 1_000_000


def calendar(rig: Rigs) -> Any:
    return rig("icalendar", stations=[{"name": "CAL"}])


async def test_a_feed_asks_when_it_is_due_and_not_before(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    source.answer = lambda request: Response("BEGIN:VCALENDAR")
    await one.feed.tick()
    await one.feed.tick()
    assert len(source.asked) == 1
    one.now += 60 * S
    await one.feed.tick()
    assert len(source.asked) == 2


async def test_the_cursor_is_noted_after_the_answers_are_durable(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    source.answer = lambda request: Response("BEGIN:VCALENDAR", headers={"ETag": '"1"'})
    one.desk.fails = Busy("full")
    await one.feed.tick()
    assert one.pad.written == {}
    one.desk.fails = None
    one.now = one.feed.next_attempt
    await one.feed.tick()
    assert (len(one.desk.taken), one.cursor) == (1, {"day": "2026-07-01"})


async def test_after_a_restart_it_goes_on_where_it_was_and_not_at_once(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    source.answer = lambda request: Response("BEGIN:VCALENDAR", headers={"ETag": '"1"'})
    await one.feed.tick()
    again = one.again()
    await again.tick()
    assert len(source.asked) == 1
    one.now += 60 * S
    source.answer = lambda request: Response(status_code=304 if request.headers.get("if-none-match") == '"1"' else 200)
    await again.tick()
    assert (len(source.asked), len(one.desk.taken)) == (2, 1)


async def test_failures_pause_longer_each_time_and_a_success_forgets_them(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    pauses = []
    source.answer = lambda request: Response("no", 500)
    for _ in range(14):
        one.now = max(one.now, one.feed.next_attempt)
        await one.feed.tick()
        pauses.append((one.feed.next_attempt - one.now) / S)
    assert pauses[:4] == [10, 20, 40, 80]
    assert pauses[-1] == LONGEST_PAUSE_S
    assert (one.feed.health.connected, one.feed.failures) == (False, 14)
    assert "500" in one.feed.health.problem
    source.answer = lambda request: Response("BEGIN:VCALENDAR")
    one.now = one.feed.next_attempt
    await one.feed.tick()
    assert (one.feed.health.connected, one.feed.failures, one.feed.health.problem) == (True, 0, "")


async def test_one_bad_answer_is_told_and_does_not_cut_the_feed_off(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    source.answer = lambda request: Response("no", 502)
    await one.feed.tick()
    assert one.feed.health.connected
    assert "502" in one.feed.health.problem


async def test_a_server_that_says_when_is_believed(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    source.answer = lambda request: Response("later", 429, {"Retry-After": "900"})
    await one.feed.tick()
    assert one.feed.next_attempt - one.now == 900 * S


async def test_the_same_unusable_answer_is_kept_once(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    one.desk.result = Taken(dead=1)
    source.answer = lambda request: Response("<html>maintenance</html>")
    for _ in range(3):
        await one.feed.tick()
        one.now += 60 * S
    assert (len(source.asked), len(one.desk.taken)) == (3, 1)
    assert "could not be used" in one.feed.health.problem


async def test_what_it_noted_and_cannot_read_begins_it_anew(source: Any, rig: Rigs) -> None:
    one = calendar(rig)
    one.pad.written["feed"] = b'{"cursor": 7}'
    source.answer = lambda request: Response("BEGIN:VCALENDAR")
    await one.feed.tick()
    assert one.cursor == {"day": "2026-07-01"}


async def test_a_connector_that_breaks_is_our_error_and_ends_nothing(
    rig: Rigs, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def breaks(*_: object) -> None:
        raise KeyError("oops")

    monkeypatch.setitem(CONNECTORS, "gbfs", breaks)  # type: ignore[arg-type]
    one = rig("gbfs")
    await one.feed.tick()
    assert "our side" in one.feed.health.problem
    assert one.feed.next_attempt > NOW
    assert "oops" in caplog.text
