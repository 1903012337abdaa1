"""Maps between stations: the list of what is mapped, and each map with its doubt, its stations and how it was made."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Protocol
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access
from placette.model import times
from placette.services.maps import About, Drawn, Period, Question
from placette.services.maps.stations import KINDS, Station, corrections_of
from placette.services.maps.times import MOST_FRAMES, PERIODS, local_hour
from placette.web.layer_pictures import LayerPicture, bounds, level_of, picture
from placette.web.pages.site import Site

WIDE, NARROW, SMALL = (960, 620), (400, 440), (320, 200)
FRAMES: dict[Period, int] = {"hour": 24, "day": 7, "night": 7, "24h": 7}
THEMES = {"heat": ("temperature", "humidity"), "noise": ("laeq", "la10", "la90", "lamax")}
"""What a property is about; anything else is air."""
_HOUR_US = 3_600_000_000
_DAY = 24


class Atlas(Protocol):
    """What draws maps (``placette.maps``)."""

    @property
    def keys(self) -> frozenset[str]:
        """The properties that are on a map."""

    async def about(self, asked: Question) -> tuple[Drawn, About]:
        """Return a map and what is said of it."""


class Row(msgspec.Struct, frozen=True):
    """A station of the table: where it stands in words, its value and the class of it."""

    station: Station
    where: str
    value: float
    level: int


class Card(msgspec.Struct, frozen=True):
    """A property of the list, with its map as it is now."""

    key: str
    drawn: Drawn
    about: About
    picture: LayerPicture


class Layers:
    """The handlers of one city's maps."""

    def __init__(self, atlas: Atlas) -> None:
        self._atlas = atlas

    async def listed(self, site: Site, request: Request, language: str) -> Response:
        """Answer ``/fr/maps``."""
        themes: dict[str, list[Card]] = {"heat": [], "air": [], "noise": []}
        order = list(site.city.properties)
        for key in sorted(self._atlas.keys, key=order.index):
            drawn, about = await self._atlas.about(Question(key))
            small = await asyncio.to_thread(picture, site.city, drawn, about.breaks, language, *SMALL)
            themes[theme_of(key)].append(Card(key, drawn, about, small))
        return site.renderer.page(request, language, "layers.html", subjects=themes)

    async def shown(self, site: Site, request: Request, language: str) -> Response:
        """Answer ``/fr/maps/{key}``; ``period`` and ``time`` (ISO 8601) choose the map."""
        key = request.path_params["key"]
        asked = request.query_params
        period: Period = next((each for each in PERIODS if asked.get("period") == each), "hour")
        moment = times.micros(asked["time"]) if asked.get("time") else None
        question = Question(key, moment, period, min(FRAMES[period], MOST_FRAMES[period]))
        drawn, about = await self._atlas.about(question)
        breaks = about.frames[-1].breaks
        rows = [
            Row(one, self._where(site, one), value, level_of(value, breaks))
            for one, value in zip(drawn.gathered.stations, drawn.values[-1].tolist(), strict=True)
            if value == value  # noqa: PLR0124  # NaN
        ]
        frame = drawn.frames[-1]
        source = {"period": period, "frames": question.frames, "time": times.iso(frame.end - 1_000_000)}
        step = 1 if period == "hour" else _DAY
        now = local_hour(time.time_ns() // 1000, ZoneInfo(site.city.zone))
        return site.renderer.page(
            request,
            language,
            "layer.html",
            drawn=drawn,
            about=about,
            breaks=breaks,
            frame=frame,
            period=period,
            periods=PERIODS,
            rows=sorted(rows, key=lambda row: -row.value),
            wide=await asyncio.to_thread(picture, site.city, drawn, breaks, language, *WIDE),
            narrow=await asyncio.to_thread(picture, site.city, drawn, breaks, language, *NARROW),
            bounds=bounds(drawn),
            source=f"/api/maps/{key}?{urlencode(source)}",
            earlier=times.iso(frame.end - step * _HOUR_US - 1_000_000),
            later=times.iso(frame.end + step * _HOUR_US - 1_000_000)
            if local_hour(frame.end, ZoneInfo(site.city.zone)) + step <= now
            else "",
            others=[other for other in sorted(self._atlas.keys, key=list(site.city.properties).index) if other != key],
            asked_time=moment is not None,
            bound_decimals=_decimals(breaks),
        )

    def _where(self, site: Site, station: Station) -> str:
        member = site.fleet.by_code.get(station.code)
        return (member.address if member else "") or station.code


def pages(atlas: Atlas) -> list[tuple[str, Callable[[Site, Request, str], Awaitable[Response]], str, Access, str]]:
    """Return both pages as ``web`` lists them."""
    made = Layers(atlas)
    return [
        ("/maps", made.listed, "Maps between stations: heat, air, noise", Access.PUBLIC, "GET"),
        ("/maps/{key}", made.shown, "A map between stations, with its doubt", Access.PUBLIC, "GET"),
    ]


def _decimals(breaks: list[float]) -> int:
    """Return how many decimals the bounds of a legend need.

    >>> _decimals([10.0, 20.0]), _decimals([17.0, 17.5])
    (0, 1)
    """
    return next((digits for digits in range(4) if all(round(each, digits) == each for each in breaks)), 4)


def theme_of(key: str) -> str:
    """Return what a property is about: ``heat``, ``noise`` or ``air``.

    >>> theme_of("temperature"), theme_of("no2")
    ('heat', 'air')
    """
    return next((theme for theme, keys in THEMES.items() if key in keys), "air")


def mapped_at(site: Site, members: list[Any]) -> list[str]:
    """Return the properties of these devices that are on a map, in the order of the city's."""
    instead = corrections_of(site.city)
    measured = (
        info.property_key for member in members if member.kind in KINDS for info in member.infos if not info.about
    )
    here = {instead.get(key or "", key) for key in measured}
    return [
        key for key, known in site.city.properties.items() if key in here and known.combine in ("mean", "energetic")
    ]
