"""What is going on now, in four figures with their words per place: people, air, noise, temperature.

Every figure carries its time, its origin and how many devices it comes from. The answer is language-neutral: words are
keys of the catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa

from placette.city.model import City, Place
from placette.model.times import MICROS_PER_S, micros_of
from placette.services.days import special_days
from placette.store import DatastreamInfo, Store
from placette.web.habits import WEEKS, Habit, habit
from placette.web.scales import Band, Scale, scales

HOUR_US = 3_600 * MICROS_PER_S
FRESH_US = HOUR_US
"""A value older than this does not say how it is now."""
HABIT_S = 600
"""How long a habit of four weeks is kept before it is computed again, s."""
COUNTED = "pedestrians"
CROWD_UNIT = "{person}/h"

_LAST_HOUR = """
SELECT datastream_id, sum(result) AS sum, avg(result) AS mean, max(phenomenon_time) AS time FROM observation
WHERE list_contains(?::BIGINT[], datastream_id) AND phenomenon_time > make_timestamp(?)
  AND phenomenon_time <= make_timestamp(?) AND result IS NOT NULL AND quality NOT IN (4, 9)
GROUP BY datastream_id
"""


class KeyValue(msgspec.Struct, frozen=True, kw_only=True):
    """One figure of a place: ``word`` is a key of the catalogue or empty, ``level`` 0 to 6, ``time`` in µs UTC."""

    key: str
    property: str
    value: float
    unit: str
    decimals: int
    word: str
    level: int
    time: int
    devices: int
    origin: str


class PlaceNow(msgspec.Struct, frozen=True, kw_only=True):
    """A place as it is now; ``time`` is that of its newest observation of any kind."""

    place: Place
    values: tuple[KeyValue, ...]
    habit: Habit | None
    devices: int
    time: int | None

    def value(self, key: str) -> KeyValue | None:
        """Return the figure of this key, ``None`` when nothing fresh is known."""
        return next((value for value in self.values if value.key == key), None)


class _Latest(msgspec.Struct, frozen=True):
    time: int
    result: float | None
    quality: int


class Now:
    """Works out what is going on; keeps what is costly for a while."""

    def __init__(self, store: Store, city: City) -> None:
        self._store = store
        self._city = city
        self._zone = ZoneInfo(city.zone)
        self._habits: dict[tuple[str, int], tuple[int, Habit | None]] = {}

    async def places(self, now: int) -> list[PlaceNow]:
        """Return every place of the city as it is at ``now`` (µs UTC), in the city's order."""
        by_place: dict[str, list[DatastreamInfo]] = {place.key: [] for place in self._city.places}
        for info in self._store.directory.observed:
            if info.place in by_place:
                by_place[info.place].append(info)
        hourly = [
            info.id
            for infos in by_place.values()
            for info in infos
            if info.property_key == COUNTED or info.property_key in scales()["air"].upper
        ]
        last_hour = await self._store.query(_LAST_HOUR, [hourly, now - HOUR_US, now])
        sums = {row["datastream_id"]: row for row in last_hour.to_pylist()}
        return [await self._place(place, by_place[place.key], sums, now) for place in self._city.places]

    async def _place(
        self, place: Place, infos: list[DatastreamInfo], hour: dict[int, dict[str, float]], now: int
    ) -> PlaceNow:
        counters = [info for info in infos if info.property_key == COUNTED]
        known = await self._habit(place.key, [info.id for info in counters], now) if counters else None
        latest = self._latest(infos)
        values = [
            _crowd(counters, hour, known, datetime.fromtimestamp(now / MICROS_PER_S, self._zone)),
            _air(infos, hour, scales()["air"], self._city),
            self._instant("noise", "laeq", infos, latest, now),
            self._instant("temperature", "temperature", infos, latest, now),
        ]
        return PlaceNow(
            place=place,
            values=tuple(value for value in values if value),
            habit=known,
            devices=len({info.thing_id for info in infos}),
            time=max((one.time for one in latest.values()), default=None),
        )

    async def _habit(self, key: str, counters: list[int], now: int) -> Habit | None:
        version = hash(tuple(counters))
        kept = self._habits.get((key, version))
        if kept is None or not 0 <= now - kept[0] < HABIT_S * MICROS_PER_S:
            moment = datetime.fromtimestamp(now / MICROS_PER_S, UTC)
            today = moment.astimezone(self._zone).date()
            holidays = special_days(self._city, today - timedelta(weeks=WEEKS), today)["public_holiday"]
            kept = now, await habit(self._store, counters, moment, self._zone, holidays)
            self._habits = {k: v for k, v in self._habits.items() if k[0] != key} | {(key, version): kept}
        return kept[1]

    def _latest(self, infos: Iterable[DatastreamInfo]) -> dict[int, _Latest]:
        table = self._store.latest.of(info.id for info in infos)
        times = table.column("phenomenon_time").cast(pa.int64()).to_pylist()
        columns = (table.column(name).to_pylist() for name in ("datastream_id", "result", "quality"))
        return {key: _Latest(time, result, quality) for time, key, result, quality in zip(times, *columns, strict=True)}

    def _instant(
        self, key: str, property_key: str, infos: list[DatastreamInfo], latest: dict[int, _Latest], now: int
    ) -> KeyValue | None:
        """Return the mean of the devices' newest values, as energy where the property asks for it."""
        fresh = [
            (info, latest[info.id])
            for info in infos
            if info.property_key == property_key and info.id in latest and now - latest[info.id].time <= FRESH_US
        ]
        usable = [(info, one.result, one.time) for info, one in fresh if one.result is not None and one.quality < 4]
        if not usable:
            return None
        known = self._city.properties.get(property_key)
        results = [result for _, result, _ in usable]
        energetic = known is not None and known.combine == "energetic"
        value = energy_mean(results) if energetic else math.fsum(results) / len(results)
        band = scales()[key].band(property_key, value)
        return _key_value(key, [info for info, _, _ in usable], value, band, max(t for _, _, t in usable), self._city)


