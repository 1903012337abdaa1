"""New observations as server-sent events: ``GET /api/live?place=&property=&datastream=`` (WHATWG HTML, section 9.2).

::

    id: 4711
    event: observation
    data: [{"datastream":7,"time":"2026-07-01T12:00:00Z","result":17.5,"quality":2,"id":4711,"code":"ROT-01/pm10"}]

    event: lost
    data: {"lost":120}

One listener on the store's bus serves all readers: an observation is written as JSON once, whoever reads it, and only
some thousands a second are, the newest ones. What a slow reader has not fetched is bounded; the oldest go and are
counted in the event ``lost``. Nothing here ever makes the store wait, and without readers nothing is done. Who comes
back with ``Last-Event-ID`` (browsers do, when a connection broke) or ``after=`` is first sent what it missed.
"""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Mapping

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
from starlette.datastructures import QueryParams
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from placette.api import Access, Route
from placette.model import times
from placette.model.errors import BadQuery, Busy, NotFound
from placette.model.pace import Allowance
from placette.model.uncertainty import expanded
from placette.publish.missed import Missed, missed
from placette.store import Directory, Store

PATH = "/api/live"
FILTERS = ("place", "property", "datastream")
AFTER = "after"
"""Option that says the same as the header ``Last-Event-ID``, for those who cannot set one."""
PER_S = 5_000
"""Observations written as JSON each second at most, some 2 µs each; a flood must not take the time of the ways in."""
WAITING_BYTES = 128 << 10
"""JSON that may wait for one reader; with 500 readers 64 MiB at the very worst."""
BUS_ROWS = 20_000
HEARTBEAT_S = 15.0
"""Proxies close connections that are silent for 30 s or more."""
STALLED_S = 120.0
"""A reader that took nothing for this long is gone or asleep; its place is given to others."""
RETRY_MS = 3_000
_HEADERS = [
    (b"content-type", b"text/event-stream; charset=utf-8"),
    (b"cache-control", b"no-store"),
    (b"x-accel-buffering", b"no"),
]


class LiveObservation(msgspec.Struct, frozen=True, omit_defaults=True):
    """One observation of the stream; ``time`` is its phenomenonTime, ``quality`` a QARTOD flag.

    ``uncertainty`` is the expanded one (k = 2) in the unit of the result, where the observation states it.
    """

    datastream: int
    time: str
    result: float | msgspec.Raw | None
    quality: int
    id: int
    code: str | None = None
    uncertainty: float | None = None


_encode = msgspec.json.Encoder().encode
Written = dict[int, list[tuple[int, bytes]]]
"""Per datastream the (id, JSON) of its new observations, oldest first."""


class Choice(msgspec.Struct, frozen=True):
    """Which datastreams a reader wants: those that fit every filter given."""

    place: frozenset[str] = frozenset()
    property: frozenset[str] = frozenset()
    datastream: frozenset[str] = frozenset()

    def among(self, directory: Directory) -> frozenset[int] | None:
        """Return the ids it stands for at the moment, ``None`` for all; forecasts and anomalies only if named."""
        if not (self.place or self.property or self.datastream):
            return (
                None
                if len(directory.observed) == len(directory.by_id)
                else frozenset(info.id for info in directory.observed)
            )
        infos = directory.by_id.values() if self.datastream else directory.observed
        return frozenset(
            info.id
            for info in infos
            if (not self.place or info.place in self.place)
            and (not self.property or info.property_key in self.property)
            and (not self.datastream or str(info.id) in self.datastream or info.code in self.datastream)
        )


