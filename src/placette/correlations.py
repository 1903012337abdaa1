"""How datastreams go together, over HTTP: coefficients, common hours and lags of every pair."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import Any, get_args
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import pyarrow as pa
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response

from placette.analyse.correlation import Method, Profile, Together, together, without_profile
from placette.api import Access, Route
from placette.city.model import City
from placette.model import times
from placette.model.errors import BadQuery, NotFound, TooLarge
from placette.publish import sheets
from placette.publish.answers import Packed
from placette.services.panels import STEP_S, Regular, Step, regular
from placette.store import DatastreamInfo, Store

PATH = "/api/correlations"
MOST_DATASTREAMS = 24
MOST_STEPS = 20_000
MOST_LAG = 48
_DAY_US = 86_400 * times.MICROS_PER_S


class Correlated(msgspec.Struct, frozen=True, kw_only=True):
    """One datastream of the answer, and how many of the steps it has."""

    datastream: int
    code: str | None
    name: str
    unit: str
    origin: str
    known: int


class Pair(msgspec.Struct, frozen=True, kw_only=True):
    """Two datastreams, by their places in ``series``: ``common`` steps, the coefficient and its 95 % interval.

    At ``lag`` steps (positive: ``second`` follows ``first``) they agree best, with ``lagged``. Null: too few in common.
    """

    first: int
    second: int
    common: int
    coefficient: float | None
    low: float | None
    high: float | None
    lag: int | None
    lagged: float | None


class Correlations(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/correlations`` answers; ``without`` is the profile that was taken out first."""

    zone: str
    start: str
    end: str
    interval: str
    method: str
    without: str
    steps: int
    series: list[Correlated]
    pairs: list[Pair]


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The parameters, checked: times in µs UTC, ``lag`` in steps."""

    infos: list[DatastreamInfo]
    start: int
    end: int
    interval: Step
    method: Method
    without: Profile
    lag: int
    format: str


def routes(
    store: Store, city: Callable[[], City], clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return ``GET /api/correlations``; ``clock`` gives µs UTC."""

    async def show(request: Request) -> Response:
        asked = _asked(request, store, clock())
        found = await asyncio.to_thread(_correlated, store, city(), asked)
        if asked.format in sheets.ENDINGS:
            sheet = _sheet(city(), found, asked, clock())
            return sheets.answer(request, sheet, asked.format, ZoneInfo(city().zone))
        return Packed(msgspec.json.encode(found), "application/json").answer(request)

    return [
        Route(
            method="GET",
            path=PATH,
            handler=show,
            access=Access.PUBLIC,
            summary="How datastreams go together (?datastream=ID, two or more): coefficient, interval, lag",
            gives=Correlations,
        )
    ]


def _asked(request: Request, store: Store, now: int) -> Asked:
    asked = request.query_params
    interval: Step = _one_of(asked, "interval", ("hour", "day"))
    method: Method = _one_of(asked, "method", get_args(Method))
    without: Profile = _one_of(asked, "without", get_args(Profile))
    end = times.micros(asked["end"]) if "end" in asked else now
    start = times.micros(asked["start"]) if "start" in asked else end - 30 * _DAY_US
    if start >= end:
        raise BadQuery("start is not before end", "start", "give start and end as ISO 8601, start first")
    if (end - start) // times.MICROS_PER_S // STEP_S[interval] > MOST_STEPS:
        raise TooLarge(f"more than {MOST_STEPS:,} steps", "start", "ask for a shorter time or for days")
    infos = [_info(store, text) for value in asked.getlist("datastream") for text in value.split(",")]
    infos = list({info.id: info for info in infos}.values())
    if not 2 <= len(infos) <= MOST_DATASTREAMS:
        what = f"{len(infos)} different datastreams were asked for"
        raise BadQuery(what, "datastream", f"ask for two to {MOST_DATASTREAMS} at a time")
    lag = asked.get("lag", "24")
    if not (lag.isascii() and lag.isdecimal() and int(lag[:4]) <= MOST_LAG):
        raise BadQuery(f"'{lag[:20]}' is no number of steps", "lag", f"give 0 to {MOST_LAG}")
    return Asked(
        infos=infos, start=start, end=end, interval=interval, method=method, without=without, lag=int(lag),
        format=asked.get("format", "json"),
    )  # fmt: skip


def _one_of(asked: QueryParams, name: str, values: tuple[Any, ...]) -> Any:
    value = asked.get(name, values[0])
    if value not in values:
        raise BadQuery(f"'{value[:40]}' is no {name}", name, "one of " + ", ".join(values))
    return value


def _info(store: Store, text: str) -> DatastreamInfo:
    directory = store.directory
    found = directory.by_code.get(text)
    if found is None and text.isascii() and text.isdecimal() and len(text) < 19:
        found = directory.by_id.get(int(text))
    if found is None:
        raise NotFound(f"no datastream '{text[:80]}'", "datastream", "/v1.1/Datastreams lists ids and codes")
    return found


def _correlated(store: Store, city: City, asked: Asked) -> Correlations:
    panel = regular(store, city, asked.infos, asked.start, asked.end, asked.interval)
    values = without_profile(panel.values, panel.start_s, panel.step_s, asked.without)
    found = together(values, asked.method, asked.lag)
    return Correlations(
        zone=city.zone,
        start=times.iso(asked.start),
        end=times.iso(asked.end),
        interval=asked.interval,
        method=asked.method,
        without=asked.without,
        steps=len(values),
        series=_series(panel),
        pairs=_pairs(found),
    )


def _series(panel: Regular) -> list[Correlated]:
    known = np.isfinite(panel.values).sum(axis=0)
    return [
        Correlated(
            datastream=info.id, code=info.code, name=info.name, unit=info.unit, origin=info.origin, known=int(count)
        )
        for info, count in zip(panel.infos, known, strict=True)
    ]


def _pairs(found: Together) -> list[Pair]:
    size = len(found.count)
    return [
        Pair(
            first=one,
            second=other,
            common=int(found.count[one, other]),
            coefficient=_known(found.coefficient[one, other]),
            low=_known(found.low[one, other]),
            high=_known(found.high[one, other]),
            lag=int(found.lag[one, other]) if np.isfinite(found.lagged[one, other]) else None,
            lagged=_known(found.lagged[one, other]),
        )
        for one in range(size)
        for other in range(one + 1, size)
    ]


def _known(value: np.float64) -> float | None:
    return round(float(value), 4) if np.isfinite(value) else None


def _sheet(city: City, found: Correlations, asked: Asked, now: int) -> sheets.Sheet:
    names = [one.code or str(one.datastream) for one in found.series]
    columns = {
        "first": [names[pair.first] for pair in found.pairs],
        "second": [names[pair.second] for pair in found.pairs],
        **{key: [getattr(pair, key) for pair in found.pairs] for key in Pair.__struct_fields__[2:]},
    }
    about = sheets.about(city, ", ".join(names), asked.start, asked.end, now)
    about |= {"method": found.method, "without": found.without, "interval": found.interval, "steps": str(found.steps)}
    return sheets.Sheet(name=f"correlations-{found.method}-{found.interval}", table=pa.table(columns), about=about)
