"""Work that a running city does again and again beside its requests: feeds, purges, checks of silence, calibrations.

A :class:`Job` is a value; :func:`run` gives each one its own rhythm inside the caller's TaskGroup. What one of them
does wrong never ends another, and stands in its :class:`JobHealth`.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Sequence

import msgspec

from placette.model.errors import PlacetteError

log = logging.getLogger(__name__)


class JobHealth(msgspec.Struct, kw_only=True):
    """How a job is doing; times in µs UTC, 0: never."""

    key: str
    last_started: int = 0
    last_done: int = 0
    runs: int = 0
    failures: int = 0
    """In a row; 0 when the last run went well."""
    problem: str = ""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """``work`` is called ``first_after_s`` after the start and then every ``every_s`` seconds, never twice at once."""

    key: str
    work: Callable[[], Awaitable[None]]
    every_s: float
    first_after_s: float = 5.0


class Jobs:
    """The jobs of one city and how they are doing."""

    def __init__(self, jobs: Sequence[Job], *, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        self.health = {job.key: JobHealth(key=job.key) for job in jobs}
        self._jobs = tuple(jobs)
        self._sleep = sleep

    async def run(self) -> None:
        """Run all of them until cancelled."""
        async with asyncio.TaskGroup() as group:
            for job in self._jobs:
                group.create_task(self._repeat(job), name=f"job {job.key}")

    async def once(self, key: str) -> JobHealth:
        """Run one job now and return how it went; raises ``KeyError`` when there is none of this key."""
        job = next((each for each in self._jobs if each.key == key), None)
        if job is None:
            raise KeyError(key)
        await self._do(job)
        return self.health[key]

    async def _repeat(self, job: Job) -> None:
        await self._sleep(job.first_after_s)
        while True:
            await self._do(job)
            # a tenth to and fro: jobs that began together must not always fall on the same second
            await self._sleep(job.every_s * random.uniform(0.9, 1.1))  # noqa: S311  # not a secret

    async def _do(self, job: Job) -> None:
        health = self.health[job.key]
        health.last_started = time.time_ns() // 1000
        try:
            await job.work()
        except PlacetteError as error:
            self._failed(health, str(error))
        except Exception:
            log.exception("job %s failed", job.key)
            self._failed(health, "an error on our side; the log says which")
        else:
            health.failures, health.problem = 0, ""
        health.last_done = time.time_ns() // 1000
        health.runs += 1

    def _failed(self, health: JobHealth, problem: str) -> None:
        if health.problem != problem:
            log.warning("job %s: %s", health.key, problem)
        health.failures += 1
        health.problem = problem
