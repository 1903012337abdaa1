"""What is put into a street's counts is found, told for what it is, and nothing much is found where nothing was put."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from tests.analyse.anomaly.conftest import DAYS, JUDGED, SERIES, changed, made

from placette.analyse.anomaly import causes, evidence
from placette.analyse.anomaly.detect import Looked, look
from placette.analyse.anomaly.grouping import Anomaly
from placette.analyse.anomaly.terms import Floats, Settings, Watched

START = JUDGED + 20 * 24 + 13


def spike(values: Floats) -> int:
    values[START, 0] *= 4
    return 1


def crowd(values: Floats) -> int:
    values[START : START + 6] = np.round(values[START : START + 6] * 2.2)
    return 6


def dead(values: Floats) -> int:
    values[START : START + 12, 0] = 0
    return 12


def stuck(values: Floats) -> int:
    values[START : START + 12, 0] = values[START, 0]
    return 12


def offset(values: Floats) -> int:
    values[START : START + 96, 0] = np.round(values[START : START + 96, 0] * 1.5)
    return 96


def clock(values: Floats) -> int:
    values[START : START + 96, 0] = values[START - 2 : START + 94, 0].copy()
    return 96


def noise(values: Floats) -> int:
    wild = np.random.default_rng(1).lognormal(0, 0.5, 72)
    values[START : START + 72, 0] = np.round(values[START : START + 72, 0] * wild)
    return 72


def anomalies_of(watched: Watched, put: Callable[[Floats], int]) -> tuple[Watched, Looked, list[Anomaly], int]:
    values = watched.values.copy()
    hours = put(values)
    other = changed(watched, values)
    looked = look(other, first=JUDGED)
    end = START + hours + 6
    return other, looked, [one for one in looked.anomalies if START <= one.seen < end], hours


@pytest.mark.parametrize(
    ("put", "fault"),
    [(spike, True), (crowd, False), (dead, True), (stuck, True), (offset, True), (clock, True), (noise, True)],
)
def test_what_was_put_in_is_found_and_told_for_what_it_is(
    street: Watched, put: Callable[[Floats], int], fault: bool
) -> None:
    watched, looked, found, _ = anomalies_of(street, put)
    mine = [one for one in found if one.series == 0]
    assert mine
    seen = evidence.evidence(watched, looked.scores, mine[0])
    chances = causes.shapes(evidence.features(watched, mine[0], seen))
    assert (causes.is_fault(chances, seen) >= 0.5) == fault


def test_a_crowd_is_found_at_every_counter_with_its_hours(street: Watched) -> None:
    _, _, found, hours = anomalies_of(street, crowd)
    assert {one.series for one in found} == set(range(SERIES))
    for one in found:
        assert abs(one.start - START) <= 1
        assert abs(one.end + 1 - START - hours) <= 1
        assert one.direction == 1
        assert one.seen <= START + 1
    assert not any(one.ongoing for one in found)


def test_a_stuck_counter_is_noticed_within_hours_and_goes_back_to_where_it_began(street: Watched) -> None:
    _, _, found, _ = anomalies_of(street, stuck)
    assert found[0].chart == "still"
    assert START - 1 <= found[0].start <= START
    assert found[0].seen - START <= 4


def test_false_alarms_stay_below_what_is_allowed(street: Watched) -> None:
    first = 60 * 24
    months = (DAYS - 60) / 30.4 * SERIES
    assert sum(one.seen >= first for one in look(street, first=first).anomalies) / months <= 1


def test_fewer_false_alarms_may_be_asked_for(street: Watched, clean: Looked) -> None:
    strict = look(street, Settings(days_per_false_alarm=365), first=JUDGED)
    assert len(strict.anomalies) < max(len(clean.anomalies), 1)


def test_ten_days_say_nothing() -> None:
    looked = look(made(10))
    assert not looked.looked_at.any()
    assert looked.anomalies == []


def test_six_weeks_are_enough() -> None:
    assert look(made(46)).looked_at.all()


def test_a_series_without_values_and_a_constant_one_harm_nobody(street: Watched, clean: Looked) -> None:
    values = street.values.copy()
    values[:, 1] = np.nan
    values[:, 2] = 7.0
    looked = look(changed(street, values), first=JUDGED)
    assert looked.looked_at.tolist()[::3] == [True, True]
    assert not looked.looked_at[1]
    assert {one.chart for one in looked.anomalies if one.series == 2} <= {"still", "week"}


def test_gaps_are_neither_judged_nor_learnt_from(street: Watched) -> None:
    values = street.values.copy()
    values[START - 30 : START, 0] = np.nan
    looked = look(changed(street, values), first=JUDGED)
    assert (looked.rare[START - 30 : START, 0] > 1 / 30).all()
    assert not [one for one in looked.anomalies if one.series == 0 and START - 30 <= one.seen < START]


def test_negative_counts_are_a_fault_whatever_else_is_known(street: Watched) -> None:
    values = street.values.copy()
    values[START : START + 3, 0] = -200
    values[START + 3, 0] = 4 * values[START + 3, 0]
    watched = changed(street, values)
    looked = look(watched, first=JUDGED)
    one = next(each for each in looked.anomalies if each.series == 0 and each.seen >= START)
    seen = evidence.evidence(watched, looked.scores, one)
    assert np.isfinite(looked.scores.expected.middle[START + 24 :, 0]).all()
    assert causes.is_fault(causes.shapes(evidence.features(watched, one, seen)), seen) > 0.5


def test_the_same_hours_say_the_same_when_later_ones_are_known(street: Watched, clean: Looked) -> None:
    """Every hour is judged by the hours before it; only the offset of the logarithm knows the whole series."""
    shorter = changed(street, street.values[: (DAYS - 7) * 24])
    looked = look(shorter, first=JUDGED)
    both = slice(JUDGED, (DAYS - 7) * 24 - 3)
    assert ((looked.rare[both] <= 1 / 30) == (clean.rare[both] <= 1 / 30)).mean() > 0.995
