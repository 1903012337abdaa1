"""When each simulated device sends its next frame, and what is in it.

Counts keep their interval, since a count means nothing without it. Everything else is sent once per ``pace_s`` (or
less often, where a device is slower still to be believed): a demo whose lamps report every quarter of an hour looks
dead. Times are µs since 1970-01-01 UTC.
"""

from __future__ import annotations

import heapq
from collections.abc import Iterator

import msgspec
import numpy as np

from placette.city import Quantity
from placette.demo.chance import seed_of, uniform
from placette.demo.simulation import Simulation
from placette.demo.site import Site

JITTER = 0.1
"""How far a frame may stray from its rhythm, as a share of the interval: radios and clocks are not exact."""


class Pulse(msgspec.Struct, frozen=True):
    """Quantities of one device that are sent together every ``interval_us``; counts exactly on the interval."""

    site: Site
    quantities: tuple[Quantity, ...]
    interval_us: int
    is_count: bool

    def after(self, time: int) -> int:
        """Return when the first frame after ``time`` is due."""
        phase = 0 if self.is_count else self.site.seed % self.interval_us
        turn = (time - phase) // self.interval_us
        while True:
            due = phase + turn * self.interval_us + self._stray(turn)
            if due > time:
                return due
            turn += 1

    def _stray(self, turn: int) -> int:
        if self.is_count:
            return 0
        chance = float(uniform(seed_of(self.site.seed, "jitter"), np.array([turn]))[0])
        return int(JITTER * self.interval_us * chance)


class Frame(msgspec.Struct, frozen=True):
    """What a device sends: ``time`` and the values by the quantity's key."""

    device: str
    time: int
    values: dict[str, float]


def pulses(simulation: Simulation, pace_s: int) -> list[Pulse]:
    """Return the rhythm of every device of the simulated city."""
    found = []
    for site in simulation.sites:
        by_rhythm: dict[tuple[int, bool], list[Quantity]] = {}
        for quantity in simulation.city.models[site.device.model].quantities:
            is_count = simulation.is_count(quantity)
            every_s = quantity.every_s if is_count else min(pace_s, quantity.every_s)
            by_rhythm.setdefault((every_s, is_count), []).append(quantity)
        for (every_s, is_count), quantities in by_rhythm.items():
            found.append(Pulse(site, tuple(quantities), every_s * 1_000_000, is_count))
    return found


class Agenda:
    """All pulses of a city in the order in which they are due."""

    def __init__(self, simulation: Simulation, start: int, *, pace_s: int) -> None:
        self._simulation = simulation
        self._pulses = pulses(simulation, pace_s)
        self._due = [(pulse.after(start), number) for number, pulse in enumerate(self._pulses)]
        heapq.heapify(self._due)

    @property
    def next_due(self) -> int | None:
        """When the next frame is due, ``None`` in a city without devices."""
        return self._due[0][0] if self._due else None

    def frames(self, now: int) -> Iterator[Frame]:
        """Yield the frames due until ``now``; what is late is sent once, except counts, of which none is left out."""
        while self._due and self._due[0][0] <= now:
            due, number = self._due[0]
            pulse = self._pulses[number]
            time = due if pulse.is_count else max(due, now)
            heapq.heapreplace(self._due, (pulse.after(time), number))
            yield self._frame(pulse, time // 1000 * 1000)  # devices send no microseconds

    def _frame(self, pulse: Pulse, time: int) -> Frame:
        times = np.array([time])
        values = {
            quantity.key: float(self._simulation.values(pulse.site, quantity, times)[0])
            for quantity in pulse.quantities
        }
        return Frame(pulse.site.device.code, time, values)
