"""Rhythms of datastreams of the store: bounded, in a thread of their own, and kept while they are fresh."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np

from placette.analyse.cycles.series import Floats, LocalSeries
from placette.city.model import City
from placette.model.errors import Busy
from placette.model.times import MICROS_PER_S, iso
from placette.services.days import school_holidays_known, special_days
from placette.services.feed_days import with_events_of_feeds
from placette.services.installations import Installation, installations
from placette.services.panels import Regular, regular
from placette.services.rhythm.answer import Installed, Rhythms, SeriesRhythm, TypicalWeek
from placette.services.rhythm.compute import rhythm_of
from placette.services.rhythm.week import typical_week
from placette.store import DatastreamInfo, Store

MOST_DATASTREAMS = 24
LONGEST_DAYS = 5 * 366
WEEK_DAYS = 91
"""What pages call a typical week is that of the last thirteen: long enough for medians, short enough for the season."""
MOST_WAITING = 64
"""Questions that may wait their turn; at a quarter of a second each, the next would wait long."""
KEPT = 64
KEPT_S = 600
"""Values that come late into the past are seen after ten minutes at the most."""
_HOUR_US = 3_600 * MICROS_PER_S
_A_DAY_AT_MOST = 2
"""A datastream with no more than so many hours of a day is looked at by day."""


class Rhythmical:
    """Tells the rhythms of one city's datastreams; ``clock`` gives seconds."""

    def __init__(self, store: Store, city: Callable[[], City], clock: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._city = city
        self._clock = clock
        self._one_at_a_time = asyncio.Lock()
        self._waiting = 0
        self._kept: OrderedDict[tuple[int, int, int], tuple[float, SeriesRhythm]] = OrderedDict()
        self._weeks: OrderedDict[tuple[int, ...], tuple[float, TypicalWeek | None]] = OrderedDict()

    async def of(self, infos: Sequence[DatastreamInfo], start: int, end: int) -> Rhythms:
        """Return the rhythms from ``start`` to the last hour that is over at ``end`` (µs UTC).

        One datastream is worked on at a time, so that many questions do not slow what is coming in, and a short
        question need not wait for a long one.
        """
        city = self._city()
        span = _span(start, end)
        found = [self._fresh(info, span) or await self._made(city, info, start, end) for info in infos]
        known = school_holidays_known(city)
        return Rhythms(
            zone=city.zone,
            start=iso(start),
            end=iso(end),
            school_holidays_known=(known[0].isoformat(), known[1].isoformat()) if known else None,
            series=tuple(found),
        )

    async def week(self, infos: Sequence[DatastreamInfo], now: int) -> TypicalWeek | None:
        """Return the typical week of the last thirteen that datastreams of one property show together.

        ``now`` is µs UTC; ``None`` without any value.
        """
        hour = now // _HOUR_US
        key = (hour, *(info.id for info in infos))
        made, found = self._weeks.get(key, (0.0, None))
        if key not in self._weeks or self._clock() - made >= KEPT_S:
            async with self._turn():
                found = await asyncio.to_thread(self._week, self._city(), infos, hour * _HOUR_US)
            self._weeks[key] = self._clock(), found
            while len(self._weeks) > KEPT:
                self._weeks.popitem(last=False)
        return found

    def _week(self, city: City, infos: Sequence[DatastreamInfo], end: int) -> TypicalWeek | None:
        panel = regular(self._store, city, infos, end - WEEK_DAYS * 24 * _HOUR_US, end, "hour")
        combine, decimals = _property(city, infos[0])
        begins = panel.instants(0, len(panel.values))
        for column, info in enumerate(infos):
            moves = [each.time for each in self._changed(info, end) if each.what == "moved"]
            panel.values[begins < max(moves, default=0), column] = np.nan
        return typical_week(panel.values, panel.start_s // 3_600, combine, decimals)

    async def _made(self, city: City, info: DatastreamInfo, start: int, end: int) -> SeriesRhythm:
        async with self._turn():
            span = _span(start, end)
            one = self._fresh(info, span)
            if one is None:
                one = await asyncio.to_thread(self._compute, city, info, start, end)
                self._keep(one, span)
            return one

    @asynccontextmanager
    async def _turn(self) -> AsyncIterator[None]:
        """Wait until it is one's turn; raises ``Busy`` when too many wait already."""
        if self._waiting >= MOST_WAITING:
            raise Busy("too many rhythms are being worked out", "/api/rhythms", "ask again in a moment")
        self._waiting += 1
        try:
            async with self._one_at_a_time:
                yield
        finally:
            self._waiting -= 1

    def _fresh(self, info: DatastreamInfo, span: tuple[int, int]) -> SeriesRhythm | None:
        made, one = self._kept.get((info.id, *span), (0.0, None))
        return one if one is not None and self._clock() - made < KEPT_S else None

    def _keep(self, one: SeriesRhythm, span: tuple[int, int]) -> None:
        self._kept[(one.datastream, *span)] = self._clock(), one
        self._kept.move_to_end((one.datastream, *span))
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)

    def _changed(self, info: DatastreamInfo, end: int) -> list[Installation]:
        return [each for each in installations(self._store, info.thing_id, info.thing_code) if each.time < end]

    def _compute(self, city: City, info: DatastreamInfo, start: int, end: int) -> SeriesRhythm:
        city = with_events_of_feeds(self._store, city)
        changed = self._changed(info, end)
        start = max([start, *(each.time for each in changed if each.what == "moved")])
        panel = regular(self._store, city, [info], start, end, "hour")
        if _is_daily(panel.values[:, 0]):
            panel = regular(self._store, city, [info], start, end, "day")
        return _rhythm(city, info, panel, [each for each in changed if each.time >= start])


def _property(city: City, info: DatastreamInfo) -> tuple[str, int]:
    """Return how values of a datastream become one, and its decimals."""
    known = city.properties.get(info.property_key or "")
    return (known.combine, known.decimals) if known else ("mean", 2)


def _span(start: int, end: int) -> tuple[int, int]:
    """Return the hours of a question: until the next hour is over, its answer is the same."""
    return start // _HOUR_US, end // _HOUR_US


def _local_s(instant: int, zone: str) -> int:
    """Return the local clock of an instant (µs UTC) as seconds since its own 1970-01-01 00:00."""
    moment = datetime.fromtimestamp(instant / MICROS_PER_S, ZoneInfo(zone))
    return int(moment.replace(tzinfo=UTC).timestamp())


def _is_daily(values: Floats) -> bool:
    """Say whether a series has a value or two a day and no more."""
    there = ~np.isnan(values)
    days = np.add.reduceat(there, np.arange(0, len(there), 24)) if len(there) else there
    return bool(len(days) and days.any() and np.median(days[days > 0]) <= _A_DAY_AT_MOST)


def _rhythm(city: City, info: DatastreamInfo, panel: Regular, changed: Sequence[Installation]) -> SeriesRhythm:
    combine, decimals = _property(city, info)
    series = LocalSeries(panel.start_s // 3_600, 1 if panel.step_s == 3_600 else 24, panel.values[:, 0])
    first = date(1970, 1, 1) + timedelta(seconds=panel.start_s)
    last = first + timedelta(seconds=panel.step_s * len(panel.values))
    special = special_days(city, first, last, info.place)
    alike = -(-_local_s(changed[-1].time, panel.zone) // 3_600) if changed else None
    found = rhythm_of(series, combine, special, school_holidays_known(city), decimals, alike)
    return SeriesRhythm(
        datastream=info.id,
        code=info.code,
        name=info.name,
        unit=info.unit,
        symbol=info.unit_symbol,
        origin=info.origin,
        combine=combine,
        step_s=panel.step_s,
        installed=tuple(Installed(since=iso(each.time), what=each.what) for each in changed),
        **msgspec.structs.asdict(found),
    )
