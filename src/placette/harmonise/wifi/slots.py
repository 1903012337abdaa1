"""CNIL's case 1: every five minutes a new salt, and of every frame only a hash inside a sketch.

An interval's salt and sketches are made with its first frame and destroyed ``late_us`` after its end, when the counts
leave. The same device has unrelated keys in two intervals, so nobody can follow it from one to the next. A frame that
comes later is dropped: the salt that could have counted it is gone.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import IntEnum
from typing import Any

import msgspec

from placette.harmonise.wifi.salts import Fill, Salt
from placette.harmonise.wifi.sketches import Estimate, estimate, new_count
from placette.model.addresses import is_randomised
from placette.model.wifi import SLOT_US

AHEAD_US = 30_000_000
"""A sensor's clock may be this much fast, µs."""
BINS = 10
"""Parts of an interval whose frames are counted apart, for the error of the rate."""


class Kind(IntEnum):
    """What sort of address a frame came from."""

    FIXED = 0
    RANDOMISED = 1
    BLUETOOTH = 2


class SlotCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one sensor heard in one interval; times in µs UTC. No frame and no address can be told from it."""

    sensor: str
    start: int
    end: int
    fixed: Estimate
    randomised: Estimate
    bluetooth: Estimate
    frames: tuple[int, ...]
    """Wi-Fi frames in each tenth of the interval."""
    visitors: Estimate | None = None
    """Case 2: those who had not been there in the interval before, randomised addresses adjusted."""
    partial: bool = False
    """Whether counting began within the interval."""
    imputed: bool = False
    """Whether nothing was heard and ``visitors`` is smoothed from its neighbours."""

    @property
    def devices(self) -> Estimate:
        """Wi-Fi devices of both kinds."""
        return self.fixed + self.randomised


class _Heard:
    """One sensor in one interval."""

    __slots__ = ("frames", "sketches")

    def __init__(self, new: Callable[[], Any]) -> None:
        self.sketches = tuple(new() for _ in Kind)
        self.frames = [0] * BINS


class _Slot:
    __slots__ = ("heard", "salt")

    def __init__(self, fill: Fill) -> None:
        self.salt = Salt(fill)
        self.heard: dict[str, _Heard] = {}


class Slots:
    """The open intervals. ``started`` is when counting began, µs UTC."""

    def __init__(self, fill: Fill, *, late_us: int, started: int, new: Callable[[], Any] = new_count) -> None:
        self._fill = fill
        self._late = late_us
        self._started = started
        self._new = new
        self._open: dict[int, _Slot] = {}

    def take(self, sensor: str, time: int, address: bytearray, *, now: int, bluetooth: bool = False) -> str:
        """Count a frame; returns an empty text, or the reason why it was dropped."""
        number = time // SLOT_US
        if time > now + AHEAD_US:
            return "ahead of our clock"
        if now >= (number + 1) * SLOT_US + self._late:
            return "too late: the salt of its interval is destroyed"
        slot = self._open.get(number)
        if slot is None:
            slot = self._open[number] = _Slot(self._fill)
        heard = slot.heard.get(sensor)
        if heard is None:
            heard = slot.heard[sensor] = _Heard(self._new)
        kind = Kind.BLUETOOTH if bluetooth else Kind.RANDOMISED if is_randomised(address) else Kind.FIXED
        heard.sketches[kind].update(slot.salt.key(address))
        if not bluetooth:
            heard.frames[time % SLOT_US * BINS // SLOT_US] += 1
        return ""

    def close(self, now: int) -> list[SlotCount]:
        """Destroy the salts of the intervals whose time is over at ``now`` and return their counts."""
        over = sorted(number for number in self._open if now >= (number + 1) * SLOT_US + self._late)
        return [count for number in over for count in self._counts(number, self._open.pop(number))]

    def abandon(self) -> None:
        """Destroy every salt without counting: the process ends."""
        for slot in self._open.values():
            slot.salt.destroy()
        self._open.clear()

    def _counts(self, number: int, slot: _Slot) -> list[SlotCount]:
        slot.salt.destroy()
        start = number * SLOT_US
        return [
            SlotCount(
                sensor=sensor,
                start=start,
                end=start + SLOT_US,
                fixed=estimate(heard.sketches[Kind.FIXED]),
                randomised=estimate(heard.sketches[Kind.RANDOMISED]),
                bluetooth=estimate(heard.sketches[Kind.BLUETOOTH]),
                frames=tuple(heard.frames),
                partial=start < self._started,
            )
            for sensor, heard in sorted(slot.heard.items())
        ]
