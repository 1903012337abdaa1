"""Anomalies in a running city: the job that looks at every finished hour, and ``GET /api/anomalies``."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.analyse.anomaly.terms import Settings
from placette.api import Access, Route
from placette.city.model import City
from placette.jobs import Job
from placette.model import times
from placette.model.errors import BadQuery, NotFound, TooLarge
from placette.publish.answers import Packed
from placette.services.anomaly import (
    HOUR_US,
    Anomaly,
    Asked,
    Choice,
    State,
    Told,
    Watching,
    chosen,
    set_state,
    state_of,
    work,
    write,
)
from placette.services.anomaly.terms import Kind
from placette.services.process import in_process
from placette.store import Store

PATH = "/api/anomalies"
MOST_DATASTREAMS = 200
LONGEST_DAYS = 366
USUAL_DAYS = 7
_SETTLED_US = 300_000_000
"""Five minutes after an hour is over most of its values are there; what comes later is seen an hour later."""
_SHORT_NAMED = 50
_DAY_US = 24 * HOUR_US


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/anomalies`` answers, with how the last look went (``looked`` is ISO 8601, null before the first)."""

    zone: str
    start: str
    end: str
    looked: str | None
    looked_at: int
    too_short: int
    anomalies: list[Anomaly]


class Anomalies:
    """The anomalies of one city at work; ``apart`` runs the heavy part, in a process of its own unless said."""

    def __init__(
        self,
        store: Store,
        city: Callable[[], City],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        apart: Callable[[Asked], Awaitable[Told]] = lambda asked: in_process(work, asked),
    ) -> None:
        self._store = store
        self._city = city
        self._clock = clock
        self._apart = apart
        self._watching = Watching(store)

    def jobs(self) -> list[Job]:
        """Look every few minutes whether an hour is over that nobody has looked at."""
        return [Job(key="anomalies", work=self.step, every_s=300, first_after_s=150)]

    async def step(self) -> None:
        """Look at the finished hours once each."""
        hour = (self._clock() - _SETTLED_US) // HOUR_US * HOUR_US
        if (await asyncio.to_thread(state_of, self._store)).hour < hour:
            await self.look(hour)

    async def look(self, hour: int) -> State:
        """Look at everything up to ``hour`` (µs UTC) and write what is abnormal."""
        city = self._city()
        looked, short, cpu_s = 0, [], 0.0
        for infos in self._watching.groups(city):
            question = await asyncio.to_thread(self._watching.ask, city, infos, hour, Settings())
            if question is None:
                continue
            asked, clock = question
            told = await self._apart(asked)
            await asyncio.to_thread(write, self._store, clock, told.found, asked.first)
            looked += sum(told.looked_at)
            short += [info.code or "" for info, ready in zip(clock.infos, told.looked_at, strict=True) if not ready]
            cpu_s += told.cpu_s
        state = State(
            hour=hour,
            at=self._clock(),
            looked_at=looked,
            too_short=len(short),
            short=tuple(short[:_SHORT_NAMED]),
            cpu_s=round(cpu_s, 3),
        )
        await asyncio.to_thread(set_state, self._store, state)
        return state


def routes(
    store: Store, city: Callable[[], City], clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return the one route; ``clock`` gives µs UTC."""

    async def show(request: Request) -> Response:
        choice = _question(request, store, city(), clock())
        state = await asyncio.to_thread(state_of, store)
        answer = Answer(
            zone=city().zone,
            start=times.iso(choice.start),
            end=times.iso(choice.end),
            looked=times.iso(state.at) if state.at else None,
            looked_at=state.looked_at,
            too_short=state.too_short,
            anomalies=await asyncio.to_thread(chosen, store, choice),
        )
        return Packed(msgspec.json.encode(answer), "application/json").answer(request)

    return [
        Route(
            method="GET",
            path=PATH,
            handler=show,
            access=Access.PUBLIC,
            summary="What was abnormal from start to end (the last 7 days): ?datastream=1,2&place&property&kind",
            gives=Answer,
        )
    ]


def _question(request: Request, store: Store, city: City, now: int) -> Choice:
    """Return what is asked for; raises ``BadQuery``, ``NotFound``, ``TooLarge``."""
    asked = request.query_params
    end = times.micros(asked["end"]) if "end" in asked else now
    start = times.micros(asked["start"]) if "start" in asked else end - USUAL_DAYS * _DAY_US
    if start >= end:
        raise BadQuery("start is not before end", "start", "give start and end as ISO 8601, start first")
    if end - start > LONGEST_DAYS * _DAY_US:
        raise TooLarge("more than a year", "start", "ask for a shorter time")
    kind = asked.get("kind") or None
    if kind not in (None, *get_args(Kind)):
        raise BadQuery(f"'{str(kind)[:40]}' is no kind", "kind", "event, undecided or fault")
    place = asked.get("place") or None
    if place is not None and city.place(place) is None:
        raise NotFound(f"no place '{place[:80]}'", "place", f"one of {', '.join(each.key for each in city.places)}")
    key = asked.get("property") or None
    if key is not None and key not in city.properties:
        raise NotFound(f"no property '{key[:80]}'", "property", "/v1.1/ObservedProperties lists them")
    return Choice(
        start=start,
        end=end,
        datastreams=_datastreams(request, store),
        place=place,
        property=key,
        kind=kind,  # type: ignore[arg-type]  # checked above
        pictures=asked.get("pictures") != "0",
    )


def _datastreams(request: Request, store: Store) -> tuple[int, ...] | None:
    texts = [text for value in request.query_params.getlist("datastream") for text in value.split(",") if text]
    if not texts:
        return None
    if len(texts) > MOST_DATASTREAMS:
        raise BadQuery(
            f"{len(texts)} datastreams were asked for", "datastream", f"ask for {MOST_DATASTREAMS} at a time"
        )
    directory = store.directory
    found = []
    for text in texts:
        info = directory.by_id.get(int(text)) if text.isdecimal() and len(text) < 19 else directory.by_code.get(text)
        if info is None:
            raise NotFound(f"no datastream '{text[:80]}'", "datastream", "/v1.1/Datastreams lists ids and codes")
        found.append(info.id)
    return tuple(found)
