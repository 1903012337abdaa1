"""How far the values of a device can be trusted: what was corrected and by what, and what quality control found."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from placette.model.times import MICROS_PER_S
from placette.model.uncertainty import expanded
from placette.store import DatastreamInfo, Store
from placette.web.readings import Reading

DAYS = 7
_DAY_US = 86_400 * MICROS_PER_S

_ABOUT = """
SELECT id, description, properties -> '$.derivedFrom' AS sources FROM datastream
WHERE list_contains(?::BIGINT[], id) AND properties ->> '$.correction' IS NOT NULL
"""
_EXTRA = """
SELECT datastream_id, extra FROM observation
WHERE list_contains(?::BIGINT[], datastream_id) AND list_contains(?::BIGINT[], epoch_us(phenomenon_time))
  AND phenomenon_time >= make_timestamp(?) AND extra IS NOT NULL
"""
_FLAGS = """
SELECT datastream_id, count(*) AS stored, count(*) FILTER (quality IN (1, 3, 4)) AS judged,
       count(*) FILTER (quality = 3) AS suspect, count(*) FILTER (quality = 4) AS failed
FROM observation WHERE list_contains(?::BIGINT[], datastream_id) AND phenomenon_time > make_timestamp(?)
  AND phenomenon_time <= make_timestamp(?)
GROUP BY datastream_id
"""


class Corrected(msgspec.Struct, frozen=True):
    """A datastream of corrected values: from which ones, and how (in the words of the method, English)."""

    info: DatastreamInfo
    sources: tuple[DatastreamInfo, ...]
    about: str


class Flags(msgspec.Struct, frozen=True, kw_only=True):
    """How many values of a datastream are stored, were judged, and got which flag, in the last ``DAYS`` days."""

    info: DatastreamInfo
    stored: int
    judged: int
    suspect: int
    failed: int


class Trust(msgspec.Struct, frozen=True):
    """What a device's page tells about its values; ``flags`` without those that are computed, which nobody judges."""

    corrected: tuple[Corrected, ...]
    flags: tuple[Flags, ...]


async def trust(store: Store, infos: Iterable[DatastreamInfo], now: int) -> Trust:
    """Return what is known of the values of these datastreams at ``now``, µs UTC."""
    by_id = {info.id: info for info in infos}
    ids = list(by_id)
    about = await store.query(_ABOUT, [ids])
    counted = await store.query(_FLAGS, [ids, now - DAYS * _DAY_US, now])
    known = {row.pop("datastream_id"): row for row in counted.to_pylist()}
    corrected = tuple(_corrected(store, by_id[row["id"]], row) for row in about.to_pylist())
    computed = {one.info.id for one in corrected}
    return Trust(
        corrected=corrected,
        flags=tuple(
            Flags(info=info, **known[key]) for key, info in by_id.items() if key in known and key not in computed
        ),
    )


async def uncertainties(store: Store, known: dict[int, Reading]) -> dict[int, float]:
    """Return the expanded uncertainty (k = 2) of each reading that states one, by its datastream."""
    if not known:
        return {}
    times = [reading.time for reading in known.values()]
    table = await store.query(_EXTRA, [list(known), times, min(times)])
    found = ((row["datastream_id"], expanded(row["extra"])) for row in table.to_pylist())
    return {key: value for key, value in found if value is not None}


def _corrected(store: Store, info: DatastreamInfo, row: dict[str, Any]) -> Corrected:
    codes = msgspec.json.decode(row["sources"] or "[]")
    by_code = store.directory.by_code
    return Corrected(info, tuple(by_code[code] for code in codes if code in by_code), row["description"])