class Live:
    """The live stream of one store; :meth:`run` must run beside the server.

    ``readers`` is how many may follow at once, ``per_s`` how many observations are written as JSON each second.
    """

    def __init__(self, store: Store, *, readers: int = 500, per_s: int = PER_S) -> None:
        self._store = store
        self._limit = readers
        self._per_s = per_s
        self._readers: set[Reader] = set()
        self._any = asyncio.Event()
        self._wanted: pa.Array | None = None
        self._wanted_version = -1

    def routes(self) -> list[Route]:
        """Return the one route."""
        return [
            Route(
                method="GET",
                path=PATH,
                handler=self.follow,
                access=Access.PUBLIC,
                summary="Follow new observations as server-sent events, by place, property or datastream",
                gives=list[LiveObservation],
            )
        ]

    @property
    def readers(self) -> int:
        """How many follow at the moment."""
        return len(self._readers)

    async def follow(self, request: Request) -> Response:
        """Answer with the stream. Raises ``BadQuery``, ``NotFound`` and, when the house is full, ``Busy``."""
        choice = _choice(request.query_params)
        after = _after(request)
        directory = self._store.directory
        wanted = choice.among(directory)
        if wanted is not None and not wanted:
            raise NotFound("no datastream fits", request.url.path, "check place, property and datastream")
        if len(self._readers) >= self._limit:
            raise Busy(
                f"{self._limit} readers follow already", request.url.path, "ask /api/latest instead", retry_after_s=30
            )
        reader = Reader(choice, wanted, directory.version)
        self._readers.add(reader)
        self._wanted_version = -1
        self._any.set()
        if after is not None:
            try:
                reader.catch_up(await missed(self._store, wanted, after), directory)
            except BaseException:
                self._leave(reader)
                raise
        return EventStream(reader, lambda: self._leave(reader))

    async def run(self) -> None:
        """Hand new observations to the readers until cancelled."""
        allowance = Allowance(self._per_s, self._per_s)
        while True:
            await self._any.wait()
            subscription = self._store.bus.subscribe(None, capacity=BUS_ROWS)
            counted = 0
            try:
                async for table in subscription:
                    if not self._readers:
                        break
                    dropped, counted = subscription.lost - counted, subscription.lost
                    self._hand_out(self._of_interest(table), dropped, allowance)
            finally:
                subscription.close()
            self._any.clear()

    def _leave(self, reader: Reader) -> None:
        self._readers.discard(reader)
        self._wanted_version = -1

    def _of_interest(self, table: pa.Table) -> pa.Table:
        """Return the rows that at least one reader wants: an import of others must not use up what is allowed."""
        directory = self._store.directory
        if directory.version != self._wanted_version:
            self._wanted_version = directory.version
            chosen = [reader.refresh(directory) for reader in self._readers]
            every = None if any(ids is None for ids in chosen) else frozenset().union(*filter(None, chosen))
            self._wanted = None if every is None else pa.array(every, pa.int64())
        if self._wanted is None:
            return table
        return table.filter(pc.is_in(table.column("datastream_id"), self._wanted))

    def _hand_out(self, table: pa.Table, dropped: int, allowance: Allowance) -> None:
        allowed = allowance.take(table.num_rows, time.monotonic())
        passed_over = table.slice(0, table.num_rows - allowed)
        skipped = _counted(passed_over) if passed_over.num_rows else {}
        written = _written(table.slice(table.num_rows - allowed), self._store.directory)
        for reader in self._readers:
            reader.lose(dropped + reader.count(skipped))
            reader.take(written)


