"""Rhythms as pages draw and say them: pictures from answers, whole pages, and cells read one by one."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable
from datetime import date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import numpy as np
import pytest

from placette.analyse.cycles.series import LocalSeries
from placette.services.rhythm import Moved, Period, SeriesRhythm, Shifted
from placette.services.rhythm.compute import rhythm_of
from placette.web.figures import Figures
from placette.web.rhythm_words import Voice
from placette.web.rhythms import STEPS, TYPES, Pen
from placette.web.words import Words

CODE = "AIX-ROT-CNT-01/pedestrians"
MONDAY_2024 = int((np.datetime64("2024-01-01") - np.datetime64("1970-01-01")).astype(int)) * 24
NBSP = "\u00a0"


def rhythm(days: int, combine: str = "sum", unit: str = "{person}", **changes: Any) -> SeriesRhythm:
    hours = np.arange(days * 24)
    values = 10 + 8 * np.cos((hours - 17) / 24 * 2 * np.pi) + (hours // 24 % 7 == 5) * 5.0
    kinds: dict[str, frozenset[date]] = dict.fromkeys(
        ("public_holiday", "school_holiday", "market", "event", "closing"), frozenset()
    )
    kinds["public_holiday"] = frozenset({date(2024, 1, 1)})
    told = rhythm_of(LocalSeries(MONDAY_2024, 1, values), combine, kinds, None, 0)
    about = {"datastream": 1, "code": "A/b", "name": "n", "unit": unit, "symbol": unit, "origin": "measured"}
    fields = {name: getattr(told, name) for name in told.__struct_fields__}
    return SeriesRhythm(**(fields | about | {"combine": combine, "step_s": 3_600} | changes))


def pen(language: str = "fr", combine: str = "sum", unit: str = "{person}") -> Pen:
    words = Words(language)
    return Pen(words, Figures(words, ZoneInfo("Europe/Paris")), unit, combine, 0)


def voice(language: str = "fr") -> Voice:
    words = Words(language)
    return Voice(
        words, Figures(words, ZoneInfo("Europe/Paris")), pen(language), "Passages" if language == "fr" else "Walkers"
    )


def test_every_cell_of_the_week_says_what_it_is() -> None:
    week = pen().week(rhythm(28))
    assert week is not None
    assert [row.name for row in week.rows][::6] == ["lundi", "dimanche"]
    assert week.rows[5].cells[17].text == f"samedi 17{NBSP}h{NBSP}: 23{NBSP}pers. par heure"
    assert (week.rows[5].cells[17].step, week.rows[0].cells[5].step) == (7, 0)
    assert week.sentence == f"L’heure la plus fréquentée{NBSP}: samedi 17{NBSP}h, 23{NBSP}pers. par heure."
    assert (week.low, week.high, week.weeks) == ("0", "23", 4)


def test_an_hour_without_values_has_no_colour_and_says_so() -> None:
    found = rhythm(28)
    gap = tuple((None, *row[1:]) for row in found.week)
    week = pen("en").week(rhythm(28, week=gap))
    assert week is not None
    assert (week.rows[0].cells[0].step, week.rows[0].cells[0].text) == (-1, "Monday 12 am: no value")


def test_the_year_has_its_last_twelve_months_and_marks_its_days() -> None:
    year = pen().year(rhythm(500))
    assert year is not None
    assert (len(year.months), year.months[-1].name) == (12, "Mai 2025")
    assert sum(cell is not None for month in year.months for week in month.weeks for cell in week) == 348
    assert year.marks == ()
    first = pen().year(rhythm(40))
    assert first is not None
    assert first.marks == ("public_holiday",)
    new_year = first.months[0].weeks[0][0]
    assert new_year is not None
    assert new_year.text.startswith("lundi 1 janvier")
    assert new_year.text.endswith(", jour férié")


def test_typical_days_stand_on_one_scale_in_a_fixed_order() -> None:
    days = pen().days(rhythm(60).profiles)
    assert days is not None
    assert [each.day_type for each in days.charts] == ["weekday", "saturday", "sunday"]
    assert days.few == (("public_holiday", 1),)
    assert days.charts[0].reference == ""
    assert days.charts[1].reference == days.charts[0].line
    assert all(each.line.count("L") == 23 and each.band.endswith("Z") for each in days.charts)


def test_every_type_of_day_has_its_words() -> None:
    for language in ("fr", "en"):
        assert all(Words(language).has(f"rhythm.type.{kind}") for kind in TYPES)


def test_strengths_are_said_in_plain_words() -> None:
    day, week, year = voice().strengths(rhythm(60))
    assert day.strength is not None
    assert day.sentence.startswith(f"Le rythme de la journée explique {day.strength}{NBSP}% de ce qui varie dans «")
    assert day.sentence.endswith(f"Le plus haut vers 17{NBSP}h.")
    assert "samedi" in week.sentence
    assert (year.strength, year.sentence) == (
        None,
        f"Trop peu d’histoire pour parler de l’année{NBSP}: 730 jours sont nécessaires, il y en a 60.",
    )


def test_a_strength_near_chance_and_a_constant_series_are_no_rhythm() -> None:
    weak = rhythm(60, strength={"day": 0.05, "week": 0.05, "year": None})
    assert "no more than chance" in voice("en").strengths(weak)[0].sentence
    constant = rhythm(60, constant=True)
    assert voice("en").strengths(constant)[0].sentence == "The value never changed: there is no rhythm."


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            Moved(days="saturday", hour=18.2, by=0.95, since="2026-03-02", p=0.001, weeks=(9, 30)),
            f"The peak of Saturday around 6 pm has come 1{NBSP}h later since 2 March 2026.",
        ),
        (
            Moved(days="weekdays", hour=8, by=-0.75, since="2026-03-02", p=0.001, weeks=(9, 30)),
            f"The peak of Monday to Friday around 8 am has come 45{NBSP}min earlier since 2 March 2026.",
        ),
        (
            Shifted(
                against="year_before",
                since="2026-09-28",
                weeks=(8, 8),
                before=20,
                after=26,
                level=0.3,
                level_p=0.01,
                shape_p=0.01,
                hour=5 * 24 + 18,
                by=0.4,
            ),
            f"Since 28 September 2026, 30% more than the same weeks a year earlier: 26{NBSP}people per hour on ",
        ),
    ],
)
def test_what_has_changed_is_said_in_plain_words(change: Moved | Shifted, said: str) -> None:
    told = voice("en").changes(rhythm(100, change=(change,)))
    assert told[0].startswith(said)
    if isinstance(change, Shifted):
        assert told[1] == "The shape of the week has changed: the share of Saturday 6 pm has risen most."


def test_of_sound_levels_no_per_cent_are_told() -> None:
    louder = Shifted(
        against="weeks_before",
        since="2026-09-28",
        weeks=(8, 8),
        before=60.0,
        after=62.4,
        level=0.04,
        level_p=0.01,
        shape_p=0.9,
        hour=0,
        by=0.1,
    )
    told = voice("en").changes(rhythm(100, "energetic", "dB[SPL]", change=(louder,)))
    assert "2.4" in told[0]
    assert "%" not in told[0]
    assert told[-1].startswith("There is no year before to compare with")


def test_periods_are_listed_by_name_or_length() -> None:
    periods = (Period(hours=24, share=0.69, key="day"), Period(hours=254.09, share=0.035))
    assert voice("en").periods(rhythm(60, strongest_periods=periods)) == (
        "Strongest periods: the day (69%), 10.6 days (4%)."
    )


@pytest.mark.parametrize(
    "address", [f"/fr/rhythms/{CODE}", f"/en/rhythms/{CODE}?range=5y", f"/fr/rhythms/{CODE}?range=x"]
)
def test_the_page_is_whole_without_javascript(world: Any, address: str) -> None:
    page = httpx.get(world.url + address)
    assert page.status_code == 200
    assert page.text.count("data-cell") > 7 * 24 + 25
    assert 'id="week"' in page.text


def luminance(colour: str) -> float:
    """Return the relative luminance of ``#rrggbb`` (WCAG 2)."""
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize(("night", "order"), [(0, -1), (1, 1)])
def test_the_colours_are_told_apart_by_their_lightness_alone(night: int, order: int) -> None:
    text = (Path(__file__).parents[2] / "components" / "styles" / "tokens.css").read_text(encoding="utf-8")
    colours = [found[night] for found in re.findall(r"--heat-\d: light-dark\((#\w{6}), (#\w{6})\)", text)]
    assert len(colours) == STEPS
    light = [luminance(colour) for colour in colours][::order]
    steps = [(above + 0.05) / (below + 0.05) for below, above in itertools.pairwise(light)]
    assert min(steps) > 1.12, steps


