"""Rolling origins on cities: series read with their own clocks, and the reference lines that are known of them."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path

import numpy as np
import pytest

from placette.analyse.forecast.terms import DAY_S, HOUR_S, QUANTILES, Panel
from placette.benchmarking import places
from placette.benchmarking.cities import read
from placette.benchmarking.protocol import Row
from placette.benchmarking.tasks import Task
from placette.model.errors import NotFound

TASKS = {task.key: (task, after) for task, after in places.PLACES}
LINES = [
    ("auckland/24h", "the same hours of yesterday", 0.9115, 0.2844),
    ("auckland/168h", "the same hours of last week", 0.8632, 0.2477),
    ("auckland/168h", "median of the last four weeks", 0.7707, 0.2197),
    ("dublin/168h", "the same hours of yesterday", 1.8875, 0.0776),
    ("dublin/168h", "median of the last four weeks", 1.7654, 0.0702),
    ("aix/168h", "the same hours of yesterday", 1.4057, 0.7012),
    ("aix/168h", "median of the last four weeks", 1.1283, 0.5478),
]


@cache
def lines(key: str, data: Path) -> dict[str, Row]:
    task, after = TASKS[key]
    return places.reference_scores(task, places.load(task, after, data))


@pytest.mark.parametrize(("key", "name", "mase", "wape"), LINES)
def test_the_known_reference_lines_are_recomputed(
    key: str, name: str, mase: float, wape: float, shared_data: Path
) -> None:
    row = lines(key, shared_data)[name]
    assert (row.mase, row.wape) == pytest.approx((mase, wape), abs=1e-4)


def test_aucklands_day_begins_at_six(tmp_path: Path) -> None:
    file = tmp_path / "pedestrian" / "auckland_hourly_2019_2024.csv.gz"
    file.parent.mkdir()
    with gzip.open(file, "wt") as out:
        out.write("date,hour,year,Square\n2024-01-01,6:00-6:59,2024,5\n2024-01-01,5:00-5:59,2024,7\n")
    panel = read("auckland", tmp_path)
    assert (panel.start_s, panel.step_s) == (19_723 * DAY_S, HOUR_S)
    assert panel.values[[6, 29], 0].tolist() == [5, 7]
    assert np.isnan(panel.values).sum() == 46


def test_an_absent_city_is_said_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not here") as told:
        read("leeds", tmp_path)
    assert "--data" in told.value.remedy


def test_what_intervals_held_is_counted_by_hour() -> None:
    task = Task(key="", bench="place", published="", source="", step_s=HOUR_S, horizon=24, windows=1, season=24)
    values = np.concatenate([np.zeros(24), np.arange(24.0)])[:, None]
    panel = Panel(values=values, start_s=0, step_s=HOUR_S, known=np.empty((48, 0)))
    held = places.held(task, panel, [np.tile(np.array(QUANTILES) * 20, (24, 1, 1))])  # 80 %: 2 to 18; 90 %: 1 to 19
    assert held.came.tolist() == [1] * 24
    assert np.flatnonzero(held.held80).tolist() == list(range(2, 19))
    assert np.flatnonzero(held.held90).tolist() == list(range(1, 20))
