from __future__ import annotations

from typing import Any

import httpx

from placette.model.observations import ObservationRow
from placette.model.times import micros
from placette.publish.sensorthings.extents import Extents
from placette.store import Store

DAY = 86_400_000_000
START = micros("2026-01-01T00:00:00Z")


async def test_ranges_and_counts_follow_what_is_stored(
    client: httpx.AsyncClient, store: Store, a_thing: Any, a_datastream: Any
) -> None:
    body = a_thing(1, Datastreams=[a_datastream("air"), a_datastream("noise")])
    await client.post("Things", json=body)
    extents = Extents(store)
    await extents.refresh()
    assert (extents.ranges([1, 99], "phenomenonTime"), extents.counts([1, 99])) == ([None, None], [0, 0])

    await store.append_rows([ObservationRow(1, START + DAY, 1.0), ObservationRow(2, START, 1.0)])
    await extents.refresh()
    await store.append_rows([ObservationRow(1, START, 1.0, result_time=START + 2 * DAY)])
    await extents.refresh()
    assert extents.counts([1, 2]) == [2, 1]
    assert extents.ranges([1], "phenomenonTime") == ["2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"]
    assert extents.ranges([1, 2], "resultTime") == ["2026-01-03T00:00:00Z/2026-01-03T00:00:00Z", None]


async def test_what_was_deleted_is_counted_anew(
    client: httpx.AsyncClient, store: Store, a_thing: Any, a_datastream: Any
) -> None:
    await client.post("Things", json=a_thing(1, Datastreams=[a_datastream("air")]))
    extents = Extents(store)
    await store.append_rows([ObservationRow(1, START + day * DAY, 1.0) for day in range(3)])
    await extents.refresh()
    await store.change(lambda con: con.execute("DELETE FROM observation WHERE id = 3"))
    extents.forget([1])
    await extents.refresh()
    assert extents.counts([1]) == [2]
    assert extents.ranges([1], "phenomenonTime") == ["2026-01-01T00:00:00Z/2026-01-02T00:00:00Z"]