def test_a_datastream_that_is_not_there_is_a_page_of_its_own(world: Any) -> None:
    assert httpx.get(f"{world.url}/fr/rhythms/AIX-ROT-CNT-01/nothing").status_code == 404


@pytest.mark.parametrize("address", ["/fr/things/AIX-ROT-CNT-01", "/en/places/rotonde"])
def test_device_and_place_show_their_typical_week_and_lead_to_all_of_it(world: Any, address: str) -> None:
    page = httpx.get(world.url + address).text
    assert 'id="typical-week"' in page
    assert "/rhythms/AIX-ROT-CNT-01/pedestrians" in page


def test_arrow_keys_walk_through_the_cells_and_the_line_below_says_them(visit: Callable[..., Any]) -> None:
    page = visit(f"/fr/rhythms/{CODE}")
    page.wait_for_selector("#week[role=grid]")
    cells = page.locator("#week [data-cell]")
    cells.nth(0).focus()
    for key in ("ArrowRight", "ArrowDown"):
        page.keyboard.press(key)
    readout = page.locator("placette-rhythm:has(#week) .heat-readout")
    assert readout.text_content() == cells.nth(25).text_content()
    assert readout.text_content().startswith(f"mardi 1{NBSP}h")
    page.keyboard.press("End")
    assert readout.text_content().startswith(f"dimanche 23{NBSP}h")
    assert page.complaints == []


@pytest.mark.parametrize(("language", "scheme", "wide"), [("fr", "light", False), ("en", "dark", True)])
def test_axe_finds_nothing_and_nothing_runs_over(
    visit: Callable[..., Any], axe: Callable[..., list[str]], language: str, scheme: str, wide: bool
) -> None:
    page = visit(f"/{language}/rhythms/{CODE}", wide=wide, color_scheme=scheme)
    page.wait_for_selector("#week[role=grid]")
    assert axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
