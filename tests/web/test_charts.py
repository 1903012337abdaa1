"""Drawn charts: gaps, bands, stacks, axes."""

from __future__ import annotations

from itertools import pairwise
from zoneinfo import ZoneInfo

import pytest
from babel import Locale
from hypothesis import given
from hypothesis import strategies as st

from placette.model.times import micros
from placette.web.charts import Chart, chart, scale

Columns = list[list[float | None]]
PARIS = ZoneInfo("Europe/Paris")
START = micros("2026-07-01T00:00:00+02:00") // 1_000_000


def drawn(values: Columns, step: int = 3600, *, bars: bool = False, banded: bool = False) -> Chart | None:
    times = [START + step * number for number in range(len(values[0]))]
    band = (values[0], values[0]) if banded else None
    return chart(times, values, band=band, bars=bars, zone=PARIS, locale=Locale("fr"))


def test_a_gap_breaks_the_line_and_the_band() -> None:
    found = drawn([[1.0, 2.0, None, 4.0, 5.0]], banded=True)
    assert found is not None
    assert found.lines[0].count("M") == found.band.count("M") == 2


def test_a_lone_value_is_a_dot() -> None:
    found = drawn([[None, 3.0, None]])
    assert found is not None
    assert found.lines[0].endswith("h0")


def test_nothing_is_drawn_of_nothing() -> None:
    assert drawn([[None, None]]) is None
    assert chart([], [[]], band=None, bars=False, zone=PARIS, locale=Locale("fr")) is None


def test_bars_are_stacked_the_tallest_first_and_stand_on_zero() -> None:
    found = drawn([[10.0, 20.0], [1.0, None]], bars=True)
    assert found is not None
    tallest, lowest = found.bars
    assert tallest.count("M") == 2
    assert lowest.count("M") == 2
    assert found.up[0].text == "0"


@pytest.mark.parametrize(
    ("count", "step", "first", "last"),
    [(25, 3600, "1 juil.", "20:00"), (168, 3600, "1 juil.", "7 juil."), (365, 86_400, "juil. 26", "juin 27")],
    ids=["day", "week", "year"],
)
def test_the_axis_speaks_hours_days_or_months(count: int, step: int, first: str, last: str) -> None:
    found = drawn([[float(number) for number in range(count)]], step)
    assert found is not None
    assert (found.across[0].text, found.across[-1].text) == (first, last)
    assert 4 <= len(found.across) <= 9


@given(st.integers(-(10**8), 10**8).map(lambda n: n / 100), st.integers(0, 10**8).map(lambda n: n / 100))
def test_the_scale_holds_every_value_with_a_few_round_steps(low: float, rise: float) -> None:
    bottom, top, step = scale(low, low + rise)
    assert bottom <= low
    assert top >= low + rise
    assert 1 <= round((top - bottom) / step) <= 7


@given(st.lists(st.one_of(st.none(), st.floats(-1e4, 1e4)), min_size=1, max_size=60))
def test_every_point_lies_on_the_sheet(values: list[float | None]) -> None:
    found = drawn([values])
    if found is None:
        assert all(value is None for value in values)
        return
    points = [point.split() for point in found.lines[0].replace("h0", "").replace("M", "L").split("L")[1:]]
    assert all(0 <= float(x) <= 880 and 0 <= float(y) <= 320 for x, y in points)
    assert all(float(one[0]) < float(other[0]) for one, other in pairwise(points))
