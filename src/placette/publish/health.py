"""How the system is doing, as values: what ``/api/health`` answers and what the health page explains.

The figures come from many rooms; the application gathers them into one :class:`Health`. What is wrong is decided here,
by :func:`troubles`, from dated limits that are written once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response

LOW_DISK = 0.10
"""Share of free disk below which a warning is due: a compaction needs room for one more month."""
FULL_DISK_BYTES = 256 * 2**20
"""Free bytes below which writing is about to stop (the store's own reserve is 64 MiB)."""
SLOW_LAG_S = 30.0
"""Delay between a frame's arrival and its storage that no healthy disk needs, s."""
BACKUP_DAYS = 2
"""Days without a backup after which one is overdue; a nightly one leaves a day of grace."""
SILENT_TIMES = 3.0
"""A network is silent after this many of its usual intervals without a frame."""
QUEUE_SHARE = 0.5
"""Share of the write queue that means writing is slower than what comes in."""

_DAY_US = 86_400_000_000


class NetworkHealth(msgspec.Struct, frozen=True, kw_only=True):
    """One way in: ``last_frame`` in µs UTC (``None``: none since the start), ``expected_s`` its usual interval, s."""

    key: str
    connected: bool
    last_frame: int | None = None
    frames_per_minute: float = 0.0
    expected_s: float | None = None
    error: str = ""
    next_attempt: int | None = None
    """When a feed asks next, µs UTC."""
    received: int = 0
    """Messages since the start; ``stored`` observations came of them, ``dead`` messages were kept as dead letters,
    ``repeated`` ones had been taken before, and ``waiting`` ones are not durable yet."""
    stored: int = 0
    dead: int = 0
    repeated: int = 0
    waiting: int = 0


class Reason(msgspec.Struct, frozen=True):
    """How many dead letters have this reason, without what varies from one to the next."""

    what: str
    count: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the health page shows; times in µs UTC, sizes in bytes, rates of the last minute."""

    version: str
    now: int
    started_at: int
    observations: int
    datastreams: int
    stored_per_second: float
    lag_s: float | None
    last_commit: int | None
    queued_rows: int
    queue_rows: int
    file_bytes: int
    disk_free_bytes: int
    disk_bytes: int
    schema_version: int
    dead_letters: int
    dead_letter_reasons: tuple[Reason, ...] = ()
    codec_problems: tuple[str, ...] = ()
    """What is wrong with the city's own codecs, in sentences."""
    networks: tuple[NetworkHealth, ...] = ()
    live_readers: int = 0
    last_backup: int | None = None
    memory_bytes: int | None = None


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is wrong: its ``key`` in the catalogue, whether it stops data, and what the sentence names."""

    key: str
    stops: bool
    subject: str = ""
    count: float = 0


def troubles(health: Health) -> tuple[Trouble, ...]:
    """Return what is wrong, the worst first; empty when all is well."""
    found = [*_disk_troubles(health), *_flow_troubles(health), *_network_troubles(health)]
    found += [Trouble(key="codec", stops=False, subject=problem) for problem in health.codec_problems]
    if health.dead_letters:
        found.append(Trouble(key="dead_letters", stops=False, count=health.dead_letters))
    if health.now - (health.last_backup or health.started_at) > BACKUP_DAYS * _DAY_US:
        found.append(Trouble(key="no_backup" if health.last_backup is None else "old_backup", stops=False))
    return tuple(sorted(found, key=lambda trouble: not trouble.stops))


def _disk_troubles(health: Health) -> list[Trouble]:
    if health.disk_free_bytes < FULL_DISK_BYTES:
        return [Trouble(key="disk_full", stops=True, count=health.disk_free_bytes)]
    if health.disk_bytes and health.disk_free_bytes < LOW_DISK * health.disk_bytes:
        return [Trouble(key="disk_low", stops=False, count=health.disk_free_bytes)]
    return []


def _flow_troubles(health: Health) -> list[Trouble]:
    found = []
    if health.queue_rows and health.queued_rows > QUEUE_SHARE * health.queue_rows:
        found.append(Trouble(key="queue", stops=False, count=health.queued_rows))
    if health.lag_s is not None and health.lag_s > SLOW_LAG_S:
        found.append(Trouble(key="lag", stops=False, count=health.lag_s))
    return found


def _network_troubles(health: Health) -> list[Trouble]:
    found = []
    for network in health.networks:
        if not network.connected:
            found.append(Trouble(key="disconnected", stops=True, subject=network.key))
            continue
        since = network.last_frame or health.started_at
        limit = network.expected_s and network.expected_s * SILENT_TIMES * 1_000_000
        if limit and health.now - since > limit:
            found.append(Trouble(key="silent", stops=True, subject=network.key))
    return found


def routes(health: Callable[[], Awaitable[Health]]) -> list[Route]:
    """Return ``GET /api/health``: the figures and the troubles, always with 200: that it answers says that it lives."""

    async def show(request: Request) -> Response:
        figures = await health()
        wrong = troubles(figures)
        body = msgspec.to_builtins(figures) | {"troubles": msgspec.to_builtins(wrong)}
        return json_response(body, headers={"Cache-Control": "no-store"})

    return [
        Route(
            method="GET",
            path="/api/health",
            handler=show,
            access=Access.PUBLIC,
            summary="How the system is doing: rates, lag, disk, networks, dead letters, backup, and what is wrong",
            gives=Health,
        )
    ]
