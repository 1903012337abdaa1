"""Asking our own API without a socket: pages show what public addresses answer, whoever answers there."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from urllib.parse import urlencode

from starlette.requests import Request

from placette.api import Access, Route


class Inside:
    """Calls handlers of public GET routes; ``routes`` are looked at when the first question is asked."""

    def __init__(self, routes: Callable[[], Iterable[Route]]) -> None:
        self._routes = routes

    @cached_property
    def _public(self) -> dict[str, Route]:
        open_ones = (route for route in self._routes() if route.access is Access.PUBLIC and route.method == "GET")
        return {route.path: route for route in open_ones}

    async def __call__(self, path: str, parameters: Mapping[str, str]) -> bytes | None:
        """Return the body of the answer, ``None`` where there is no such route; raises the handler's error."""
        route = self._public.get(path)
        if route is None:
            return None
        scope = {
            "type": "http",
            "method": "GET",
            "path": path,
            "query_string": urlencode(parameters).encode(),
            "headers": [],
            "path_params": {},
        }
        return bytes((await route.handler(Request(scope))).body)
