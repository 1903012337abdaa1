"""What is told of the counts, what is not, and what the rate says."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import numpy as np
import pytest

from placette.harmonise.wifi import rate
from placette.harmonise.wifi.days import DayCount
from placette.harmonise.wifi.publishing import day_rows, slot_rows
from placette.harmonise.wifi.sketches import Estimate
from placette.harmonise.wifi.slots import SlotCount
from placette.model.observations import ObservationRow, Quality
from placette.model.wifi import SLOT_US, Calibration, WifiOptions

STREAMS = {"devices": 1, "fixed": 2, "randomised": 3, "bluetooth": 4, "visitors": 5, "by_rate": 6, "people": 7}
START = 100 * SLOT_US
RATIO = Calibration(
    device="A", time_class="saturday", basis="devices", ratio=2.0, lower=1.5, upper=2.5, sessions=3, minutes=90
)


def count(fixed: float, randomised: float, **more: Any) -> SlotCount:
    def about(value: float) -> Estimate:
        return Estimate(value, value * 0.9, value * 1.1)

    return SlotCount(
        sensor="A",
        start=START,
        end=START + SLOT_US,
        fixed=about(fixed),
        randomised=about(randomised),
        bluetooth=about(0),
        frames=(20,) * 10,
        **more,
    )


def told(one: SlotCount, calibration: Calibration | None = None, **chosen: Any) -> dict[int, ObservationRow]:
    rows = slot_rows(one, STREAMS, WifiOptions(**chosen), calibration, START + SLOT_US)
    return {row.datastream_id: row for row in rows}


def test_a_count_is_told_with_its_interval_and_bounds() -> None:
    row = told(count(30, 70))[1]
    assert (row.result, row.quality, row.phenomenon_time, row.phenomenon_end) == (100, 1, START, START + SLOT_US)
    parameters = json.loads(row.extra or "")["parameters"]
    assert parameters == {"lower": pytest.approx(92.4, abs=0.1), "upper": pytest.approx(107.6, abs=0.1), "level": 0.95}


def test_few_are_not_told() -> None:
    row = told(count(4, 5))[1]
    assert (row.result, row.quality) == (None, Quality.MISSING)
    assert json.loads(row.extra or "") == {"parameters": {"fewerThan": 10}}
    assert told(count(4, 5), smallest=5)[1].result == 9


@pytest.mark.parametrize(("fixed", "randomised"), [(3, 50), (50, 3), (50, 0)])
def test_one_small_kind_hides_the_other_too(fixed: float, randomised: float) -> None:
    rows = told(count(fixed, randomised))
    assert rows[1].result == fixed + randomised
    assert [rows[stream].result for stream in (2, 3)] == [None, None]


def test_a_calibration_gives_people_with_its_interval() -> None:
    row = told(count(30, 20), RATIO)[7]
    assert row.result == 100
    assert json.loads(row.extra or "")["parameters"] == {"lower": 75.0, "upper": 125.0, "level": 0.95}
    assert 7 not in told(count(30, 20))


@pytest.mark.parametrize(
    ("one", "chosen"),
    [
        (count(5, 4), RATIO),
        (count(30, 20, visitors=Estimate(9, 9, 9)), RATIO),
        (count(30, 20), msgspec.structs.replace(RATIO, basis="frames")),
    ],
)
def test_people_do_not_give_away_the_small_count_they_are_a_multiple_of(one: SlotCount, chosen: Calibration) -> None:
    row = told(one, chosen, probes_per_minute=20)[7]
    assert (row.result, row.quality) == (None, Quality.MISSING)
    assert json.loads(row.extra or "") == {"parameters": {"fewerThan": 10, "of": "devices"}}


def test_under_case_2_people_come_from_the_visitors() -> None:
    rows = told(count(30, 20, visitors=Estimate(40, 38, 42)), RATIO)
    assert (rows[5].result, rows[7].result) == (40, 80)


def test_partial_and_imputed_counts_are_suspect() -> None:
    assert told(count(30, 20, partial=True))[1].quality == Quality.SUSPECT
    rows = told(count(0, 0, visitors=Estimate(40, 40, 40), imputed=True), RATIO)
    assert {stream: (row.result, row.quality) for stream, row in rows.items()} == {5: (40, 3), 7: (80, 3)}


def test_a_day_is_told_without_its_small_cells() -> None:
    day = DayCount(sensor="A", start=0, end=1, dwell=(120, 40, 12, 9, 0), flows={"B": Estimate(31.7), "C": Estimate(9)})
    rows = list(day_rows(day, {"dwell": 8, "flows": 9}, 10, 2))
    assert json.loads(rows[0].result_json or "") == {
        "≤5 min": 120, "5–15 min": 40, "15–30 min": 12, "30–60 min": None, ">60 min": None,
    }  # fmt: skip
    assert json.loads(rows[1].result_json or "") == {"B": 32, "C": None}


def test_the_count_by_rate_is_unbiased_although_devices_send_in_bursts_and_leave() -> None:
    """Fifty windows of 30 devices on average; each sends bursts of four frames, 0.8 frames a minute in all."""
    chance = np.random.default_rng(5)
    estimates = []
    inside = 0
    for _ in range(400):
        present = chance.uniform(0, 1, 60)  # share of the window that each of 60 devices is there: 30 on average
        frames = np.zeros(10, int)
        for share in present:
            for _ in range(chance.poisson(0.2 * 5 * share)):
                frames[int(chance.uniform(0, share) * 10)] += 4
        estimate = rate.count(frames.tolist(), 5, 0.8)
        estimates.append(estimate.value)
        inside += estimate.lower <= present.sum() <= estimate.upper
    assert np.mean(estimates) == pytest.approx(30, rel=0.03)
    assert inside / 400 > 0.85


def test_the_rate_is_told_only_with_its_parameter() -> None:
    assert told(count(30, 20), probes_per_minute=2.0)[6].result == 20
    assert 6 not in told(count(30, 20))
