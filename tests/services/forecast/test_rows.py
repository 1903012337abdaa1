"""Local steps become instants: days of 23 and 25 hours."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from placette.services.forecast.rows import spans
from placette.services.panels import Regular

PARIS = ZoneInfo("Europe/Paris")


@pytest.mark.parametrize(
    ("day", "hours", "repeated"), [("2026-03-29", 23, 0), ("2026-10-25", 25, 1), ("2026-06-01", 24, 0)]
)
def test_a_day_has_as_many_forecasts_as_hours(day: str, hours: int, repeated: int) -> None:
    start = int(np.datetime64(day, "s").astype(np.int64))
    regular = Regular(infos=(), values=np.empty((0, 0)), start_s=start, step_s=3_600, zone="Europe/Paris")
    places, begins, ends = spans(regular.instants(0, 25), 24, hours=True)
    assert len(begins) == hours
    assert (np.diff(begins) == 3_600_000_000).all()
    assert (ends - begins == 3_600_000_000).all()
    shown = [datetime.fromtimestamp(each / 1e6, PARIS).hour for each in begins.tolist()]
    assert shown == places.tolist()
    assert len(shown) - len(set(shown)) == repeated
