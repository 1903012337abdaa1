"""Many observations in one request: ``POST /api/observations`` as NDJSON or as an Arrow IPC stream.

The answer comes once all is durable. NDJSON is stored whole or not at all. Arrow is stored in groups of whole record
batches as they come, so that memory stays bounded whatever the size of the upload: when a later batch is refused the
answer says how many observations before it are stored. Sending again stores nothing twice where a datastream's identity
is its time.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Protocol

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.connect.bodies import blocks
from placette.model.bulk import Appended, ObservationLine
from placette.model.errors import BadObservation, Busy, PlacetteError, UnsupportedMedia

PATH = "/api/observations"
NDJSON = "application/x-ndjson"
ARROW = "application/vnd.apache.arrow.stream"
ALIASES = {"application/ndjson": NDJSON, "application/jsonl": NDJSON, "application/x-jsonlines": NDJSON}
AT_ONCE = 3
"""Uploads decoded at the same time: each may hold its whole body as columns."""
WAIT_S = 10.0
"""How long an upload waits for its turn before it is told to come back."""
INLINE_BYTES = 64 << 10
"""Smaller bodies are decoded at once: less than a millisecond, and a thread costs more."""
GROUP_ROWS = 200_000
"""Rows of Arrow batches that are stored together."""


class Reader(Protocol):
    """Bytes in, tables out; the shape of ``NdjsonReader`` and ``ArrowReader`` of the room ``harmonise``."""

    def feed(self, data: bytes) -> list[pa.Table]:
        """Take the next bytes and return the tables that are ready to be stored."""
        ...

    def finish(self) -> list[pa.Table]:
        """Take the end of the body and return the tables left."""
        ...

    def explain(self, error: BadObservation) -> BadObservation:
        """Return the store's refusal in the words of the format; its rows count over the whole body."""
        ...


class Receipt(Protocol):
    """What the store answers; the shape of ``store.Receipt``."""

    @property
    def ids(self) -> npt.NDArray[np.int64]:
        """One id per row."""
        ...

    @property
    def inserted(self) -> int:
        """Rows that were new."""
        ...

    @property
    def replaced(self) -> int:
        """Rows that changed one already there."""
        ...

    @property
    def unchanged(self) -> int:
        """Rows that were there already."""
        ...


class BulkUpload:
    """``readers`` makes a reader for each media type; ``append`` makes a table durable.

    ``limit`` is the largest body of NDJSON after decompression, ``stream_limit`` that of an Arrow stream, in bytes.
    """

    def __init__(
        self,
        readers: Mapping[str, Callable[[], Reader]],
        append: Callable[[pa.Table], Awaitable[Receipt]],
        *,
        limit: int = 64 << 20,
        stream_limit: int = 4 << 30,
    ) -> None:
        self._readers = readers
        self._append = append
        self._limit = limit
        self._stream_limit = stream_limit
        self._turns = asyncio.Semaphore(AT_ONCE)

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [
            Route(
                method="POST",
                path=PATH,
                handler=self.take,
                access=Access.WRITE,
                summary="Store many observations: NDJSON or an Arrow IPC stream, plain, gzip or zstd",
                takes=ObservationLine,
                gives=Appended,
                media_type=NDJSON,
            )
        ]

    async def take(self, request: Request) -> Response:
        """Answer 201 with :class:`Appended` once every observation is durable."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        kind = ALIASES.get(kind, kind)
        if kind not in self._readers:
            raise UnsupportedMedia(
                f"the content type '{kind[:80]}' is not read here",
                request.url.path,
                f"send {' or '.join(self._readers)} in Content-Type",
            )
        limit = self._stream_limit if kind == ARROW else self._limit
        async with _Turn(self._turns):
            upload = _Upload(self._readers[kind](), self._append)
            try:
                async for block in blocks(request, limit, self._limit):
                    await upload.feed(block)
                return json_response(await upload.finish(), 201)
            except PlacetteError as error:
                raise upload.told(error) from None


class _Turn:
    def __init__(self, turns: asyncio.Semaphore) -> None:
        self._turns = turns

    async def __aenter__(self) -> None:
        try:
            async with asyncio.timeout(WAIT_S):
                await self._turns.acquire()
        except TimeoutError:
            raise Busy("other uploads are being stored", PATH, "send it again in a moment", retry_after_s=5) from None

    async def __aexit__(self, *_: object) -> None:
        self._turns.release()


class _Upload:
    """One body on its way into the store."""

    def __init__(self, reader: Reader, append: Callable[[pa.Table], Awaitable[Receipt]]) -> None:
        self._reader = reader
        self._append = append
        self._ready: list[pa.Table] = []
        self._ready_rows = 0
        self._counts = [0, 0, 0]
        self._first: int | None = None
        self._last: int | None = None

    async def feed(self, block: bytes) -> None:
        small = len(block) <= INLINE_BYTES
        await self._gather(self._reader.feed(block) if small else await asyncio.to_thread(self._reader.feed, block))

    async def finish(self) -> Appended:
        await self._gather(self._reader.finish())
        await self._store()
        inserted, replaced, unchanged = self._counts
        return Appended(inserted, replaced, unchanged, self._first, self._last)

    def told(self, error: PlacetteError) -> PlacetteError:
        """Return the error with what has been stored before it."""
        if stored := sum(self._counts):
            error.remedy = f"{error.remedy}; the first {stored:,} observations are stored".removeprefix("; ")
        return error

    async def _gather(self, tables: list[pa.Table]) -> None:
        for table in tables:
            self._ready.append(table)
            self._ready_rows += table.num_rows
            if self._ready_rows >= GROUP_ROWS:
                await self._store()

    async def _store(self) -> None:
        if not self._ready_rows:
            return
        table = self._ready[0] if len(self._ready) == 1 else pa.concat_tables(self._ready, promote_options="default")
        self._ready, self._ready_rows = [], 0
        try:
            receipt = await self._append(table)
        except BadObservation as error:
            before = sum(self._counts)
            counted = BadObservation(error.what, error.where, error.remedy, tuple(row + before for row in error.rows))
            raise self._reader.explain(counted) from None
        for place, count in enumerate((receipt.inserted, receipt.replaced, receipt.unchanged)):
            self._counts[place] += count
        if self._first is None:
            self._first = int(receipt.ids[0])
        self._last = int(receipt.ids[-1])
