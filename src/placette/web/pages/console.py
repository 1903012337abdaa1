"""The analysts' page: datastreams picked from a list or a map, seen in seven ways, each a link, a picture, a file."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access
from placette.model import times
from placette.model.errors import NotFound
from placette.publish import sheets
from placette.publish.answers import Packed
from placette.web.console.anomalies import anomalies
from placette.web.console.compare import compare
from placette.web.console.correlate import correlation
from placette.web.console.desk import Ask, Desk, View
from placette.web.console.drawing import look
from placette.web.console.forecast import forecast
from placette.web.console.overlay import overlay
from placette.web.console.picking import picking
from placette.web.console.plot import plain
from placette.web.console.points import points, to_pick
from placette.web.console.question import CUSTOM, RANGES, VIEWS, Question, code_of, read
from placette.web.console.rhythm import rhythm
from placette.web.figures import moment
from placette.web.maps import bounds_of
from placette.web.pages.site import Site
from placette.web.render import SECURITY

PATH = "/console"
Handler = Callable[[Site, Request, str], Awaitable[Response]]
Making = Callable[[Desk, str, Question], Awaitable[View]]
WIDE, NARROW, KEPT = 860, 380, 1080
"""Widths of a picture on a desktop, on a phone, and as a file."""
MAKERS: dict[str, Making] = {
    "overlay": overlay,
    "compare": compare,
    "rhythm": rhythm,
    "correlation": correlation,
    "forecast": forecast,
    "anomalies": anomalies,
    "map": points,
}
SVG = "image/svg+xml"
APIS = {
    "rhythm": "/api/rhythms",
    "correlation": "/api/correlations",
    "forecast": "/api/forecasts",
    "anomalies": "/api/anomalies",
}
"""Where a program gets what a view shows; the other views show ``/api/series``."""
IDEAS = (
    ("pedestrians", "compare", "7d"),
    ("temperature", "overlay", "7d"),
    ("laeq", "rhythm", "90d"),
    ("pm2_5", "correlation", "30d"),
)
"""Views to begin with: property, view, period."""
IDEA_LINES = 4


def pages(ask: Ask) -> list[tuple[str, Handler, str, Access, str]]:
    """Return the page and its files as ``web`` lists them; ``ask`` reaches our own API."""
    console = Console(ask)
    return [
        (PATH, console.page, "Analyses: datastreams overlaid, compared, correlated, foreseen", Access.PUBLIC, "GET"),
        (f"{PATH}/{{file}}", console.file, "A view of the console as SVG, CSV, Parquet or JSON", Access.PUBLIC, "GET"),
    ]


class Console:
    """The handlers of one city's console."""

    def __init__(self, ask: Ask) -> None:
        self._ask = ask
        self._desk: Desk | None = None

    def _at(self, site: Site) -> Desk:
        if self._desk is None or self._desk.site is not site:
            self._desk = Desk(site, self._ask)
        return self._desk

    async def page(self, site: Site, request: Request, language: str) -> Response:
        """Answer the page, or with ``part=view`` or ``part=list`` that part of it."""
        desk = self._at(site)
        question = _question(desk, request)
        part = request.query_params.get("part", "")
        values: dict[str, Any] = {"question": question, "views": VIEWS, "ranges": (*RANGES, CUSTOM), "look": look}
        if part != "view":
            values |= _picker(desk, language, question)
        if part == "list":
            return site.renderer.page(request, language, "parts/console-list.html", **values)
        view = await MAKERS[question.view](desk, language, question) if question.infos else None
        live = part == "view" and request.query_params.get("live") == "1"
        values |= {"view": view, "live": live, "file": desk.file(question), "faults": _faults(desk, language, question)}
        values |= {"period": desk.period(language, question.span), "named": desk.named(language, question.infos)}
        values["pictures"] = () if view is None or (live and view.plot) else _pictures(view)
        values |= {"dates": _dates(desk, question), "ideas": _ideas(desk, language, question), "api": _api(question)}
        template = "parts/console-view.html" if part == "view" else "console.html"
        return site.renderer.page(request, language, template, **values)

    async def file(self, site: Site, request: Request, language: str) -> Response:
        """Answer ``picture.svg``, ``data.csv``, ``data.parquet`` or ``plot.json`` of the view the address asks for."""
        desk = self._at(site)
        question = _question(desk, request)
        name = request.path_params["file"]
        if name not in ("picture.svg", "data.csv", "data.parquet", "plot.json") or not question.infos:
            raise NotFound("no such file", f"{PATH}/{name[:40]}", "the page names the files that exist")
        view = await MAKERS[question.view](desk, language, question)
        if name == "plot.json":
            body = msgspec.json.encode(plain(view.plot)) if view.plot else b"null"
            return Packed(body, "application/json").answer(request)
        if name == "picture.svg":
            headers = {"Content-Disposition": f'attachment; filename="{sheets.file_name(desk.file(question))}.svg"'}
            return Packed(view.draw(KEPT, True).encode(), SVG).answer(request, {**SECURITY, **headers})
        return sheets.answer(request, view.sheet(), name.removeprefix("data."), site.renderer.zone)


