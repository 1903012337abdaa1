"""The built front end: which file has which name, and how it is answered.

Vite writes ``static/`` with names that carry a hash of their content, so a browser may keep them for ever (RFC 8246),
and with ``.br`` and ``.gz`` twins. The files are few and small: they are held in memory.
"""

from __future__ import annotations

import mimetypes
from importlib.resources import files
from importlib.resources.abc import Traversable
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route
from placette.model.errors import NotFound

FOREVER = "public, max-age=31536000, immutable"
AN_HOUR = "public, max-age=3600"
WORKER = "field-worker.js"
ENCODINGS = (("br", ".br"), ("gzip", ".gz"))
TYPES = {".js": "text/javascript", ".mjs": "text/javascript", ".woff2": "font/woff2", ".svg": "image/svg+xml"}


class Assets:
    """The static files, read once. Raises ``NotFound`` with the remedy when the front end has not been built."""

    def __init__(self, folder: Traversable | None = None) -> None:
        self._folder = folder or files("placette.web") / "static"
        self._files = dict(_walk(self._folder, ""))
        if "manifest.json" not in self._files:
            raise NotFound("the front end has not been built", str(self._folder), "`make front` builds it")
        self._manifest: dict[str, dict[str, Any]] = msgspec.json.decode(self._files["manifest.json"].read_bytes())
        self._bodies: dict[str, bytes] = {}
        self.icons: dict[str, list[str]] = msgspec.json.decode(self._files["icons.json"].read_bytes())

    def url(self, source: str) -> str:
        """Return the address of what was built from this source, such as ``src/site.ts``."""
        return f"/static/{self._manifest[source]['file']}"

    def font(self) -> str:
        """Return the address of the one font, to be fetched before the style sheet asks for it."""
        return next(f"/static/{entry['file']}" for key, entry in self._manifest.items() if key.endswith(".woff2"))

    def routes(self) -> list[Route]:
        """Return ``GET /static/…`` and the addresses that browsers want at the root."""
        summary = "The pages' scripts, styles, fonts and pictures"
        get: dict[str, Any] = {"method": "GET", "access": Access.PUBLIC, "summary": summary, "media_type": "*/*"}
        return [
            Route(path="/static/{path:path}", handler=self._show, **get),
            Route(path="/favicon.ico", handler=self._favicon, **get),
            Route(path=f"/{WORKER}", handler=self._worker, **get),
        ]

    async def _show(self, request: Request) -> Response:
        return self._answer(request, request.path_params["path"])

    async def _favicon(self, request: Request) -> Response:
        return self._answer(request, "favicon.svg")

    async def _worker(self, request: Request) -> Response:
        """Answer the worker of the field pages: from the root, so that it may have any scope; asked for each time."""
        answer = self._answer(request, WORKER)
        answer.headers["Cache-Control"] = "no-cache"
        return answer

    def _answer(self, request: Request, path: str) -> Response:
        if path not in self._files or path.endswith(tuple(suffix for _, suffix in ENCODINGS)):
            raise NotFound("no such file", f"/static/{path[:200]}", "the pages name the files that exist")
        suffix = path[path.rfind(".") :]
        headers = {
            "Cache-Control": FOREVER if path.startswith("assets/") else AN_HOUR,
            "X-Content-Type-Options": "nosniff",
            "Vary": "Accept-Encoding",
        }
        accepted = request.headers.get("accept-encoding", "")
        for name, ending in ENCODINGS:
            if name in accepted and path + ending in self._files:
                headers["Content-Encoding"] = name
                path += ending
                break
        media_type = TYPES.get(suffix) or mimetypes.types_map.get(suffix, "application/octet-stream")
        return Response(self._body(path), 200, headers, media_type)

    def _body(self, path: str) -> bytes:
        if path not in self._bodies:
            self._bodies[path] = self._files[path].read_bytes()
        return self._bodies[path]


def _walk(folder: Traversable, prefix: str) -> list[tuple[str, Traversable]]:
    if not folder.is_dir():
        return []
    found: list[tuple[str, Traversable]] = []
    for entry in folder.iterdir():
        name = f"{prefix}{entry.name}"
        found += _walk(entry, f"{name}/") if entry.is_dir() else [(name, entry)]
    return found
