"""What an operator may set of the store, with the reason of every default."""

from __future__ import annotations

from typing import Annotated

import msgspec

Positive = Annotated[int, msgspec.Meta(ge=1)]


class StoreSettings(msgspec.Struct, frozen=True, kw_only=True):
    """Limits of one store; sizes in MiB, durations in seconds (``_s``) or days."""

    max_future_s: Annotated[int, msgspec.Meta(ge=0)] = 86_400
    """How far ahead of now a phenomenonTime may lie (a device's clock drifts); forecasts are free of it."""
    queue_rows: Positive = 1_000_000
    """Rows that may wait for the writer (about 100 bytes each) before callers are told to come back."""
    group_rows: Positive = 200_000
    """Rows that one transaction takes at most, so that a flood does not make a lone POST wait for long."""
    memory_mib: Annotated[int, msgspec.Meta(ge=64)] = 160
    """DuckDB's buffer memory; the process stays under 500 MB with it at 10 M rows."""
    threads: Positive = 2
    """Threads DuckDB may use for one statement."""
    readers: Positive = 3
    """Threads that answer queries, each with its own cursor."""
    query_timeout_s: Annotated[float, msgspec.Meta(gt=0)] = 30.0
    """After this a query is interrupted."""
    checkpoint_mib: Positive = 64
    """Size of the write-ahead log at which it is folded into the file; bounds the time of the next start."""
    disk_reserve_mib: Annotated[int, msgspec.Meta(ge=0)] = 64
    """Free disk below which writing is refused, so that a checkpoint still finds room."""
    inbox_mib: Positive = 256
    """Payload bytes that dead letters may keep; the oldest go first."""
    inbox_days: Positive = 30
    """Days that a dead letter is kept."""
    raw_days: Positive = 7
    """Days that the bytes of a message are kept after it was understood, so that a mended codec can read it again."""
