"""A look at a city: a crowd and a stuck microphone are found, kept once, changed by what comes late, withdrawn."""

from __future__ import annotations

import asyncio
from datetime import datetime
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np
import pytest

from placette.analyse.anomaly.evidence import NOTHING
from placette.analyse.anomaly.grouping import Anomaly as Noticed
from placette.model.times import iso
from placette.services.anomaly import Anomaly, Choice, State, chosen, state_of
from placette.services.anomaly.work import held

if TYPE_CHECKING:
    from tests.services.anomaly.conftest import Town

PARIS = ZoneInfo("Europe/Paris")
HOUR_US = 3_600_000_000
COUNTERS = ("AIX-ROT-CNT-01", "AIX-ROT-CNT-02", "AIX-ROT-CNT-03", "AIX-ROT-CNT-04")
SOUND = "AIX-ROT-SON-01/laeq"
MICROPHONES = [f"AIX-{place}-SON-0{number}/laeq" for place in ("ROT", "HDV") for number in (1, 2, 3)]


def look(town: Town) -> State:
    return asyncio.run(town.anomalies.look(town.now // HOUR_US * HOUR_US))


def found(town: Town, days: int = 1) -> list[Anomaly]:
    start = town.now - days * 24 * HOUR_US
    return chosen(town.store, Choice(start=start, end=town.now))


def attach(town: Town, thing: str, at: int) -> None:
    """Hang a device at a site where another one hung before (``at`` in µs UTC)."""
    rows = [(thing, "old", 0, at), (thing, "new", at, None)]

    def write(con: duckdb.DuckDBPyConnection) -> None:
        sql = "INSERT INTO attachment VALUES (?, ?, '', '', make_timestamp(?), make_timestamp(?), 'field', '')"
        con.executemany(sql, rows)

    town.store.change_now(write)


def sound(town: Town) -> np.ndarray:
    hours = np.array([each.hour for each in town.local()])
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


@pytest.mark.parametrize(("wrong", "kind"), [(1, "fault"), (6, "undecided")])
def test_what_many_sensors_of_a_kind_show_at_once_may_be_the_citys(town: Town, wrong: int, kind: str) -> None:
    for number, code in enumerate(MICROPHONES):
        level = sound(town) + np.random.default_rng(number).normal(0, 0.5, len(town.hours))
        if number < wrong:
            level[-60:] = level[-62:-2]
        town.put(code, level.round(2))
    look(town)
    alike = {one.code: [each for each in one.evidence if each.key == "alike"] for one in found(town, 4)}
    asked = [one for one in found(town, 4) if one.chart == "clock" and (wrong == 1 or alike[one.code])]
    assert len(asked) >= min(wrong, 3)
    assert {one.kind for one in asked} == {kind}


def test_six_hours_of_one_value_that_quality_control_doubts_are_a_stuck_sensor() -> None:
    one = Noticed(
        series=0, start=0, end=6, seen=3, rarity=0.01, chart="still", rarest={"still": 0.01}, direction=0, size=0.0,
        ongoing=False,
    )  # fmt: skip
    unsure = {"stuck": 0.2, "rise": 0.3, "unknown": 0.5}
    seven, day = (msgspec.structs.replace(NOTHING, longest_run=repeats) for repeats in (6, 23))
    assert held(unsure, seven, one) == held(unsure, seven, one, 0.1) == unsure
    assert held(unsure, seven, one, 0.8)["stuck"] == held(unsure, day, one)["stuck"] == 0.95
    assert sum(held(unsure, day, one).values()) == pytest.approx(1.0)


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


@pytest.mark.parametrize("night", [datetime(2026, 3, 29, tzinfo=PARIS), datetime(2026, 10, 25, tzinfo=PARIS)])
def test_nights_that_change_the_clocks_raise_no_alarm(town: Town, night: datetime) -> None:
    midnight = int(night.timestamp()) * 1_000_000
    town.until(midnight + 40 * HOUR_US)
    crowded(town, by=1.0)
    town.put(SOUND, sound(town))
    assert look(town).looked_at == 5
    touched = [one for one in found(town, 2) if one.start < iso(midnight + 7 * HOUR_US)]
    assert [one for one in touched if one.end > iso(midnight)] == []


LEVEL = 12 * 24


def shifted(town: Town) -> int:
    """Let a microphone be 9 dB louder since twelve days, and return when that began (µs UTC)."""
    crowded(town, by=1.0)
    level = sound(town)
    level[-LEVEL:] += 9
    town.put(SOUND, level)
    return int(town.hours[-LEVEL]) * HOUR_US


def test_a_sensor_that_was_hung_elsewhere_is_said_to_be_moved_once(town: Town) -> None:
    since = shifted(town)
    attach(town, "AIX-ROT-SON-01", since)
    look(town)
    mine = [one for one in found(town, 20) if one.code == SOUND]
    first = next(one for one in mine if one.start <= iso(since + 24 * HOUR_US) < one.end)
    assert (first.kind, first.causes[0].key) == ("fault", "moved")
    assert "worked_on" in {proof.key for proof in first.evidence}
    assert not any(one.ongoing for one in mine), "what a sensor measures at its new place becomes usual"


def test_a_sensor_that_stands_at_another_place_begins_anew(town: Town) -> None:
    since = shifted(town)
    thing = town.store.directory.by_code[SOUND].thing_id

    def move(con: duckdb.DuckDBPyConnection) -> None:
        old = con.execute(
            "SELECT x.location_id FROM historical_location h JOIN historical_location_location x"
            " ON x.historical_location_id = h.id WHERE h.thing_id = ?",
            [thing],
        ).fetchone()
        assert old is not None
        con.execute("INSERT INTO location SELECT * REPLACE (990001 AS id) FROM location WHERE id = ?", [old[0]])
        con.execute("INSERT INTO historical_location VALUES (990002, ?, make_timestamp(?))", [thing, since])
        con.execute("INSERT INTO historical_location_location VALUES (990002, 990001)")

    town.store.change_now(move)
    state = look(town)
    assert state.short == (SOUND,)
    assert SOUND not in {one.code for one in found(town, 20)}


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
