"""How devices and gateways are heard, over HTTP: what the network page shows, as JSON."""

from __future__ import annotations

import time
from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.city.model import City
from placette.model.errors import BadQuery
from placette.services.signal import Signals, compute
from placette.store import Store

PATH = "/api/signals"
MOST_DAYS = 60


def routes(
    store: Store, city: Callable[[], City], clock: Callable[[], int] = lambda: time.time_ns() // 1000
) -> list[Route]:
    """Return the one route; ``clock`` gives µs UTC."""

    async def show(request: Request) -> Response:
        return json_response(await compute(store, city(), clock(), days_of(request)))

    return [
        Route(
            method="GET",
            path=PATH,
            handler=show,
            access=Access.PUBLIC,
            summary="How devices and gateways are heard: lost frames, signal, duty cycle, battery; ?days=7",
            gives=Signals,
        )
    ]


def days_of(request: Request) -> int:
    """Return how many days back are asked for, 7 unless said; raises ``BadQuery``."""
    text = request.query_params.get("days", "7")
    if not (text.isascii() and text.isdecimal() and 1 <= int(text[:6]) <= MOST_DAYS):
        raise BadQuery(f"'{text[:20]}' is no number of days", "days", f"give 1 to {MOST_DAYS}")
    return int(text)
