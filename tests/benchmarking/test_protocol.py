"""The published protocols: a made-up task by hand, and the Seasonal Naive rows of the authors' own tables."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from placette.analyse.forecast.terms import DAY_S, Floats, Panel
from placette.benchmarking.baseline import baseline
from placette.benchmarking.protocol import forecasts, score
from placette.benchmarking.tables import published
from placette.benchmarking.tasks import TASKS, Task, load
from placette.model.errors import NotFound

TINY = Task(
    key="tiny", bench="fev", published="tiny", source="", step_s=DAY_S, horizon=2, windows=2, season=1, targets=True
)


def always(value: float) -> Floats:
    return np.full((2, 1, 9), value)


def test_windows_roll_to_the_end() -> None:
    assert TINY.cuts(10) == [6, 8]


def test_scores_of_a_made_up_task() -> None:
    panel = Panel(values=np.arange(8.0)[:, None], start_s=0, step_s=DAY_S, known=np.empty((8, 0)))
    # windows 4,5 and 6,7; the seasonal error is 1; forecast 4 then 6: errors 0,1 and 0,1
    row = score(TINY, panel, [always(4), always(6)])
    assert (row.sql, row.mase) == (0.5, 0.5)
    assert row.wape == pytest.approx((0.5 / 4.5 + 0.5 / 6.5) / 2)


def test_a_forecaster_never_sees_past_its_origin() -> None:
    panel = Panel(values=np.arange(8.0)[:, None], start_s=0, step_s=DAY_S, known=np.arange(8.0)[:, None])
    seen: list[tuple[int, int]] = []

    def forecaster(given: Panel, horizon: int, levels: Floats) -> Floats:
        seen.append((len(given.values), len(given.known)))
        return always(0)

    forecasts(TINY, panel, forecaster)
    assert seen == [(4, 6), (6, 8)]


@pytest.mark.parametrize("task", TASKS, ids=lambda task: task.key)
def test_the_published_seasonal_naive_is_recomputed(task: Task, shared_data: Path) -> None:
    folder = shared_data / "benchmark"
    panel = load(task, folder)
    row = score(task, panel, forecasts(task, panel, baseline(task)))
    theirs = next(row for row in published(task, folder) if row.model.lower().replace(" ", "_") == "seasonal_naive")
    assert row.mase == pytest.approx(theirs.mase, abs=2e-6)
    if theirs.wape is not None:
        assert row.wape == pytest.approx(theirs.wape, abs=2e-6)
    if theirs.sql is not None:
        assert row.sql == pytest.approx(theirs.sql, abs=2e-6)
    assert row.wql == pytest.approx(theirs.wql, abs=2e-6)


def test_absent_data_is_said_with_its_remedy(tmp_path: Path) -> None:
    with pytest.raises(NotFound, match="not here") as told:
        load(TASKS[0], tmp_path)
    assert "--data" in told.value.remedy
