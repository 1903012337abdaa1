"""CNIL's case 2: pseudonyms of one day at most, in memory only, and the procedure of the CDRC on them.

Consumer Data Research Centre, *Production of cleaned footfall estimates for safeguarded dataset* (SmartStreetSensor):
a) five-minute intervals; b) randomised and other addresses apart; c) unique addresses U of each interval; d) those
heard in the interval before too are counted once, at their first (F); e) ``r = F/U`` of the other addresses adjusts
the randomised: ``N̂ = F_nr + r·U_r``; f) gaps shorter than half an hour are filled by Kalman smoothing on a structural
model. Only one interval before the open ones is remembered: the rule asks for no more.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable
from datetime import datetime, timedelta, tzinfo
from datetime import time as clock
from math import sqrt
from typing import Any

import msgspec
import numpy as np

from placette.harmonise.wifi.level import fill_gaps
from placette.harmonise.wifi.salts import Fill, Salt
from placette.harmonise.wifi.sketches import Estimate, both, new_set
from placette.harmonise.wifi.slots import AHEAD_US, BINS, SlotCount
from placette.model.addresses import is_randomised
from placette.model.wifi import SLOT_US

LONGEST_GAP = 5
"""Intervals of a gap that is shorter than half an hour."""
HISTORY = 48
"""Intervals the smoothing looks at: four hours."""
DWELL_MINUTES = (5, 15, 30, 60)
"""Upper bounds of the dwell classes; the last class lies above."""
DAY_US = 86_400_000_000
MARGIN_US = 60_000_000
"""A day's salt ends this long before the day does: its end is looked for every few seconds, and 24 h are the law's."""
_Z = 1.959963984540054

Day = tuple[int, int]
"""From when to when the salt of a time's local day may live, µs UTC; always shorter than 24 h."""


class DayCount(msgspec.Struct, frozen=True, kw_only=True):
    """What one sensor heard in one day: how long devices stayed, and how many were heard at other sensors too."""

    sensor: str
    start: int
    end: int
    dwell: tuple[int, ...]
    """Stays of non-randomised addresses in the classes of ``DWELL_MINUTES``."""
    flows: dict[str, Estimate]
    """Non-randomised addresses that were heard at the other sensor in the same day."""


class _Interval:
    __slots__ = ("bluetooth", "fixed", "frames", "randomised")

    def __init__(self) -> None:
        self.fixed: set[int] = set()
        self.randomised: set[int] = set()
        self.bluetooth: set[int] = set()
        self.frames = [0] * BINS


class _Sensor:
    """One sensor's day: open intervals, the last closed one, running stays."""

    __slots__ = ("dwell", "history", "last", "last_number", "open", "ratio", "seen", "since")

    def __init__(self, seen: Any) -> None:
        self.open: dict[int, _Interval] = {}
        self.last: set[int] = set()
        self.last_number = -1
        self.since: dict[int, int] = {}
        self.dwell = [0] * (len(DWELL_MINUTES) + 1)
        self.ratio = [0, 0]
        self.history: deque[tuple[int, float]] = deque(maxlen=HISTORY)
        self.seen = seen

    def end_stays(self, kept: set[int], number: int) -> None:
        """Count the stays of those who are not in ``kept``; ``number`` is the interval after their last."""
        for key in [key for key in self.since if key not in kept]:
            minutes = (number - self.since.pop(key)) * SLOT_US // 60_000_000
            self.dwell[sum(minutes > bound for bound in DWELL_MINUTES)] += 1


