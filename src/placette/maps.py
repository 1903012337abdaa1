"""Maps between stations over HTTP: ``/api/maps`` lists what there is, ``/api/maps/{property}`` is GeoJSON.

They are computed one after the other in a thread of their own, and kept until a value in their time is new.
"""

from __future__ import annotations

import asyncio
import math
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar, get_args

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.city.model import City
from placette.model import times
from placette.model.errors import BadQuery, Busy
from placette.publish.answers import Packed
from placette.services.maps import About, Drawn, MapAnswer, Maps, Period, Question, Shape, about, answer
from placette.services.maps.stations import ORIGINS
from placette.services.maps.times import MOST_FRAMES, PERIODS
from placette.store import Store

PATH = "/api/maps"
MOST_WAITING = 16
"""Readers whose maps are not drawn yet; beyond, they are asked to come again."""
MOST_FRAMES_OF_CONTOURS = 1
MOST_ANSWERS = 12
"""Kept ready to be sent: a megabyte or two each."""
_SHAPES: tuple[Shape, ...] = get_args(Shape)

T = TypeVar("T")


class Listed(msgspec.Struct, frozen=True, kw_only=True):
    """One property that is on a map: its stations per origin, whether enough of them for a map between them."""

    property: str
    names: dict[str, str]
    unit: str
    stations: dict[str, int]
    enough: bool
    href: str


class Listing(msgspec.Struct, frozen=True):
    """What ``/api/maps`` answers."""

    maps: list[Listed]


class Atlas:
    """The maps of a city for the API and the pages: drawn in one thread, off the event loop."""

    def __init__(
        self,
        store: Store,
        city: Callable[[], City],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
        measured: Path | None = None,
    ) -> None:
        self._maps = Maps(store, city, clock, measured)
        self._city = city
        self._worker = ThreadPoolExecutor(1, "maps")
        self._waiting = 0
        self._answers: dict[tuple[Question, float | None], tuple[Drawn, Packed]] = {}

    async def listed(self) -> list[Listed]:
        """Return the properties that are on a map, those with most stations first."""
        counts = self._maps.mapped()
        known = self._city().properties
        found = [
            Listed(
                property=key,
                names=known[key].names,
                unit=known[key].unit,
                stations={str(origin): number for origin, number in numbers.items()},
                enough=max(numbers.values()) >= 8,
                href=f"{PATH}/{key}",
            )
            for key, numbers in counts.items()
        ]
        return sorted(found, key=lambda one: -max(one.stations.values()))

    async def draw(self, asked: Question) -> Drawn:
        """Return a map; raises ``NotFound``, and ``Busy`` when too many are waited for."""
        return await self._in_turn(lambda: self._maps.draw(asked))

    @property
    def keys(self) -> frozenset[str]:
        """The properties that are on a map."""
        return frozenset(self._maps.mapped())

    async def answer(self, request: Request, asked: Question, threshold: float | None) -> Response:
        """Return a map as GeoJSON, packed in the maps' own thread."""
        return await self._in_turn(lambda: self._packed(asked, threshold).answer(request))

    def _packed(self, asked: Question, threshold: float | None) -> Packed:
        """Return the answer's bytes, those of before when the map is the same."""
        drawn = self._maps.draw(asked)
        before = self._answers.pop((asked, threshold), None)
        packed = before[1] if before is not None and before[0] is drawn else None
        if packed is None:
            body = msgspec.json.encode(answer(self._city(), drawn, threshold))
            packed = Packed(body, "application/geo+json")
        self._answers[asked, threshold] = drawn, packed
        while len(self._answers) > MOST_ANSWERS:
            del self._answers[next(iter(self._answers))]
        return packed

    async def about(self, asked: Question) -> tuple[Drawn, About]:
        """Return a map and what is said of it."""
        drawn = await self.draw(asked)
        return drawn, about(self._city(), drawn)

    async def _in_turn(self, work: Callable[[], T]) -> T:
        if self._waiting >= MOST_WAITING:
            raise Busy("too many maps are being drawn", PATH, "ask again in a moment")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._worker, work)
        finally:
            self._waiting -= 1

    def routes(self) -> list[Route]:
        """Return both routes."""

        async def show(request: Request) -> Response:
            asked, threshold = question(request.path_params["property"], request.query_params)
            return await self.answer(request, asked, threshold)

        async def show_list(request: Request) -> Response:
            return json_response(Listing(await self.listed()))

        return [
            Route(
                method="GET",
                path=PATH,
                handler=show_list,
                access=Access.PUBLIC,
                summary="Properties that are on maps, with their stations",
                gives=Listing,
            ),
            Route(
                method="GET",
                path=PATH + "/{property}",
                handler=show,
                access=Access.PUBLIC,
                summary="A map between stations as GeoJSON, with its doubt, or why there is none; ?time, "
                "period, shape, frames, origin, threshold",
                gives=MapAnswer,
                media_type="application/geo+json",
            ),
        ]


def question(key: str, asked: Any) -> tuple[Question, float | None]:
    """Return what the parameters of an address ask, and the threshold; raises ``BadQuery``."""
    period: Period = _one_of(asked.get("period", "hour"), "period", PERIODS)
    shape: Shape = _one_of(asked.get("shape", "hexagons"), "shape", _SHAPES)
    origin = _one_of(asked["origin"], "origin", ORIGINS) if asked.get("origin") else None
    most = MOST_FRAMES_OF_CONTOURS if shape == "contours" else MOST_FRAMES[period]
    text = asked.get("frames", "1")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= most):
        raise BadQuery(f"'{text[:20]}' is no number of frames", "frames", f"give 1 to {most} for this shape and period")
    moment = times.micros(asked["time"]) if asked.get("time") else None
    found = Question(key, moment, period, int(text), shape, origin)
    return found, _number(asked["threshold"]) if asked.get("threshold") else None


def _one_of(text: str, name: str, choices: tuple[T, ...]) -> T:
    found = next((each for each in choices if each == text), None)
    if found is None:
        raise BadQuery(f"'{text[:20]}' is no {name}", name, f"one of {', '.join(map(str, choices))}")
    return found


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise BadQuery(f"'{text[:20]}' is no number", "threshold", "give it in the unit of the property")
    return value
