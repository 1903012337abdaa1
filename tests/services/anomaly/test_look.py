"""A look at a city: a crowd and a stuck microphone are found, kept once, changed by what comes late, withdrawn."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import msgspec
import numpy as np
import pytest

from placette.services.anomaly import Anomaly, Choice, State, chosen, state_of

if TYPE_CHECKING:
    from tests.services.anomaly.conftest import Town

HOUR_US = 3_600_000_000
COUNTERS = ("AIX-ROT-CNT-01", "AIX-ROT-CNT-02", "AIX-ROT-CNT-03", "AIX-ROT-CNT-04")
SOUND = "AIX-ROT-SON-01/laeq"


def look(town: Town) -> State:
    return asyncio.run(town.anomalies.look(town.now // HOUR_US * HOUR_US))


def found(town: Town, days: int = 1) -> list[Anomaly]:
    start = town.now - days * 24 * HOUR_US
    return chosen(town.store, Choice(start=start, end=town.now))


def sound(town: Town) -> np.ndarray:
    hours = np.arange(len(town.hours)) % 24
    return (55 + 8 * np.exp(-((hours - 14) ** 2) / 40) + np.random.default_rng(5).normal(0, 1, len(hours))).round(2)


def crowded(town: Town, by: float = 2.5) -> None:
    for number, code in enumerate(COUNTERS):
        values = town.usual(number, 200 + 80 * number)
        values[-6:-1] = np.round(values[-6:-1] * by)
        town.put(f"{code}/pedestrians", values)


@pytest.fixture
def evening(town: Town) -> Town:
    """A crowd before all counters this afternoon, a microphone that stands still since yesterday."""
    crowded(town)
    level = sound(town)
    level[-30:] = level[-31]
    town.put(SOUND, level)
    return town


def test_an_event_and_a_fault_are_told_apart_with_their_evidence(evening: Town) -> None:
    state = look(evening)
    assert (state.looked_at, state.too_short) == (5, 0)
    assert state_of(evening.store) == state
    crowd = [one for one in found(evening) if one.kind == "event"]
    assert {one.thing for one in crowd} == set(COUNTERS)
    assert {one.causes[0].key for one in crowd} == {"crowd"}
    assert all(one.direction == 1 and one.observed > one.high for one in crowd if one.observed and one.high)
    proofs = {proof.key: proof for proof in crowd[0].evidence}
    assert (proofs["followed"].count, proofs["followed"].of) == (3, 3)
    stuck = next(one for one in found(evening) if one.code == SOUND)
    assert (stuck.kind, stuck.causes[0].key, stuck.ongoing) == ("fault", "stuck", True)
    assert stuck.fault > 0.9


def test_what_is_kept_is_a_derived_datastream(evening: Town) -> None:
    look(evening)
    info = evening.store.directory.by_code[f"{SOUND}.anomaly"]
    assert (info.origin, info.about, info.unit) == ("modelled", SOUND, "d")
    assert info not in evening.store.directory.observed
    assert all(row["result"] > 0 for row in evening.rows())


def test_looking_again_changes_nothing(evening: Town) -> None:
    look(evening)
    before = evening.rows()
    look(evening)
    assert evening.rows() == before


def test_an_hour_is_looked_at_once(evening: Town) -> None:
    asyncio.run(evening.anomalies.step())
    first = state_of(evening.store)
    assert first.hour == (evening.now - 300_000_000) // HOUR_US * HOUR_US
    evening.now += 60_000_000
    asyncio.run(evening.anomalies.step())
    assert state_of(evening.store) == first


def test_late_values_change_an_anomaly_and_do_not_double_it(evening: Town) -> None:
    look(evening)
    before = {one.code: one for one in found(evening) if one.kind == "event"}
    count = len(evening.rows())
    values = evening.usual(0, 200)
    evening.put(f"{COUNTERS[0]}/pedestrians", np.round(values[-6:-1] * 4), first=len(values) - 6)
    look(evening)
    after = {one.code: one for one in found(evening) if one.kind == "event"}
    assert len(evening.rows()) == count
    assert after.keys() == before.keys()
    code = f"{COUNTERS[0]}/pedestrians"
    assert (after[code].observed or 0) > 1.4 * (before[code].observed or 0)


def test_an_anomaly_that_late_values_explain_away_is_withdrawn(evening: Town) -> None:
    look(evening)
    count = len(evening.rows())
    level = sound(evening)
    evening.put(SOUND, level[-32:], first=len(level) - 32)
    look(evening)
    assert SOUND not in {one.code for one in found(evening)}
    assert len(evening.rows()) == count
    gone = [row for row in evening.rows() if row["result"] == 0]
    assert gone
    assert msgspec.json.decode(gone[0]["extra"])["parameters"]["state"] == "withdrawn"


def test_an_anomaly_ends_when_its_hours_end(evening: Town) -> None:
    """The next morning the crowd is gone; its record stays what it was, and no second one is made."""
    values = evening.usual(0, 200)
    look(evening)
    crowd = [one for one in found(evening) if one.kind == "event"]
    evening.hours = np.append(evening.hours, evening.hours[-1] + np.arange(1, 13))
    evening.now += 12 * HOUR_US
    for number, code in enumerate(COUNTERS):
        evening.put(f"{code}/pedestrians", evening.usual(number, 200 + 80 * number)[-12:], first=len(values))
    look(evening)
    later = [one for one in found(evening) if one.kind == "event"]
    assert {(one.code, one.start, one.ongoing) for one in crowd} <= {
        (one.code, one.start, one.ongoing) for one in later
    }


def test_ten_days_of_history_say_so(town: Town) -> None:
    town.put(f"{COUNTERS[0]}/pedestrians", town.usual()[-240:], first=len(town.hours) - 240)
    state = look(town)
    assert (state.looked_at, state.too_short) == (0, 1)
    assert state.short == (f"{COUNTERS[0]}/pedestrians",)
    assert found(town, 30) == []


def test_negative_counts_are_an_impossible_value(evening: Town) -> None:
    values = evening.usual(0, 200)
    evening.put(f"{COUNTERS[0]}/pedestrians", np.array([-50.0, -40, -60, 900, 900]), first=len(values) - 6)
    look(evening)
    one = next(each for each in found(evening) if each.thing == COUNTERS[0])
    assert (one.kind, one.causes[0].key) == ("fault", "impossible")


def test_a_constant_series_is_told_once(town: Town) -> None:
    crowded(town, by=1.0)
    town.put(SOUND, np.full(len(town.hours), 50.0))
    look(town)
    look(town)
    assert len([one for one in found(town, 100) if one.code == SOUND]) <= 1


def test_place_property_and_kind_choose(evening: Town) -> None:
    look(evening)
    start = evening.now - 24 * HOUR_US

    def of(**choice: str) -> set[str]:
        asked = Choice(start=start, end=evening.now, **choice)  # type: ignore[arg-type]
        return {one.code for one in chosen(evening.store, asked)}

    assert of(kind="fault", property="laeq") == {SOUND}
    assert of(place="torse") == set()
    assert len(of(place="rotonde", property="pedestrians", kind="event")) == 4


def test_an_empty_city_has_nothing_to_say(town: Town) -> None:
    assert (look(town).looked_at, found(town)) == (0, [])
