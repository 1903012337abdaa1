"""The ratio of people to devices: its value, its interval, and when it is refused."""

from __future__ import annotations

import numpy as np
import pytest

from placette.analyse.wifi_calibration import Session, calibrate, missing
from placette.model.errors import Unprocessable

CLASSES = ("weekday-morning", "weekday-evening", "saturday")


def session(people: float, counted: float, *, name: str = "saturday", minutes: float = 30) -> Session:
    return Session(site="ROT", time_class=name, people=people, counted=counted, minutes=minutes)


def test_the_ratio_is_that_of_the_sums() -> None:
    [found] = calibrate([session(30, 10), session(10, 10), session(20, 20)], ["saturday"])
    assert found.ratio == 60 / 40
    assert found.lower < found.ratio < found.upper
    assert found.mape_percent == pytest.approx(100 * np.mean([abs(1.0 * 10 / 30 - 1), abs(50 / 30 - 1), abs(2 - 1)]))


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    """Twelve sessions with a true ratio of 1.7 and an error that belongs to the session: 95 % asked for, 93 % usual."""
    chance = np.random.default_rng(1)
    inside = 0
    for seed in range(200):
        counted = chance.uniform(50, 150, 12)
        people = 1.7 * counted * chance.lognormal(-0.02, 0.2, 12)
        [found] = calibrate(
            [session(*pair) for pair in zip(people.tolist(), counted.tolist(), strict=True)], ["saturday"], seed=seed
        )
        inside += found.lower <= 1.7 <= found.upper
    assert inside / 200 > 0.86


def test_too_few_sessions_are_refused_with_what_is_missing() -> None:
    sessions = [session(30, 10, name=name) for name in CLASSES[:2] for _ in range(3)]
    sessions += [session(30, 10), session(30, 10), session(30, 10, minutes=25)]
    assert missing(sessions, CLASSES) == ["saturday has 2 of 3 sessions of 30 min"]
    with pytest.raises(Unprocessable, match="saturday has 2 of 3"):
        calibrate(sessions, CLASSES)


def test_a_silent_sensor_is_refused() -> None:
    with pytest.raises(Unprocessable, match="counted nothing"):
        calibrate([session(30, 0)] * 3, ["saturday"])


def test_the_same_sessions_give_the_same_interval() -> None:
    sessions = [session(30, 10), session(10, 10), session(20, 20)]
    assert calibrate(sessions, ["saturday"]) == calibrate(sessions, ["saturday"])