class Days:
    """The open day. ``day`` returns the life of a time's salt; ``started`` is when counting began, µs UTC."""

    def __init__(
        self,
        fill: Fill,
        *,
        late_us: int,
        started: int,
        day: Callable[[int], Day],
        new: Callable[[], Any] = new_set,
    ) -> None:
        self._fill = fill
        self._late = late_us
        self._started = started
        self._day = day
        self._new = new
        self._bounds: Day | None = None
        self._salt: Salt | None = None
        self._sensors: dict[str, _Sensor] = {}

    def take(self, sensor: str, time: int, address: bytearray, *, now: int, bluetooth: bool = False) -> str:
        """Count a frame; returns an empty text, or the reason why it was dropped."""
        number = time // SLOT_US
        start, end = self._bounds or self._day(now)
        if time > now + AHEAD_US:
            return "ahead of our clock"
        if now >= end or time >= end:
            return "between two days: one salt is destroyed, the next not made"
        if now >= (number + 1) * SLOT_US + self._late or time < start:
            return "too late: its interval is closed"
        if self._salt is None:
            self._salt, self._bounds = Salt(self._fill), (start, end)
        heard = self._sensors.get(sensor)
        if heard is None:
            heard = self._sensors[sensor] = _Sensor(self._new())
        interval = heard.open.setdefault(number, _Interval())
        key = self._salt.key(address)
        if bluetooth:
            interval.bluetooth.add(key)
            return ""
        interval.frames[time % SLOT_US * BINS // SLOT_US] += 1
        if is_randomised(address):
            interval.randomised.add(key)
        else:
            interval.fixed.add(key)
            heard.seen.update(key)
        return ""

    def close(self, now: int) -> tuple[list[SlotCount], list[DayCount]]:
        """Return the intervals that are over at ``now``, and the day with its salt destroyed when it is over."""
        if self._bounds is None:
            return [], []
        day_is_over = now >= self._bounds[1]
        counts = [
            count
            for sensor, heard in sorted(self._sensors.items())
            for number in sorted(heard.open)
            if day_is_over or now >= (number + 1) * SLOT_US + self._late
            for count in self._close_interval(sensor, heard, number)
        ]
        return counts, self._close_day() if day_is_over else []

    def abandon(self) -> None:
        """Destroy salt and pseudonyms without counting: the process ends."""
        if self._salt is not None:
            self._salt.destroy()
        self._salt, self._bounds = None, None
        self._sensors.clear()

    def _close_interval(self, sensor: str, heard: _Sensor, number: int) -> list[SlotCount]:
        interval = heard.open.pop(number)
        before = heard.last if heard.last_number == number - 1 else set()
        fresh = len(interval.fixed - before)
        heard.ratio[0] += fresh
        heard.ratio[1] += len(interval.fixed)
        visitors = _visitors(fresh, len(interval.fixed), len(interval.randomised), heard.ratio)
        heard.end_stays(interval.fixed if heard.last_number == number - 1 else set(), heard.last_number + 1)
        for key in interval.fixed:
            heard.since.setdefault(key, number)
        filled = _filled(sensor, heard.history, number, visitors.value)
        heard.history.append((number, visitors.value))
        heard.last, heard.last_number = interval.fixed, number
        start = number * SLOT_US
        count = SlotCount(
            sensor=sensor,
            start=start,
            end=start + SLOT_US,
            fixed=_exactly(len(interval.fixed)),
            randomised=_exactly(len(interval.randomised)),
            bluetooth=_exactly(len(interval.bluetooth)),
            frames=tuple(interval.frames),
            visitors=visitors,
            partial=start < self._started or (self._bounds is not None and start + SLOT_US > self._bounds[1]),
        )
        return [*filled, count]

    def _close_day(self) -> list[DayCount]:
        assert self._bounds is not None  # noqa: S101  # only called for an open day
        start, end = self._bounds
        for heard in self._sensors.values():
            heard.end_stays(set(), heard.last_number + 1)
        counts = [
            DayCount(
                sensor=sensor,
                start=start,
                end=end,
                dwell=tuple(heard.dwell),
                flows={
                    other: both(heard.seen, there.seen) for other, there in self._sensors.items() if other != sensor
                },
            )
            for sensor, heard in sorted(self._sensors.items())
        ]
        self.abandon()
        return counts


def local_day(start: int, end: int, time: int) -> Day:
    """Return the part of a local day that holds ``time``: the 25th hour of an autumn day is a day of its own."""
    part = (start, min(end, start + DAY_US)) if time < start + DAY_US else (start + DAY_US, end)
    return part[0], part[1] - MARGIN_US


def day_in(zone: tzinfo) -> Callable[[int], Day]:
    """Return the function that finds the day of a time (µs UTC) in a time zone."""

    def day(time: int) -> Day:
        date = datetime.fromtimestamp(time / 1e6, zone).date()
        start, end = (
            round(datetime.combine(each, clock(), zone).timestamp() * 1e6) for each in (date, date + timedelta(days=1))
        )
        return local_day(start, end, time)

    return day


def _exactly(count: float) -> Estimate:
    return Estimate(float(count), float(count), float(count))


def _visitors(fresh: int, fixed: int, randomised: int, pooled: list[int]) -> Estimate:
    """Return N̂ with the 95 % bounds that the binomial error of r gives; without any fixed address r is the day's."""
    seen = fixed or pooled[1]
    ratio = fresh / fixed if fixed else pooled[0] / pooled[1] if pooled[1] else 1.0
    half = _Z * sqrt(ratio * (1 - ratio) / seen) * randomised if seen else 0.0
    value = fresh + ratio * randomised
    return Estimate(value, max(float(fresh), value - half), min(float(fresh + randomised), value + half))


def _filled(sensor: str, history: deque[tuple[int, float]], number: int, value: float) -> list[SlotCount]:
    """Return the intervals between the last one and ``number`` when the gap is shorter than half an hour."""
    if not history or not 1 < number - history[-1][0] <= LONGEST_GAP + 1:
        return []
    first = history[0][0]
    series = np.full(number - first + 1, np.nan)
    for at, known in history:
        series[at - first] = known
    series[-1] = value
    smoothed = fill_gaps(series, LONGEST_GAP)
    nothing = _exactly(0)
    return [
        SlotCount(
            sensor=sensor,
            start=at * SLOT_US,
            end=(at + 1) * SLOT_US,
            fixed=nothing,
            randomised=nothing,
            bluetooth=nothing,
            frames=(0,) * BINS,
            visitors=_exactly(float(smoothed[at - first])),
            imputed=True,
        )
        for at in range(history[-1][0] + 1, number)
        if not np.isnan(smoothed[at - first])
    ]