def _question(desk: Desk, request: Request) -> Question:
    return read(request.query_params, desk.store.directory, desk.site.renderer.zone, time.time_ns() // 1000)


def _api(question: Question) -> str:
    """Return the address of our API that answers what is shown as JSON."""
    asked = {"datastream": ",".join(code_of(info) for info in question.infos)}
    if question.view != "forecast":
        asked |= {"start": times.iso(question.span.start), "end": times.iso(question.span.end)}
    if question.view in ("overlay", "compare", "map", "correlation"):
        asked["interval"] = question.step
    if question.view == "correlation":
        asked |= {"method": question.method, "without": question.without}
    return f"{APIS.get(question.view, '/api/series')}?{urlencode(asked, safe='/:,')}"


def _picker(desk: Desk, language: str, question: Question) -> dict[str, Any]:
    """Return the list and the map to pick from."""
    listed = picking(desk, language, question)
    taken = {item.thing for item in listed.chosen}
    things = dict.fromkeys([*taken, *(item.thing for group in listed.groups for item in group.items)])
    spots = to_pick(desk, language, question, [(thing, thing in taken) for thing in things])
    bounds = bounds_of([(spot.lng, spot.lat) for spot in spots]) if spots else ()
    return {"picking": listed, "points": spots, "bounds": bounds}


def _dates(desk: Desk, question: Question) -> tuple[str, str]:
    """Return the first and the last day of the period, for the fields."""
    zone = desk.site.renderer.zone
    first, last = (moment(at).astimezone(zone).date() for at in (question.span.start, question.span.end - 1))
    return first.isoformat(), last.isoformat()


def _ideas(desk: Desk, language: str, question: Question) -> list[dict[str, str]]:
    """Return views to begin with: what several devices of this city observe."""
    if question.infos:
        return []
    words = desk.words(language)
    streams: dict[str, list[str]] = {}
    for info in desk.store.directory.observed:
        streams.setdefault(info.property_key or "", []).append(code_of(info))
    ideas = []
    for key, view, span in IDEAS:
        if len(streams.get(key, ())) >= 2:
            changes = {"datastreams": streams[key][:IDEA_LINES], "view": view, "range": span}
            text = words(f"console.idea_{key}")
            ideas.append({"href": question.address(f"/{language}{PATH}", **changes), "text": text})
    return ideas


def _faults(desk: Desk, language: str, question: Question) -> list[str]:
    words = desk.words(language)
    found = []
    for fault in question.faults:
        values = {
            key: words(f"console.step_{value}") if key in ("step", "coarser") else value
            for key, value in fault.values.items()
        }
        found.append(words(f"console.fault.{fault.key}", **values))
    return found


def _pictures(view: View) -> tuple[tuple[str, str], ...]:
    """Return the picture for wide and for narrow screens."""
    return () if view.empty else (("wide", view.draw(WIDE, False)), ("narrow", view.draw(NARROW, False)))
