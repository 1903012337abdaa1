"""Figures in both languages: numbers, units, sizes, ages, times."""

from __future__ import annotations

from zoneinfo import ZoneInfo

import pytest

from placette.model.times import micros
from placette.web.figures import Figures
from placette.web.words import Words

PARIS = ZoneInfo("Europe/Paris")
FR, EN = Figures(Words("fr"), PARIS), Figures(Words("en"), PARIS)
NOON = micros("2026-07-01T10:00:00Z")
THIN, HARD = "\u202f", "\u00a0"


@pytest.mark.parametrize(
    ("value", "decimals", "french", "english"),
    [(1234567.0, 0, f"1{THIN}234{THIN}567", "1,234,567"), (-0.04, 1, "0,0", "0.0"), (3.14159, 2, "3,14", "3.14")],
)
def test_numbers(value: float, decimals: int, french: str, english: str) -> None:
    assert (FR.number(value, decimals), EN.number(value, decimals)) == (french, english)


def test_a_unit_is_held_to_its_number_and_agrees_with_it() -> None:
    assert FR.quantity(17.55, "ug/m3", 1) == f"17,6{HARD}µg/m³"
    assert [EN.quantity(value, "{session}") for value in (1, 2)] == [f"1{HARD}session", f"2{HARD}sessions"]
    assert [FR.quantity(value, "{session}") for value in (0, 2)] == [f"0{HARD}session", f"2{HARD}sessions"]
    assert FR.quantity(12, "{person}/h") == f"12{HARD}pers./h"


def test_shares_and_positions_follow_the_language() -> None:
    assert (FR.percent(12.34, 1), EN.percent(12.34, 1)) == (f"12,3{HARD}%", "12.3%")
    assert FR.position(43.5263, 5.44523) == f"43,52630{HARD}; 5,44523"
    assert EN.position(43.5263, 5.44523) == "43.52630, 5.44523"


@pytest.mark.parametrize(("count", "french"), [(0, "0"), (999, "999"), (1_500, "1,5"), (238_000_000_000, "238")])
def test_sizes_stay_above_one(count: int, french: str) -> None:
    assert FR.size(count).split(THIN)[0].split(HARD)[0] == french


def test_ages_look_back_and_ahead() -> None:
    assert FR.age(NOON - 4_000_000, NOON) == f"il y a 4{HARD}s"
    assert FR.age(NOON, NOON) == f"il y a 1{HARD}s"
    assert "dans" in FR.age(NOON + 7_200_000_000, NOON)


def test_times_are_those_of_the_city() -> None:
    assert FR.clock(NOON) == "12:00"
    assert FR.iso(NOON) == "2026-07-01T12:00:00+02:00"
    assert FR.date(micros("2026-06-30T22:30:00Z")) == "1 juillet 2026"
    assert [FR.hour(9), EN.hour(9)] == [f"9{HARD}h", "9 am"]


@pytest.mark.parametrize(
    ("seconds", "french"),
    [(0.0002, f"<{HARD}1{HARD}ms"), (0.012, f"12{HARD}ms"), (3.21, f"3,2{HARD}s"), (300, f"5{HARD}min")],
)
def test_durations_have_the_precision_that_matters(seconds: float, french: str) -> None:
    assert FR.seconds(seconds) == french


@pytest.mark.parametrize(("metres", "french"), [(441, f"440{HARD}m"), (1839, f"1,8{HARD}km"), (2000, f"2{HARD}km")])
def test_distances_are_rounded(metres: float, french: str) -> None:
    assert FR.distance(metres) == french


def test_what_is_written_in_bold_is_escaped() -> None:
    assert FR.strong("<x>") == "<b>&lt;x&gt;</b>"
