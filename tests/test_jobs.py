"""Work that is done again and again: each in its rhythm, none ends another."""

from __future__ import annotations

import asyncio

import pytest

from placette.jobs import Job, Jobs
from placette.model.errors import BadInput


class Ticks:
    """A sleep that lets everything run ``count`` times and then never returns."""

    def __init__(self, count: int) -> None:
        self.left = count
        self.asked: list[float] = []
        self.over = asyncio.Event()

    async def __call__(self, seconds: float) -> None:
        self.asked.append(seconds)
        self.left -= 1
        if self.left < -1:
            self.over.set()
        if self.left < 0:
            await asyncio.Event().wait()
        await asyncio.sleep(0)


async def test_a_job_that_fails_says_so_and_the_others_go_on() -> None:
    done: list[str] = []

    async def good() -> None:
        done.append("good")

    async def bad() -> None:
        done.append("bad")
        raise BadInput("no answer", "feed", "wait")

    ticks = Ticks(6)
    jobs = Jobs(
        [
            Job(key="good", work=good, every_s=60, first_after_s=1),
            Job(key="bad", work=bad, every_s=60, first_after_s=1),
        ],
        sleep=ticks,
    )
    running = asyncio.create_task(jobs.run())
    await ticks.over.wait()
    running.cancel()
    assert done.count("good") == done.count("bad") == 3
    assert (jobs.health["good"].failures, jobs.health["bad"].failures) == (0, 3)
    assert "no answer" in jobs.health["bad"].problem
    assert ticks.asked[:2] == [1, 1]
    assert all(54 <= asked <= 66 for asked in ticks.asked[2:])


async def test_an_error_of_ours_is_not_shown_in_its_own_words(caplog: pytest.LogCaptureFixture) -> None:
    async def broken() -> None:
        raise ZeroDivisionError("secret words")

    jobs = Jobs([Job(key="x", work=broken, every_s=1)])
    health = await jobs.once("x")
    assert "secret" not in health.problem
    assert "ZeroDivisionError" in caplog.text


async def test_a_job_can_be_run_at_once() -> None:
    done: list[int] = []

    async def work() -> None:
        done.append(1)

    jobs = Jobs([Job(key="x", work=work, every_s=1)])
    assert (await jobs.once("x")).runs == 1
    with pytest.raises(KeyError):
        await jobs.once("y")
