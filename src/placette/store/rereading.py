"""What a new reading of kept frames needs of the store: the frames, and what stands that came of them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from placette.store import arrivals
from placette.store.arrivals import RawFrame
from placette.store.core import Store
from placette.store.sql import among

Place = tuple[int, int]
"""Datastream and phenomenon time (µs UTC): where an observation stands."""


class Told(msgspec.Struct, frozen=True):
    """What an observation says: a number, or any other result as JSON text."""

    result: float | None
    result_json: str | None


class Frames(msgspec.Struct, frozen=True, kw_only=True):
    """Which kept frames: those that a codec or a device model understood in another version than today's.

    ``version`` is today's; ``since`` and ``until`` narrow by when they were received (µs UTC), ``after`` continues
    after an arrival.
    """

    codec: str = ""
    model: str = ""
    version: str = ""
    since: int | None = None
    until: int | None = None
    after: int = 0


def frames(store: Store, chosen: Frames, limit: int) -> list[RawFrame]:
    """Return the oldest of the frames chosen, from any thread but the event loop's."""
    kind, key = ("codec", chosen.codec) if chosen.codec else ("mapping", chosen.model)
    parts = [f"l.{kind} = ? AND l.{kind}_version <> ? AND a.id > ?"]
    params: list[Any] = [key, chosen.version, chosen.after]
    for sign, moment in ((">=", chosen.since), ("<", chosen.until)):
        if moment is not None:
            parts.append(f"a.received_time {sign} make_timestamp(?)")
            params.append(moment)
    return arrivals.of(store).raw(" AND ".join(parts), params, limit)


def told(store: Store, ids: Iterable[int]) -> dict[int, dict[Place, Told]]:
    """Return by arrival what it gave and still stands."""
    table = store.query_now(
        "SELECT arrival_id, datastream_id, epoch_us(phenomenon_time) AS time, result, result_json FROM observation"  # noqa: S608  # integers
        f" WHERE arrival_id IN {among(ids)}"
    )
    found: dict[int, dict[Place, Told]] = {}
    for row in table.to_pylist():
        place = (row["datastream_id"], row["time"])
        found.setdefault(row["arrival_id"], {})[place] = Told(row["result"], row["result_json"])
    return found


def standing(store: Store, places: Sequence[Place]) -> dict[Place, Told]:
    """Return what stands at these places, whatever it came from."""
    if not places:
        return {}
    times = [time for _, time in places]
    table = store.query_now(
        "SELECT datastream_id, epoch_us(phenomenon_time) AS time, result, result_json FROM observation"  # noqa: S608  # integers
        f" WHERE datastream_id IN {among({key for key, _ in places})}"
        " AND phenomenon_time BETWEEN make_timestamp(?) AND make_timestamp(?)",
        [min(times), max(times)],
    )
    wanted = set(places)
    rows = ((row["datastream_id"], row["time"], row["result"], row["result_json"]) for row in table.to_pylist())
    return {(key, time): Told(result, text) for key, time, result, text in rows if (key, time) in wanted}
