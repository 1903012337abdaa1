"""The batch and the stream say the same, whatever comes."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.analyse.quality.series import examine
from placette.analyse.quality.streaming import Stream
from placette.analyse.quality.terms import Terms, terms
from placette.model.quality import Checks

MINUTE = 60_000_000
STRICT = Terms(
    fail=(-20, 20),
    suspect=(-8, 8),
    spike=(2, 6),
    rate=4 / 60,
    flat=(3, 6),
    tolerance=0.5,
    spared=0,
    linked_us=3 * MINUTE,
)


def stream(times: list[int], values: list[float], asked: Terms) -> list[int]:
    """Send the values one after the other and mend what the later ones say of the earlier ones."""
    state = Stream(asked)
    flags: list[int] = []
    last = 0
    for number, (time, value) in enumerate(zip(times, values, strict=True)):
        flag, revised = state.step(time, value)
        if revised:
            flags[last] = revised
        flags.append(flag)
        if flag in (1, 3) and time == state.time:
            last = number
    return flags


@given(
    st.lists(
        st.tuples(
            st.integers(1, 5),
            st.one_of(st.sampled_from([0.0, 1.0, 1.25, 7.0, -9.0, 30.0, math.nan]), st.floats(-25, 25, width=16)),
        ),
        max_size=60,
    )
)
def test_stream_and_batch_say_the_same_of_every_value(steps: list[tuple[int, float]]) -> None:
    times = (np.cumsum([0, *(step for step, _ in steps)])[1:] * MINUTE).astype(np.int64)
    values = np.array([value for _, value in steps], np.float64)
    assert stream(times.tolist(), values.tolist(), STRICT) == examine(times, values, STRICT).tolist()


@pytest.mark.parametrize(
    ("values", "flags"),
    [
        ([1, 1, 1, 1, 2], [1, 1, 1, 3, 1]),
        ([1, 1, 1, 1, 1, 1, 1], [1, 1, 1, 3, 3, 3, 4]),
        ([0, 0, 0, 0, 0, 0, 0], [1, 1, 1, 1, 1, 1, 1]),
        ([1, 2, 9, 2, 1], [1, 1, 4, 3, 1]),
        ([1, 2, 30, 2, 1], [1, 1, 4, 1, 1]),
        ([1, 7, 7.9, 8.1, 7], [1, 3, 1, 3, 1]),
    ],
    ids=["still", "stuck", "nobody at night", "spike", "impossible", "range and rate"],
)
def test_each_test_finds_its_fault(values: list[float], flags: list[int]) -> None:
    times = np.arange(len(values)) * MINUTE
    assert examine(times, np.array(values, np.float64), STRICT).tolist() == flags
    assert stream(times.tolist(), [float(value) for value in values], STRICT) == flags


def test_what_comes_late_is_left_to_the_batch_and_what_comes_twice_is_told_again() -> None:
    state = Stream(STRICT)
    assert state.step(10 * MINUTE, 9.0) == (3, 0)
    assert state.step(9 * MINUTE, 1.0) == (2, 0)
    assert state.step(9 * MINUTE, 99.0) == (4, 0)
    assert state.step(10 * MINUTE, 9.0) == (3, 0)
    assert state.step(10 * MINUTE, 2.0) == (2, 0)
    assert state.step(11 * MINUTE, math.nan) == (9, 0)


def test_nothing_is_compared_across_a_gap() -> None:
    times = np.array([0, 1, 2, 20, 21, 22]) * MINUTE
    values = np.array([1.0, 1, 1, 7, 7, 7])
    assert examine(times, values, STRICT).tolist() == [1] * 6


@pytest.mark.parametrize(
    ("unit", "device", "expected"),
    [
        ("Cel", {}, Terms(fail=(-40, 60), suspect=(-15, 45), rate=20 / 3600)),
        ("Cel", {"every_s": 600}, Terms(fail=(-40, 60), suspect=(-15, 45), rate=20 / 3600, linked_us=1800e6)),
        ("K", {"minimum": 200.0}, Terms(fail=(200.0, math.inf))),
        ("K", {}, None),
    ],
)
def test_numbers_hold_in_their_own_unit_alone(unit: str, device: dict[str, float], expected: Terms | None) -> None:
    found = terms(Checks(unit="Cel", suspect=(-15, 45), fail=(-40, 60), rate=20), unit, **device)
    if expected is not None and found is not None:
        assert (found.fail, found.suspect, found.rate, found.linked_us) == (
            *(expected.fail, expected.suspect, expected.rate, expected.linked_us),
        )
    assert (found is None) == (expected is None)
