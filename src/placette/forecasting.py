"""Forecasts in a running city: the jobs that make them, in a process of their own, and where they are given out."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.city.model import City
from placette.jobs import Job
from placette.model import times
from placette.model.errors import BadQuery, NotFound, StorageFailure
from placette.services.forecast.foreseeing import STEPS, Due, Foreseeing, state_of
from placette.services.forecast.reading import Forecast, newest
from placette.services.forecast.terms import Ask, Board, Step
from placette.services.forecast.worker import Told, work
from placette.services.process import in_process
from placette.settings import ForecastSettings
from placette.store import DatastreamInfo, Store

MOST_DATASTREAMS = 24
FOLDER = "forecast"
"""Where what was learnt is kept, inside the data folder."""
FIRST_AFTER_S = 75
"""A city that comes back, or shows itself for the first time, has more urgent things to do."""
CALM_ROWS = 30_000
"""Rows a minute above which a first forecast waits: the past is still being brought in …"""
LOOK_S = 5
"""How often it is looked whether the past of a new city has come …"""
CALM_LOOKS = 2
"""… which it has when this many looks in a row found it calm."""
MOST_WAITS = 10
"""… for so many minutes at most: a large city is never calmer."""
LONGEST_WAIT_S = 3_600


class Answer(msgspec.Struct, frozen=True):
    """What ``/api/forecasts`` answers."""

    forecasts: list[Forecast]


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/forecasts/scores`` answers: the scoreboard of each step, ``null`` before the first one."""

    zone: str
    hour: Board | None
    day: Board | None


class Forecasting:
    """The forecasts of one city at work."""

    def __init__(
        self,
        store: Store,
        city: City,
        data: Path,
        settings: ForecastSettings,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._store = store
        self._settings = settings
        self._clock = clock
        self._foreseeing = Foreseeing(store, city, data / FOLDER, settings.leave_out)
        self._failures = 0
        self._not_before = 0.0
        self._waits = 0
        self._rows = 0
        self._calm_looks = 0
        self._hastened = False
        self._enough = 0
        self._one_at_a_time = asyncio.Lock()
        self.worker: int | None = None
        """The process id of the worker while it works."""

    def use_city(self, city: City) -> None:
        """Go on with this city."""
        self._foreseeing.use_city(city)

    def jobs(self) -> list[Job]:
        """Make what is due, looked at every minute; let go of old issues every hour. None when forecasts are off."""
        if not self._settings.enabled:
            return []
        return [
            Job(key="first forecast", work=self.hasten, every_s=LOOK_S, first_after_s=LOOK_S),
            Job(key="forecasts", work=self.step, every_s=60, first_after_s=FIRST_AFTER_S),
            Job(key="old forecasts", work=self.forget, every_s=3_600, first_after_s=300),
        ]

    async def step(self) -> None:
        """Make what is due; after a failure the next try waits, longer each time."""
        if time.monotonic() < self._not_before:
            return
        try:
            await self._step()
        except Exception:
            self._failures += 1
            self._not_before = time.monotonic() + min(30.0 * 2**self._failures, LONGEST_WAIT_S)
            raise
        self._failures = 0

    async def hasten(self) -> None:
        """Make the first issue of a new city as soon as its past is there, from the same hours of past weeks.

        Tried once: the model that is learnt soon after needs no help.
        """
        if self._hastened:
            return
        due = await asyncio.to_thread(self._foreseeing.at_once, self._clock())
        before, self._rows = self._rows, self._store.stored_rows
        self._calm_looks = self._calm_looks + 1 if self._rows - before <= CALM_ROWS * LOOK_S / 60 else 0
        if due is not None and (self._calm_looks < CALM_LOOKS or self._rows < self._enough):
            return
        ask = await asyncio.to_thread(self._foreseeing.ask, due) if due is not None else None
        if due is not None and ask is None:
            self._enough = self._rows * 5 // 4 + 100  # no past yet: a look at what is there costs something
            return
        self._hastened = True
        if ask is not None:
            await self._told(ask)

    async def forget(self) -> None:
        """Delete issues that are older than the settings keep."""
        kept = self._settings
        await asyncio.to_thread(self._foreseeing.forget, self._clock(), kept.issue_days, kept.midnight_issue_days)

    async def _step(self) -> None:
        due = await asyncio.to_thread(self._foreseeing.due, self._clock())
        if due and due[0].learn and self._is_filling():
            return
        problems = [problem for each in due if (problem := await self._make(each))]
        if problems:
            raise StorageFailure(problems[0], remedy="make room in the data folder")

    async def _make(self, due: Due) -> str:
        """Make one issue and return what went wrong beside it."""
        ask = await asyncio.to_thread(self._foreseeing.ask, due)
        if ask is None:
            self._not_before = time.monotonic() + 120  # so little is known that a minute more changes nothing
            return ""
        return (await self._told(ask)).problem

    async def _told(self, ask: Ask) -> Told:
        """Let the worker do what is asked, and store what it gives back."""
        async with self._one_at_a_time:
            try:
                told = await in_process(work, ask, self._started)
            finally:
                self.worker = None
            await asyncio.to_thread(self._foreseeing.write, ask, told)
        return told

    def _started(self, process: int) -> None:
        self.worker = process

    def _is_filling(self) -> bool:
        """Say whether so much comes in that the past is probably being filled, and it has not lasted too long."""
        before, self._rows = self._rows, self._store.stored_rows
        self._waits += 1
        return self._rows - before > CALM_ROWS and self._waits <= MOST_WAITS


def routes(
    store: Store, city: Callable[[], City], clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return the two routes; ``clock`` gives µs UTC."""

    async def show(request: Request) -> Response:
        infos, step, issue = _question(request, store)
        found = await asyncio.to_thread(newest, store, city(), infos, clock(), step, issue)
        return json_response(Answer(found))

    async def scores(request: Request) -> Response:
        hour, day = [(await asyncio.to_thread(state_of, store, step)).board for step in STEPS]
        return json_response(Scores(zone=city().zone, hour=hour, day=day))

    return [
        Route(
            method="GET",
            path="/api/forecasts",
            handler=show,
            access=Access.PUBLIC,
            summary="Newest forecasts of datastreams (?datastream=ID, repeated; ?step=hour|day, ?issued=TIME)",
            gives=Answer,
        ),
        Route(
            method="GET",
            path="/api/forecasts/scores",
            handler=scores,
            access=Access.PUBLIC,
            summary="How forecasts have done beside the seasonal naive, per datastream, with chances and reliability",
            gives=Scores,
        ),
    ]


def _question(request: Request, store: Store) -> tuple[list[DatastreamInfo], Step | None, int]:
    asked = request.query_params
    step = next((each for each in STEPS if each == asked.get("step")), None)
    if step is None and "step" in asked:
        raise BadQuery(f"'{asked['step'][:20]}' is no step", "step", "hour or day")
    issue = times.micros(asked["issued"]) if "issued" in asked else 0
    texts = [text for value in asked.getlist("datastream") for text in value.split(",")]
    if not 0 < len(texts) <= MOST_DATASTREAMS:
        raise BadQuery(
            f"{len(texts)} datastreams were asked for", "datastream", f"ask for one to {MOST_DATASTREAMS} at a time"
        )
    return [_info(store, text) for text in texts], step, issue


def _info(store: Store, text: str) -> DatastreamInfo:
    directory = store.directory
    found = directory.by_id.get(int(text)) if text.isdecimal() and len(text) < 19 else directory.by_code.get(text)
    if found is None:
        raise NotFound(f"no datastream '{text[:80]}'", "datastream", "/v1.1/Datastreams lists ids and codes")
    return found
