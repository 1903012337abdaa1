"""The rhythms of datastreams over HTTP: what the rhythm pages show, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route
from placette.model import times
from placette.model.errors import BadQuery, NotFound, TooLarge
from placette.publish.answers import Packed
from placette.services.rhythm import LONGEST_DAYS, MOST_DATASTREAMS, Rhythmical, Rhythms
from placette.store import DatastreamInfo, Store

PATH = "/api/rhythms"
_DAY_US = 86_400 * times.MICROS_PER_S
USUAL_DAYS = 365


def routes(
    store: Store, rhythmical: Rhythmical, clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return the one route; ``clock`` gives µs UTC."""

    async def show(request: Request) -> Response:
        infos, start, end = _question(request, store, clock())
        found = await rhythmical.of(infos, start, end)
        return Packed(msgspec.json.encode(found), "application/json").answer(request)

    return [
        Route(
            method="GET",
            path=PATH,
            handler=show,
            access=Access.PUBLIC,
            summary="Rhythms of datastreams (?datastream=ID, repeated) from start to end, the last year unless said",
            gives=Rhythms,
        )
    ]


def _question(request: Request, store: Store, now: int) -> tuple[list[DatastreamInfo], int, int]:
    """Return the datastreams asked for and the time (µs UTC); raises ``BadQuery``, ``NotFound``, ``TooLarge``."""
    asked = request.query_params
    end = times.micros(asked["end"]) if "end" in asked else now
    start = times.micros(asked["start"]) if "start" in asked else end - USUAL_DAYS * _DAY_US
    if start >= end:
        raise BadQuery("start is not before end", "start", "give start and end as ISO 8601, start first")
    if end - start > LONGEST_DAYS * _DAY_US:
        raise TooLarge("more than five years", "start", "ask for a shorter time")
    infos = [_info(store, text) for value in asked.getlist("datastream") for text in value.split(",")]
    if not 0 < len(infos) <= MOST_DATASTREAMS:
        what = f"{len(infos)} datastreams were asked for"
        raise BadQuery(what, "datastream", f"ask for one to {MOST_DATASTREAMS} at a time")
    return list({info.id: info for info in infos}.values()), start, end


def _info(store: Store, text: str) -> DatastreamInfo:
    directory = store.directory
    found = directory.by_id.get(int(text)) if text.isdecimal() and len(text) < 19 else directory.by_code.get(text)
    if found is None:
        raise NotFound(f"no datastream '{text[:80]}'", "datastream", "/v1.1/Datastreams lists ids and codes")
    return found