class Reader:
    """What waits for one reader, bounded in bytes."""

    def __init__(self, choice: Choice, wanted: frozenset[int] | None, version: int) -> None:
        self._choice = choice
        self._wanted = wanted
        self._version = version
        self._waiting: deque[tuple[int, bytes]] = deque()
        self._bytes = 0
        self._lost = 0
        self._some = asyncio.Event()

    def refresh(self, directory: Directory) -> frozenset[int] | None:
        """Follow the catalogue (a device added to a place is heard at once) and return what is wanted now."""
        if directory.version != self._version:
            self._version = directory.version
            self._wanted = self._choice.among(directory)
        return self._wanted

    def count(self, rows: Mapping[int, int]) -> int:
        """Return how many of these rows, counted by datastream, the reader would have wanted."""
        if self._wanted is None:
            return sum(rows.values())
        return sum(count for datastream, count in rows.items() if datastream in self._wanted)

    def lose(self, count: int) -> None:
        """Note that the reader will not see ``count`` observations."""
        if count:
            self._lost += count
            self._some.set()

    def take(self, written: Written) -> None:
        """Let the observations it wants wait for it; the oldest go when they are too many."""
        wanted = written.keys() if self._wanted is None else self._wanted & written.keys()
        self._put(each for datastream in wanted for each in written[datastream])

    def _put(self, rows: Iterable[tuple[int, bytes]]) -> None:
        for row in rows:
            self._waiting.append(row)
            self._bytes += len(row[1])
        while self._bytes > WAITING_BYTES:
            self._bytes -= len(self._waiting.popleft()[1])
            self._lost += 1
        if self._waiting:
            self._some.set()

    def catch_up(self, found: Missed, directory: Directory) -> None:
        """Let what was missed wait before what came since; a row that came while it was looked up comes once."""
        since = [each for each in self._waiting if each[0] > found.upto]
        self._waiting.clear()
        self._bytes = 0
        self.lose(found.lost)
        past = _written(found.rows, directory)
        self._put(sorted(each for texts in past.values() for each in texts))
        self._put(since)

    async def events(self) -> AsyncIterator[bytes]:
        """Yield the stream: what waits as soon as it does, a heartbeat when nothing came for 15 s."""
        yield f"retry: {RETRY_MS}\n\n".encode()
        while True:
            try:
                async with asyncio.timeout(HEARTBEAT_S):
                    await self._some.wait()
            except TimeoutError:
                yield b": heartbeat\n\n"
            else:
                yield self._event()

    def _event(self) -> bytes:
        self._some.clear()
        waiting, lost = self._waiting, self._lost
        self._waiting, self._bytes, self._lost = deque(), 0, 0
        event = f'event: lost\ndata: {{"lost":{lost}}}\n\n'.encode() if lost else b""
        if waiting:
            texts = b",".join(text for _, text in waiting)
            event += b"id: %d\nevent: observation\ndata: [%b]\n\n" % (max(key for key, _ in waiting), texts)
        return event


class EventStream(Response):
    """Sends a reader its events until either side has enough; then ``leave`` is called."""

    def __init__(self, reader: Reader, leave: Callable[[], None]) -> None:
        super().__init__()
        self._reader = reader
        self._leave = leave

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Stream while waiting for the disconnection, whichever ends first."""
        sending = asyncio.create_task(self._send(send))
        watching = asyncio.create_task(_until_gone(receive))
        try:
            await asyncio.wait({sending, watching}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            self._leave()
            for task in (sending, watching):
                task.cancel()
            await asyncio.gather(sending, watching, return_exceptions=True)

    async def _send(self, send: Send) -> None:
        async with asyncio.timeout(STALLED_S) as limit:
            await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
            async for event in self._reader.events():
                limit.reschedule(asyncio.get_running_loop().time() + STALLED_S)
                await send({"type": "http.response.body", "body": event, "more_body": True})


async def _until_gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass


def _after(request: Request) -> int | None:
    """Return the id of the last event that the reader has, ``None`` for a reader that is new."""
    text = request.query_params.get(AFTER) or request.headers.get("last-event-id", "")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _choice(query: QueryParams) -> Choice:
    unknown = [name for name in query if name not in FILTERS and name != AFTER]
    if unknown:
        raise BadQuery(
            f"unknown option '{unknown[0][:40]}'",
            PATH,
            f"the options are {', '.join(FILTERS)}, {AFTER}; commas join values",
        )
    return Choice(**{name: frozenset(filter(None, ",".join(query.getlist(name)).split(","))) for name in FILTERS})


def _counted(table: pa.Table) -> dict[int, int]:
    counts = pc.value_counts(table.column("datastream_id").combine_chunks())
    return dict(zip(counts.field("values").to_pylist(), counts.field("counts").to_pylist(), strict=True))


def _written(table: pa.Table, directory: Directory) -> Written:
    stamps = table.column("phenomenon_time").cast(pa.int64()).to_pylist()
    names = ("id", "datastream_id", "result", "result_json", "quality", "extra")
    found: Written = {}
    for key, datastream, result, text, quality, extra, stamp in zip(
        *(table.column(name).to_pylist() for name in names), stamps, strict=True
    ):
        info = directory.by_id.get(datastream)
        observation = LiveObservation(
            datastream=datastream,
            time=times.iso(stamp),
            result=result if text is None else msgspec.Raw(text.encode()),
            quality=quality,
            id=key,
            code=None if info is None else info.code,
            uncertainty=expanded(extra),
        )
        found.setdefault(datastream, []).append((key, _encode(observation)))
    return found
