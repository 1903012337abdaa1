"""Forecasts as jobs: a lost worker is tried again, later each time, and nothing is half written."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from tests.services.forecast.conftest import AIX, COUNTER, HOUR, QUICK, SOON, put, street

from placette import city as cities
from placette import forecasting
from placette.forecasting import Forecasting
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.services.forecast.foreseeing import MINUTE_US as MINUTE
from placette.services.forecast.foreseeing import state_of
from placette.services.forecast.reading import newest
from placette.services.forecast.worker import Told, work
from placette.services.process import WorkerLost
from placette.settings import ForecastSettings
from placette.store import Store


async def test_a_lost_worker_is_tried_again_later_each_time(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    city = cities.read(AIX)
    store = Store.open(tmp_path / "placette.duckdb")
    sync(store, city, Origin.MEASURED)
    put(store, COUNTER, *street(5 * 168))
    lost = 2

    async def in_process(_: Callable[[Any], Told], ask: Any, started: Callable[[int], None]) -> Told:
        nonlocal lost
        started(1)
        if lost:
            lost -= 1
            raise WorkerLost("the process that works beside the city ended early")
        return work(ask, QUICK)

    clock = 1_000.0
    monkeypatch.setattr(forecasting, "in_process", in_process)
    monkeypatch.setattr(forecasting, "time", SimpleNamespace(monotonic=lambda: clock))
    made = Forecasting(store, city, tmp_path, ForecastSettings(), lambda: SOON)
    for wait in (60, 120):
        with pytest.raises(WorkerLost):
            await made.step()
        assert state_of(store, "hour").issued == 0
        clock += wait - 1
        await made.step()  # not yet
        assert state_of(store, "hour").issued == 0
        clock += 1
    await made.step()
    assert state_of(store, "hour").issued > 0
    assert state_of(store, "day").issued > 0
    store.close()


async def test_a_new_city_has_a_forecast_before_anything_is_learnt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    city = cities.read(AIX)
    store = Store.open(tmp_path / "placette.duckdb")
    sync(store, city, Origin.SIMULATED)

    async def in_process(_: Callable[[Any], Told], ask: Any, started: Callable[[int], None]) -> Told:
        return work(ask, QUICK)

    monkeypatch.setattr(forecasting, "in_process", in_process)
    made = Forecasting(store, city, tmp_path, ForecastSettings(), lambda: SOON)
    for _ in range(3):
        await made.hasten()
    assert state_of(store, "hour").issued == 0  # nothing is known yet
    for week in range(5):  # the past comes in: nobody looks at half of it
        put(store, COUNTER, *street(168, end=SOON // HOUR * HOUR - (4 - week) * 168 * HOUR))
        monkeypatch.setattr(made, "_rows", -10_000_000)
        await made.hasten()
    assert state_of(store, "hour").issued == 0
    for _ in range(2):
        await made.hasten()
    state = state_of(store, "hour")
    assert (state.issued, state.long, state.board) == (SOON // MINUTE * MINUTE, 0, None)
    (first,) = newest(store, city, [store.directory.by_code[COUNTER]], SOON)
    assert (first.method, first.reason, len(first.time)) == ("profile", "learning", 48)
    await made.step()
    (learnt,) = newest(store, city, [store.directory.by_code[COUNTER]], SOON)
    assert (learnt.reason != "learning", len(learnt.time)) == (True, 336)
    await made.hasten()
    assert state_of(store, "hour").long > 0
    store.close()


async def test_forecasts_can_be_switched_off(tmp_path: Path) -> None:
    store = Store.open(tmp_path / "placette.duckdb")
    assert Forecasting(store, cities.read(AIX), tmp_path, ForecastSettings(enabled=False)).jobs() == []
    store.close()
