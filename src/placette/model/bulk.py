"""Many observations in one HTTP request: the line a client sends and the answer it gets."""

from __future__ import annotations

from typing import Any

import msgspec

from placette.model.observations import Quality


class ObservationLine(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """One line of NDJSON: ``{"datastream": 7, "time": "2026-07-01T12:00:00Z", "result": 21.5, "quality": 1}``.

    ``datastream`` is the id or the code of a datastream; ``time`` is ISO 8601, UTC where it names no zone; ``result``
    is any JSON; ``quality`` is a QARTOD flag, 2 (not evaluated) when absent.
    """

    datastream: int | str
    time: str
    result: float | bool | str | list[Any] | dict[str, Any] | None
    quality: int = Quality.NOT_EVALUATED


class Appended(msgspec.Struct, frozen=True):
    """What has become of the observations sent, all of them durable: new ones, changed ones, ones already there.

    ``first_id`` and ``last_id`` are the ids of the first and last one sent, ``None`` when none was sent.
    """

    inserted: int
    replaced: int
    unchanged: int
    first_id: int | None = None
    last_id: int | None = None
