"""``GET /api/series``: observations of a few datastreams over time, as columns of JSON, as CSV or as Parquet.

``interval=hour|day|week|month`` gives one value per local interval of the city's zone with its statistics;
``interval=raw`` gives the observations themselves. Times of columns are s since 1970 UTC; CSV has ISO 8601 with offset,
Parquet has instants.
"""

from __future__ import annotations

import time
from collections.abc import Iterable
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route
from placette.city.model import City
from placette.model import times
from placette.model.errors import BadQuery, NotFound, TooLarge
from placette.publish import sheets
from placette.publish.answers import Packed
from placette.publish.columns import Series, gather
from placette.publish.intervals import TYPICAL_US
from placette.store import DatastreamInfo, Store, series
from placette.store.series import Interval

MOST_DATASTREAMS = 24
MOST_INTERVALS = 20_000
"""Per datastream: more than two years of hours."""
MOST_RAW = 100_000
_DAY_US = 86_400 * times.MICROS_PER_S
_STATISTICS = ("value", "count", "mean", "min", "max", "sum", "median", "p05", "p95")


class RawSeries(msgspec.Struct, frozen=True, kw_only=True, tag="raw"):
    """Observations of one datastream: ``time`` in s since 1970 UTC, ``result`` a number, a word or null."""

    datastream: int
    code: str | None
    name: str
    unit: str
    symbol: str
    origin: str
    time: list[float]
    result: list[Any]
    quality: list[int]
    truncated: bool


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/series`` answers; ``start`` and ``end`` are ISO 8601, ``zone`` is where the intervals are local."""

    interval: str
    zone: str
    start: str
    end: str
    series: list[Series | RawSeries]


class Question(msgspec.Struct, frozen=True):
    """The parameters, checked: times in µs UTC."""

    infos: list[DatastreamInfo]
    start: int
    end: int
    interval: str
    format: str


def routes(store: Store, city: City) -> list[Route]:
    """Return ``GET /api/series``."""

    async def show(request: Request) -> Response:
        asked = _question(request, store)
        if asked.interval == "raw":
            found: list[Series | RawSeries] = [await _raw(store, info, asked) for info in asked.infos]
        else:
            interval: Interval = asked.interval  # type: ignore[assignment]  # _question checked it
            found = [*await gather(store, city, asked.infos, asked.start, asked.end, interval)]
        if asked.format in sheets.ENDINGS:
            return sheets.answer(request, _sheet(city, found, asked), asked.format, ZoneInfo(city.zone))
        answer = Answer(
            interval=asked.interval,
            zone=city.zone,
            start=times.iso(asked.start),
            end=times.iso(asked.end),
            series=found,
        )
        return Packed(msgspec.json.encode(answer), "application/json").answer(request)

    return [
        Route(
            method="GET",
            path="/api/series",
            handler=show,
            access=Access.PUBLIC,
            summary="Series of datastreams (?datastream=ID, repeated) from start to end, raw or by local interval",
            gives=Answer,
        )
    ]


def _question(request: Request, store: Store) -> Question:
    asked = request.query_params
    interval = asked.get("interval", "hour")
    if interval not in ("raw", *get_args(Interval)):
        raise BadQuery(f"'{interval[:40]}' is no interval", "interval", "one of raw, hour, day, week, month")
    end = times.micros(asked["end"]) if "end" in asked else time.time_ns() // 1000
    start = times.micros(asked["start"]) if "start" in asked else end - _DAY_US
    if start >= end:
        raise BadQuery("start is not before end", "start", "give start and end as ISO 8601, start first")
    if (end - start) // TYPICAL_US.get(interval, end) > MOST_INTERVALS:
        raise TooLarge(
            f"more than {MOST_INTERVALS:,} intervals", "start", "ask for a shorter time or for longer intervals"
        )
    infos = [_info(store, text) for value in asked.getlist("datastream") for text in value.split(",")]
    if not 0 < len(infos) <= MOST_DATASTREAMS:
        raise BadQuery(
            f"{len(infos)} datastreams were asked for", "datastream", f"ask for one to {MOST_DATASTREAMS} at a time"
        )
    return Question(infos, start, end, interval, asked.get("format", "json"))


def _info(store: Store, text: str) -> DatastreamInfo:
    directory = store.directory
    found = directory.by_id.get(int(text)) if text.isdecimal() and len(text) < 19 else directory.by_code.get(text)
    if found is None:
        raise NotFound(f"no datastream '{text[:80]}'", "datastream", "/v1.1/Datastreams lists ids and codes")
    return found


async def _raw(store: Store, info: DatastreamInfo, asked: Question) -> RawSeries:
    table = await series.raw(store, info.id, asked.start, asked.end, MOST_RAW)
    instants = table.column("phenomenon_time").cast(pa.int64()).to_pylist()
    numbers, texts = table.column("result").to_pylist(), table.column("result_json").to_pylist()
    return RawSeries(
        datastream=info.id,
        code=info.code,
        name=info.name,
        unit=info.unit,
        symbol=info.unit_symbol,
        origin=info.origin,
        time=[instant / times.MICROS_PER_S for instant in instants],
        result=[
            msgspec.Raw(text.encode()) if text is not None else number
            for number, text in zip(numbers, texts, strict=True)
        ],
        quality=table.column("quality").to_pylist(),
        truncated=table.num_rows == MOST_RAW,
    )


def _sheet(city: City, found: Iterable[Series | RawSeries], asked: Question) -> sheets.Sheet:
    """Return one row per value, all datastreams below each other."""
    title = ", ".join(info.code or str(info.id) for info in asked.infos)
    name = asked.infos[0].code or str(asked.infos[0].id)
    more = f"-and-{len(asked.infos) - 1}-more" if len(asked.infos) > 1 else ""
    listed = list(found)
    words = any(isinstance(value, msgspec.Raw) for one in listed if isinstance(one, RawSeries) for value in one.result)
    return sheets.Sheet(
        name=f"{name.replace('/', '-')}{more}-{asked.interval}",
        table=pa.concat_tables([_table(one, words) for one in listed]),
        about=sheets.about(city, title, asked.start, asked.end, time.time_ns() // 1000),
    )


def _table(one: Series | RawSeries, words: bool) -> pa.Table:
    """Return the rows of one datastream; ``words`` says that some results are no numbers, so that all become text."""
    length = len(one.time)
    about = {"datastream": one.code or str(one.datastream), "name": one.name, "unit": one.unit, "origin": one.origin}
    columns: dict[str, pa.Array] = {key: pa.repeat(value, length) for key, value in about.items()}
    instants = [round(seconds * times.MICROS_PER_S) for seconds in one.time]
    columns["time"] = pa.array(instants, pa.int64()).cast(sheets.TIMES)
    if isinstance(one, RawSeries):
        kind = pa.string() if words else pa.float64()
        columns["result"] = pa.array([_text(value) if words else value for value in one.result], kind)
        columns["quality"] = pa.array(one.quality, pa.int8())
    else:
        for name in _STATISTICS:
            columns[name] = pa.array(getattr(one, name), pa.int64() if name == "count" else pa.float64())
    return pa.table(columns)


def _text(value: Any) -> str | None:
    if value is None:
        return None
    return bytes(value).decode() if isinstance(value, msgspec.Raw) else str(value)
