"""A few datastreams over the same intervals: the same figures as ``/api/series`` gives one by one."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pytest

from placette.city import City
from placette.model.times import micros
from placette.publish.columns import gather
from placette.publish.wide import wide
from placette.store import Store
from placette.store.series import Interval

CODES = ("AIX-ROT-AIR-01/temperature", "AIX-HDV-CNT-01/pedestrians", "AIX-ROT-SON-01/laeq")
START, END = micros("2026-10-24T00:00:00+02:00"), micros("2026-10-27T00:00:00+01:00")
STEP_US = 600_000_000


@pytest.fixture
def filled(aix_store: Store) -> Store:
    """Three days with the autumn hour, a value every ten minutes, none at all in one night."""
    generator = np.random.default_rng(7)
    times = np.arange(START, END, STEP_US)
    times = times[(times < START + 20 * 6 * STEP_US) | (times > START + 30 * 6 * STEP_US)]
    for code in CODES:
        info = aix_store.directory.by_code[code]
        values = generator.uniform(40, 80, len(times)).round(1)
        instants = pa.array(times).cast(pa.timestamp("us"))
        aix_store.append_now(
            pa.table({"datastream_id": [info.id] * len(times), "phenomenon_time": instants, "result": values})
        )
    return aix_store


@pytest.mark.parametrize("interval", ["hour", "day", "week"])
async def test_it_says_what_the_series_say(filled: Store, aix: City, interval: Interval) -> None:
    infos = [filled.directory.by_code[code] for code in CODES]
    found = await wide(filled, aix, infos, START, END, interval)
    single = await gather(filled, aix, infos, START, END, interval)
    assert found.time.tolist() == single[0].time
    for place, one in enumerate(single):
        for column, expected in ((found.value, one.value), (found.low, one.min), (found.high, one.max)):
            wanted = [math.nan if value is None else value for value in expected]
            assert np.allclose(column[place], wanted, atol=1e-5, equal_nan=True)
        assert found.count[place].tolist() == one.count


async def test_nothing_asked_for_is_nothing(filled: Store, aix: City) -> None:
    assert (await wide(filled, aix, [], START, END, "hour")).value.shape == (0, 73)
