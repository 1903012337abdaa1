"""Aggregated columns: gaps stay gaps, and each property combines as it should."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from placette.city import City
from placette.model.observations import ObservationRow
from placette.model.times import micros
from placette.publish.columns import Series, energetic, gather
from placette.store import Store

START = micros("2026-07-01T00:00:00Z")
HOUR = 3_600_000_000


async def hourly(store: Store, aix: City, code: str, values: dict[float, float]) -> Series:
    """Store values by hours after the start, and return four hours of them."""
    info = store.directory.by_code[code]
    rows = [ObservationRow(info.id, START + int(after * HOUR), value) for after, value in values.items()]
    await store.append_rows(rows)
    return (await gather(store, aix, [info], START, START + 4 * HOUR, "hour"))[0]


async def test_an_hour_without_observations_is_null(aix_store: Store, aix: City) -> None:
    found = await hourly(aix_store, aix, "AIX-ROT-AIR-01/temperature", {0.1: 20.0, 0.6: 22.0, 3.0: 25.0})
    assert found.value == [21.0, None, None, 25.0]
    assert found.count == [2, 0, 0, 1]
    assert found.time == [START // 1_000_000 + 3600 * hour for hour in range(4)]


async def test_counts_are_summed(aix_store: Store, aix: City) -> None:
    found = await hourly(aix_store, aix, "AIX-ROT-CNT-01/pedestrians", {0.1: 3.0, 0.2: 4.0, 1.0: 0.0})
    assert found.value == [7.0, 0.0, None, None]


async def test_sound_levels_are_averaged_as_energy(aix_store: Store, aix: City) -> None:
    found = await hourly(aix_store, aix, "AIX-ROT-SON-01/laeq", {0.1: 60.0, 0.2: 70.0})
    assert found.value[0] == pytest.approx(67.404, abs=0.001)
    assert found.mean[0] == 65.0


async def test_meter_readings_are_subtracted_and_a_gap_hides_what_it_hides(aix_store: Store, aix: City) -> None:
    found = await hourly(aix_store, aix, "AIX-ROT-LGT-01/energy", {0.5: 100.0, 1.5: 100.4, 3.5: 101.0})
    assert found.value == [None, 0.4, None, None]


def test_failed_and_missing_levels_do_not_count() -> None:
    times = pa.array([START, START + 1, START + 2], pa.int64()).cast(pa.timestamp("us"))
    flags = pa.array([1, 4, 9], pa.uint8())
    levels = pa.table({"phenomenon_time": times, "result": [60.0, 120.0, None], "quality": flags})
    assert energetic(levels, np.array([START, START + HOUR], np.int64)).tolist()[0] == pytest.approx(60.0)
