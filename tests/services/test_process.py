"""The worker process: one thread, lowered priority, ended with the city, told of when it is lost."""

from __future__ import annotations

import asyncio
import os
import signal
import time

import pytest

from placette.model.errors import PlacetteError
from placette.services.process import WorkerLost, in_process


async def test_work_is_done_elsewhere_with_low_priority_in_one_thread() -> None:
    before = os.environ.get("OMP_NUM_THREADS")
    pids: list[int] = []
    assert await in_process(os.nice, 0, pids.append) >= 15
    assert pids[0] != os.getpid()
    assert await in_process(os.getenv, "OMP_NUM_THREADS") == "1"
    assert os.environ.get("OMP_NUM_THREADS") == before


async def test_what_fails_there_is_told_here(caplog: pytest.LogCaptureFixture) -> None:
    with pytest.raises(PlacetteError, match="no number"):
        await in_process(int, "no number")
    assert "ValueError" in caplog.text  # and stands in the log


@pytest.mark.parametrize("how", ["killed", "cancelled"])
async def test_a_worker_ended_in_the_middle(how: str) -> None:
    pids: list[int] = []
    task = asyncio.create_task(in_process(time.sleep, 600.0, pids.append))
    while not pids:  # noqa: ASYNC110  # another thread starts it
        await asyncio.sleep(0)
    if how == "killed":
        os.kill(pids[0], signal.SIGKILL)
        with pytest.raises(WorkerLost):
            await task
    else:
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
    with pytest.raises(ProcessLookupError):
        os.kill(pids[0], 0)
