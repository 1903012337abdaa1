"""From evidence to causes: days and weather take their part of an event, work at the device its part of a fault."""

from __future__ import annotations

import msgspec
import numpy as np
import pytest

from placette.analyse.anomaly import causes
from placette.analyse.anomaly.causes import Context
from placette.analyse.anomaly.evidence import FEATURES, NOTHING


@pytest.mark.parametrize(
    ("shape", "context", "first"),
    [
        ("rise", Context(family="count"), "crowd"),
        ("rise", Context(family="count", event="carnival"), "event"),
        ("fall", Context(family="count", rain=4), "weather"),
        ("fall", Context(family="count", holiday="christmas"), "holiday"),
        ("rise", Context(family="air"), "plume"),
        ("rise", Context(family="heat"), "heat"),
        ("offset", Context(worked_on=True), "moved"),
        ("stuck", Context(battery_low=True), "battery"),
        ("drop", Context(family="count"), "dead"),
        ("unknown", Context(family="count"), "unknown"),
    ],
)
def test_what_coincides_is_named_first(shape: str, context: Context, first: str) -> None:
    assert causes.causes({shape: 1.0}, NOTHING, context)[0].key == first


def test_air_that_rose_everywhere_is_an_episode() -> None:
    seen = msgspec.structs.replace(NOTHING, neighbours=4, moved=3)
    assert causes.causes({"rise": 1.0}, seen, Context(family="air"))[0].key == "episode"


def test_a_level_that_fell_to_zeros_is_a_dead_channel() -> None:
    seen = msgspec.structs.replace(NOTHING, zeros=1.0)
    assert causes.causes({"offset": 0.9, "drop": 0.1}, seen, Context())[0] == causes.Cause("dead", 1.0, fault=True)


def test_a_value_that_cannot_be_is_a_fault() -> None:
    seen = msgspec.structs.replace(NOTHING, impossible=2)
    assert causes.is_fault({"rise": 0.9, "unknown": 0.1}, seen) == 1
    assert [each.key for each in causes.causes({"rise": 1.0}, seen, Context())] == ["impossible"]


def test_confidences_are_shares() -> None:
    shares = causes.shapes(np.zeros(len(FEATURES)))
    assert sum(shares.values()) == pytest.approx(1)
    found = causes.causes(shares, NOTHING, Context(family="count", market="m"))
    assert 0 < sum(each.confidence for each in found) <= 1.001
    assert [each.confidence for each in found] == sorted((each.confidence for each in found), reverse=True)


def test_the_model_that_ships_fits_the_program() -> None:
    assert causes.model().features == FEATURES
    assert causes.model().shapes == causes.SHAPES


def test_fitting_tells_apart_what_can_be_told_apart() -> None:
    chance = np.random.default_rng(2)
    labels = [causes.SHAPES[number % len(causes.SHAPES)] for number in range(400)]
    rows = chance.normal(size=(400, len(FEATURES)))
    rows[np.arange(400), [causes.SHAPES.index(label) for label in labels]] += 4
    fitted = causes.fit(rows, labels, "made up")
    shares = [causes.shapes(row, fitted) for row in rows]
    best = [max(causes.SHAPES, key=share.__getitem__) for share in shares]
    right = [one == label for one, label in zip(best, labels, strict=True)]
    assert np.mean(right) > 0.9
