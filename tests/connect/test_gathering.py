"""Messages that come one by one are made durable together."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from placette.connect.gathering import Gathering
from placette.model.arrivals import Arrival
from placette.model.errors import StorageFailure
from placette.model.networks import NetworkCounters, Taken

NOW = 1_782_900_000_000_000


class Slow:
    """Takes arrivals when it is let go."""

    def __init__(self) -> None:
        self.batches: list[int] = []
        self.began, self.gate = asyncio.Event(), asyncio.Event()

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        self.batches.append(len(arrivals))
        self.began.set()
        await self.gate.wait()
        return Taken(stored=len(arrivals))


@pytest.mark.parametrize(("gone", "batches"), [(5, [1, 4]), (0, [1, 5])])
async def test_messages_that_come_at_once_are_made_durable_together(gone: int, batches: list[int]) -> None:
    slow = Slow()
    network = Gathering(NetworkCounters(name="lora", address=""), slow, lambda: NOW)
    arrivals = [Arrival(network="lora", channel="c", payload=bytes([n]), received_time=NOW) for n in range(6)]
    calls = [asyncio.create_task(network.hand_over(each)) for each in arrivals]
    await slow.began.wait()
    calls.pop(gone).cancel()
    slow.gate.set()
    answers = await asyncio.gather(*calls)
    assert slow.batches == batches
    assert [(share.messages, share.number) for share in answers[-4:]] == [
        (batches[-1], n) for n in range(-4 % batches[-1], batches[-1])
    ]
    assert network.health.waiting == 0


async def test_what_is_wrong_is_told_everybody_and_shown_until_it_is_over() -> None:
    outcomes: list[Taken | Exception] = [StorageFailure("the disk is full"), Taken(stored=1)]

    async def sink(arrivals: Sequence[Arrival]) -> Taken:
        outcome = outcomes.pop(0)
        if isinstance(outcome, Exception):
            raise outcome
        return outcome

    network = Gathering(NetworkCounters(name="lora", address=""), sink, lambda: NOW)
    arrival = Arrival(network="lora", channel="c", payload=b"", received_time=NOW)
    with pytest.raises(StorageFailure, match="the disk is full"):
        await network.hand_over(arrival)
    assert "the disk is full" in network.health.problem
    await network.hand_over(arrival)
    assert (network.health.problem, network.health.stored, network.health.waiting) == ("", 1, 0)