def energy_mean(levels: list[float]) -> float:
    """Return the energy mean of sound levels in dB.

    >>> round(energy_mean([60.0, 70.0]), 2)
    67.4
    """
    return 10 * math.log10(math.fsum(10 ** (level / 10) for level in levels) / len(levels))


def _crowd(
    counters: list[DatastreamInfo], hour: dict[int, dict[str, float]], known: Habit | None, moment: datetime
) -> KeyValue | None:
    counted = [info for info in counters if info.id in hour]
    if not counted:
        return None
    total = math.fsum(hour[info.id]["sum"] for info in counted)
    compared = known.compare(total, moment) if known else None
    word = "" if compared is None else ("fewer", "usual", "more")[compared + 1]
    return KeyValue(
        key="crowd",
        property=COUNTED,
        value=total,
        unit=CROWD_UNIT,
        decimals=0,
        word=word,
        level=0,
        time=max(_micros(hour[info.id]["time"]) for info in counted),
        devices=len(counted),
        origin=counted[0].origin,
    )


def _air(infos: list[DatastreamInfo], hour: dict[int, dict[str, float]], scale: Scale, city: City) -> KeyValue | None:
    """Return the pollutant in the worst band; of several, the one nearest to its next bound."""
    found: list[tuple[tuple[int, float], str, float, Band, list[DatastreamInfo]]] = []
    for key, upper in scale.upper.items():
        measured = [info for info in infos if info.property_key == key and info.id in hour]
        if not measured:
            continue
        value = math.fsum(hour[info.id]["mean"] for info in measured) / len(measured)
        band = scale.band(key, value)
        bound = upper[min(band.rank, len(upper) - 1)]
        found.append(((band.rank, value / bound), key, value, band, measured))
    if not found:
        return None
    _, _, value, band, measured = max(found, key=lambda one: one[0])
    return _key_value("air", measured, value, band, max(_micros(hour[i.id]["time"]) for i in measured), city)


def _key_value(key: str, infos: list[DatastreamInfo], value: float, band: Band, time: int, city: City) -> KeyValue:
    first = infos[0]
    known = city.properties.get(first.property_key or "")
    return KeyValue(
        key=key,
        property=first.property_key or "",
        value=value,
        unit=first.unit,
        decimals=known.decimals if known else 1,
        word=band.word,
        level=band.level,
        time=time,
        devices=len(infos),
        origin=first.origin,
    )


def _micros(moment: object) -> int:
    """Return a naive UTC ``datetime`` of DuckDB as µs."""
    return micros_of(moment.replace(tzinfo=UTC)) if isinstance(moment, datetime) else 0
