"""The import wizard: hand in a file, see what was understood, correct it, import it, read the report. Without scripts.

The desk that keeps and reads the files is passed in: this room stays out of the ways in.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any, Protocol
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette.access import refuse_foreign
from placette.api import read_body
from placette.model import units
from placette.model.errors import BadInput, PlacetteError, TooLarge
from placette.web.pages.site import Site

FORM_BYTES = 1024 * 1024
_STEP = 1024 * 1024
_OVERHEAD = 64 * 1024
"""What the form around a file may add to its size."""
COLUMNS_SHOWN = 200
FORM_FIELDS = 1_000
DO = ("preview", "import", "save", "forget", "reset")


class Desk(Protocol):
    """Where files are handed in; see ``placette.imports``."""

    limit: int
    days: int

    def uploads(self) -> list[Any]:
        """Return what was handed in."""

    def upload(self, key: str) -> Any:
        """Return one file."""

    def keep(self, name: str, source: Path) -> Any:
        """Keep a file."""

    def understood(self, key: str) -> Any:
        """Return what is understood of a file."""

    def remembered(self, found: Any) -> Path | None:
        """Return the mapping that was saved for such files."""

    def correct(self, key: str, said: Mapping[str, str]) -> None:
        """Note what a person says of a file."""

    def preview(self, key: str) -> Any:
        """Read the first rows and store nothing."""

    def fault(self, key: str, error: PlacetteError) -> Any:
        """Return an error as people are told of it."""

    def run(self, key: str) -> Any:
        """Return the import of a file."""

    def start(self, key: str) -> None:
        """Begin to import a file."""

    def save(self, key: str) -> Path:
        """Keep the mapping for next time."""

    def forget(self, key: str) -> None:
        """Remove a file."""


def pages(desk: Desk) -> list[tuple[str, str, Callable[[Site, Request, str], Awaitable[Response]], str]]:
    """Return path, method, handler and summary of the wizard's addresses; all of them need the right to write."""

    def on(handler: Callable[[Desk, Site, Request, str], Awaitable[Response]]) -> Any:
        return lambda site, request, language: handler(desk, site, request, language)

    return [
        ("/import", "GET", on(first), "Hand in a file to import"),
        ("/import", "POST", on(handed_in), "Takes a file to import"),
        ("/import/{key}", "GET", on(one), "What was understood of a file, its import and its report"),
        ("/import/{key}", "POST", on(change), "Corrects, imports or forgets a file"),
    ]


async def first(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/import``: the form, and the files of the last days."""
    return await _first(desk, site, request, language)


async def _first(
    desk: Desk, site: Site, request: Request, language: str, fault: PlacetteError | None = None, status: int = 200
) -> Response:
    uploads = await asyncio.to_thread(desk.uploads)
    runs = {upload.key: desk.run(upload.key) for upload in uploads}
    return site.renderer.page(
        request, language, "import.html", status=status, uploads=uploads, runs=runs, desk=desk, fault=fault
    )


async def handed_in(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer the posted file: keep it and lead to what was understood."""
    refuse_foreign(request)
    try:
        upload = await _received(desk, request)
    except PlacetteError as error:
        return await _first(desk, site, request, language, error, 413 if isinstance(error, TooLarge) else 400)
    return RedirectResponse(f"/{language}/import/{upload.key}", 303, {"Cache-Control": "no-store"})


async def _received(desk: Desk, request: Request) -> Any:
    """Return the file of a multipart form; its size is bounded by what the request declares."""
    declared = request.headers.get("content-length", "")
    if not declared.isdigit():
        raise BadInput("the request does not say how long it is", remedy="hand the file in with a browser")
    if int(declared) > desk.limit + _OVERHEAD:
        raise TooLarge(
            f"the file is larger than {desk.limit // 2**20:,} MiB",
            remedy="cut it in parts, pack it as .gz, or use `placette import` on the server",
        )
    async with request.form(max_files=1, max_fields=4) as form:
        file = form.get("file")
        if not isinstance(file, UploadFile) or not file.filename:
            raise BadInput("no file was chosen", remedy="choose one, or drop it on the field")
        descriptor, name = tempfile.mkstemp(prefix="placette-")
        try:
            with open(descriptor, "wb") as copy:  # noqa: ASYNC230, PTH123  # a descriptor, written to in threads
                while part := await file.read(_STEP):
                    await asyncio.to_thread(copy.write, part)
            return await asyncio.to_thread(desk.keep, file.filename, Path(name))
        finally:
            await asyncio.to_thread(Path(name).unlink, missing_ok=True)


async def one(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer ``GET /fr/import/<key>``; ``part=progress`` answers what changes while the file is imported."""
    key = request.path_params["key"]
    upload = desk.upload(key)
    run = desk.run(key)
    if request.query_params.get("part") == "progress":
        return site.renderer.page(request, language, "parts/import_progress.html", upload=upload, run=run)
    saved = request.query_params.get("done") == "save"
    if run is not None and "edit" not in request.query_params:
        codes = site.store.directory.by_code
        things = {code: code.rpartition("/")[0] for code in _codes(run) if code in codes}
        return site.renderer.page(
            request, language, "import-run.html", upload=upload, run=run, things=things, saved=saved
        )
    return await _understanding(desk, site, request, language, upload, saved=saved)


async def _understanding(
    desk: Desk, site: Site, request: Request, language: str, upload: Any, *, saved: bool
) -> Response:
    found = report = fault = None
    try:
        found = await asyncio.to_thread(desk.understood, upload.key)
        report = await asyncio.to_thread(desk.preview, upload.key)
    except PlacetteError as error:
        fault = desk.fault(upload.key, error)
    remembered = found is not None and "seen" not in upload.said and desk.remembered(found) is not None
    return site.renderer.page(
        request, language, "import-file.html", upload=upload, found=found, report=report, fault=fault, saved=saved,
        remembered=remembered, shown=COLUMNS_SHOWN, units=units.known(), places=site.city.places,
        properties=sorted(site.city.properties), encodings=("utf-8", "windows-1252", "latin-1", "utf-16", "mac-roman"),
    )  # fmt: skip


async def change(desk: Desk, site: Site, request: Request, language: str) -> Response:
    """Answer the page's forms: do what ``do`` says and lead back."""
    key = request.path_params["key"]
    desk.upload(key)
    body = await read_body(request, FORM_BYTES)
    form = dict(parse_qsl(body.decode(errors="replace"), keep_blank_values=True, max_num_fields=FORM_FIELDS))
    do = form.pop("do", "")
    if do not in DO:
        raise BadInput("the form says nothing to do", request.url.path, "use the page's own buttons")
    if do == "forget":
        await asyncio.to_thread(desk.forget, key)
        return RedirectResponse(f"/{language}/import", 303, {"Cache-Control": "no-store"})
    if "seen" in form or do == "reset":
        await asyncio.to_thread(desk.correct, key, {} if do == "reset" else form)
    try:
        if do == "import":
            await asyncio.to_thread(desk.preview, key)
            desk.start(key)
        elif do == "save":
            await asyncio.to_thread(desk.save, key)
    except PlacetteError:
        do = "preview"  # what is wrong stands on the page that shows it
    tail = {"import": "", "save": "?done=save"}.get(do, "?edit=1#preview")
    return RedirectResponse(f"/{language}/import/{key}{tail}", 303, {"Cache-Control": "no-store"})


def _codes(run: Any) -> list[str]:
    return [each.code for each in run.report.series] if run.report is not None else []
