"""Issues as a running city makes them: what is due, what is written, and what bad series become."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import duckdb
import msgspec
import numpy as np
import pytest
from tests.services.forecast.conftest import (
    COUNTER,
    DAY,
    EVEN,
    HOUR,
    MIDNIGHT,
    OTHER,
    QUICK,
    SILENT,
    SOON,
    YOUNG,
    Lived,
    make,
    put,
    street,
)

from placette.analyse.forecast.terms import Panel
from placette.city.model import City
from placette.model.entities import Location
from placette.model.errors import NotFound
from placette.services.forecast import selection, worker
from placette.services.forecast.foreseeing import Foreseeing, state_of
from placette.services.forecast.keeping import Kept, packed
from placette.services.forecast.reading import Forecast, newest
from placette.services.forecast.terms import LEVELS
from placette.services.forecast.widening import GAIN, factors, widened
from placette.services.forecast.worker import work
from placette.store import Store, catalogue


def read(store: Store, city: City, code: str, now: int = SOON) -> Forecast | None:
    return next(iter(newest(store, city, [store.directory.by_code[code]], now)), None)


def test_midnight_writes_two_weeks_and_every_hour_two_days(store: Store, city: City, foreseeing: Foreseeing) -> None:
    assert [(each.step, each.long, each.learn) for each in foreseeing.due(SOON)] == [
        ("hour", True, True),
        ("day", True, True),
    ]
    make(foreseeing, SOON)
    whole = read(store, city, COUNTER)
    assert whole is not None
    assert (len(whole.time), len(whole.quantiles[0])) == (336, len(LEVELS))
    assert (whole.issued, whole.time[0]) == ("2026-05-31T22:00:00Z", MIDNIGHT // 1_000_000)
    assert whole.simulated
    assert all(row == sorted(row) for row in whole.quantiles)
    times, counts = street(1, seed=9, end=MIDNIGHT + HOUR)
    put(store, COUNTER, times, counts)
    told = make(foreseeing, SOON + HOUR)
    assert told is not None
    assert told.board is None
    later = read(store, city, COUNTER, SOON + HOUR)
    assert later is not None
    assert later.issued == "2026-05-31T23:00:00Z"
    assert len(later.time) == 335  # beyond the two days the issue of midnight still holds
    assert foreseeing.due(SOON + HOUR)[0].step == "day"  # this test never made it


def test_what_is_written_is_a_derived_datastream_of_its_own(lived: Lived) -> None:
    store = lived.store
    made = store.directory.by_code[f"{COUNTER}.forecast"]
    assert (made.origin, made.identity, made.about) == ("forecast", "phenomenonTime+resultTime", COUNTER)
    row = store.query_now(
        "SELECT result, extra, epoch_us(result_time) AS issued"
        " FROM observation WHERE datastream_id = ? ORDER BY phenomenon_time LIMIT 1",
        [made.id],
    ).to_pylist()[0]
    parameters = msgspec.json.decode(row["extra"])["parameters"]
    assert list(parameters["quantiles"]) == [f"{level:.2f}" for level in LEVELS]
    assert parameters["quantiles"]["0.50"] == pytest.approx(row["result"], rel=1e-4)
    assert row["issued"] == MIDNIGHT


def test_each_series_stands_on_its_rung_and_says_so(lived: Lived, city: City) -> None:
    store, told = lived.store, lived.told
    assert told.board is not None
    codes = {info.id: code for code, info in store.directory.by_code.items()}
    found = {codes[each.datastream]: (each.method, each.shown, each.reason) for each in told.board.standings}
    assert found[COUNTER] == ("global", True, "")
    assert found[YOUNG] == ("profile", True, "short_history")  # ten days of history
    assert found[SILENT] == ("none", False, "silent")
    assert found[EVEN] == ("naive", False, "worse_than_naive")  # nobody beats repeating what never changes
    even = read(store, city, EVEN)
    assert even is not None
    assert even.method == "naive"
    assert np.array(even.quantiles) == pytest.approx(7.0)
    assert read(store, city, SILENT) is None


def test_the_scoreboard_is_there_on_the_first_day(lived: Lived) -> None:
    board = lived.told.board
    assert board is not None
    assert (board.issues, board.replayed) == (14, 14)
    assert len(board.coverage_by_hour) == 24
    standing = board.standings[0]
    assert standing.last_day is not None
    assert standing.last_day.start == MIDNIGHT // 1_000_000 + 7_200 - 86_400  # the local clock of yesterday
    assert standing.loss is not None
    assert standing.naive_loss is not None
    assert standing.loss < standing.naive_loss


def test_a_peak_says_what_it_is_made_of(lived: Lived, city: City) -> None:
    whole = read(lived.store, city, COUNTER)
    assert whole is not None
    assert len(whole.peaks) == 2  # today's and tomorrow's
    for peak in whole.peaks:
        assert sum(each.effect for each in peak.contributions) == pytest.approx(peak.value - peak.base, rel=1e-3)


def test_whole_days_have_chances_from_the_forecast_of_their_hours(lived: Lived, city: City) -> None:
    whole = read(lived.store, city, COUNTER)
    assert whole is not None
    days = {each.key: each for each in whole.days}
    assert {key: each.of for key, each in days.items()} == {"busy_day": "sum", "busy_hour": "highest"}
    assert days["busy_day"].names["fr"] == "Jour animé"
    assert (days["busy_day"].date[0], len(days["busy_day"].date)) == ("2026-06-01", 14)
    weekday, sunday = days["busy_day"].probability[0], days["busy_day"].probability[6]
    assert (weekday > 0.8, sunday < 0.2) == (True, True)  # 1,440 passers-by on a weekday, 580 at the weekend
    board = lived.told.board
    assert board is not None
    mine = next(each for each in board.standings if each.datastream == whole.datastream)
    score = next(each for each in mine.thresholds if each.key == "busy_day@day")
    assert (score.count, score.events) == (14, 10)
    assert score.brier < 0.5 * score.climatology
    assert {"busy_day@day", "busy_hour@day"} <= {each.key for each in board.curves}


def test_bands_that_miss_too_much_are_wider_the_next_day(store: Store, city: City) -> None:
    info = store.directory.by_code[COUNTER]
    values = np.tile(np.sin(np.arange(24) / 24 * 2 * np.pi) - 1, 21)[:, None]
    panel = Panel(values=values, start_s=0, step_s=3_600, known=np.empty((504, 0)))
    made = np.linspace(-4, 4, len(LEVELS))[None, None, :] * np.ones((24, 1, 1))
    logarithms = []
    for shift in (0.0, 9.0):  # all values inside, all values outside
        kept = Kept(
            start_s=20 * 86_400,
            keys=(info.id,),
            steps=24,
            parts=(),
            raw=packed(made),
            final=packed(made + shift),
            widened={"pedestrians": 0.1},
        )
        logarithms.append(float(factors(panel, [kept], (info.id,), ("pedestrians",), "hour")[0]))
    assert logarithms == pytest.approx([0.1 - 0.2 * GAIN["hour"], 0.1 + 0.8 * GAIN["hour"]])
    wide = widened(panel, made, np.array([np.log(2.0)]))
    assert wide[0, 0] == pytest.approx(2 * made[0, 0])
    assert factors(panel, [], (info.id,), ("pedestrians",), "hour").tolist() == [0.0]


def test_late_data_is_used_by_the_next_issue(lived: Lived) -> None:
    store, foreseeing = lived.store, lived.foreseeing
    hour = next(each for each in foreseeing.due(SOON + HOUR) if each.step == "hour")
    before = foreseeing.ask(hour)
    put(store, YOUNG, np.array([MIDNIGHT - 11 * DAY]), np.array([55.0]))
    after = foreseeing.ask(hour)
    assert before is not None
    assert after is not None
    assert int((~np.isnan(after.values)).sum()) == int((~np.isnan(before.values)).sum()) + 1


def test_what_was_learnt_serves_until_other_series_are_asked(
    store: Store, foreseeing: Foreseeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    make(foreseeing, SOON)
    same = make(foreseeing, SOON + HOUR)
    assert same is not None
    assert same.trained == MIDNIGHT
    gone = store.directory.by_code[EVEN].id
    store.change_now(lambda con: catalogue.delete_datastream(con, gone))
    due = foreseeing.due(SOON + 2 * HOUR)[0]
    assert (due.step, due.learn) == ("hour", False)
    with monkeypatch.context() as patched:
        patched.setattr(worker, "_replayed", lambda *_: pytest.fail("former issues still judge"))
        fewer = make(foreseeing, SOON + 2 * HOUR)
    assert fewer is not None
    assert fewer.trained == MIDNIGHT + 2 * HOUR
    assert fewer.rows.num_rows == 3 * 48
    again = make(foreseeing, SOON + 3 * HOUR)
    assert again is not None
    assert again.trained == MIDNIGHT + 2 * HOUR


def test_counts_below_zero_are_no_counts(store: Store, city: City) -> None:
    times, counts = street(72)
    counts[10] = -5
    put(store, COUNTER, times, counts)
    put(store, "AIX-ROT-AIR-01/temperature", times, counts)
    infos = [store.directory.by_code[code] for code in (COUNTER, "AIX-ROT-AIR-01/temperature")]
    series = selection.read(store, city, infos, MIDNIGHT, "hour", 0.1)
    rows = np.flatnonzero(~np.isnan(series.values[:, 1]))
    assert np.isnan(series.values[rows[10], 0])
    assert series.values[rows[10], 1] == -5  # a temperature may be


def test_what_a_sensor_said_before_it_was_moved_is_left_out(store: Store, city: City) -> None:
    times, counts = street(72)
    put(store, COUNTER, times, counts)
    info = store.directory.by_code[COUNTER]

    def move(con: duckdb.DuckDBPyConnection) -> None:
        place = {"type": "Point", "coordinates": [5.5, 43.5]}
        there = catalogue.insert_location(con, Location(name="elsewhere", description="", location=place))
        con.execute("UPDATE historical_location SET time = make_timestamp(0) WHERE thing_id = ?", [info.thing_id])
        key = catalogue.move_thing(con, info.thing_id, [there])
        con.execute("UPDATE historical_location SET time = make_timestamp(?) WHERE id = ?", [int(times[40]), key])

    assert selection.moved(store) == {}
    store.change_now(move)
    assert selection.moved(store) == {info.thing_id: times[40]}
    series = selection.read(store, city, [info], MIDNIGHT, "hour", 0.1)
    assert int((~np.isnan(series.values)).sum()) == 32


def test_gaps_and_a_covariate_missing_tomorrow_leave_a_forecast(store: Store, foreseeing: Foreseeing) -> None:
    ask = foreseeing.ask(foreseeing.due(SOON)[0])
    assert ask is not None
    values, known = ask.values.copy(), ask.known.copy()
    values[300:360] = np.nan
    values[-20:, 0] = np.nan
    known[len(values) :] = np.nan
    told = work(msgspec.structs.replace(ask, values=values, known=known), QUICK)
    medians = told.rows.column("result").to_numpy()
    assert told.rows.num_rows == 4 * 336
    assert np.isfinite(medians).all()


def test_without_lightgbm_the_profile_speaks(foreseeing: Foreseeing, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(*_: object) -> None:
        raise NotFound("no LightGBM")

    monkeypatch.setattr(worker.system, "train", missing)
    told = make(foreseeing, SOON)
    assert told is not None
    assert told.board is not None
    assert told.board.without_lightgbm
    said = {(each.method, each.reason) for each in told.board.standings}
    assert ("profile", "without_lightgbm") in said
    assert not any(method == "global" for method, _ in said)
    assert told.rows.num_rows == 4 * 336


def test_a_full_disk_costs_what_was_learnt_and_no_forecast(
    foreseeing: Foreseeing, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(worker, "save_model", full)
    told = make(foreseeing, SOON)
    assert told is not None
    assert "No space left" in told.problem
    assert told.rows.num_rows == 4 * 336


def test_a_clock_that_was_ahead_leaves_nothing_behind(store: Store, city: City, foreseeing: Foreseeing) -> None:
    make(foreseeing, SOON)
    jumped = SOON + 2 * DAY
    put(store, COUNTER, *street(48, seed=4, end=MIDNIGHT + 2 * DAY))
    make(foreseeing, jumped)
    assert read(store, city, COUNTER, SOON + HOUR) is None  # an issue of the future is not given out
    assert foreseeing.due(SOON + HOUR)[0].learn  # and a new one is due
    make(foreseeing, SOON + HOUR)
    assert foreseeing.forget(SOON + HOUR, 30, 400) > 0
    again = read(store, city, COUNTER, SOON + HOUR)
    assert again is not None
    assert again.issued == "2026-05-31T23:00:00Z"


def test_old_issues_go_and_those_of_midnight_stay_longer(store: Store, city: City, foreseeing: Foreseeing) -> None:
    make(foreseeing, SOON)
    make(foreseeing, SOON + HOUR)
    assert foreseeing.forget(SOON + 31 * DAY, 30, 400) == 4 * 48
    assert foreseeing.forget(SOON + 31 * DAY, 30, 400) == 0
    assert foreseeing.forget(SOON + 401 * DAY, 30, 400) == 4 * 336


def test_days_are_forecast_for_two_weeks(store: Store, city: City, foreseeing: Foreseeing) -> None:
    make(foreseeing, SOON, "day")
    whole = newest(store, city, [store.directory.by_code[COUNTER]], SOON, "day")[0]
    assert (whole.step_s, len(whole.time)) == (86_400, 14)
    assert state_of(store, "day").issued == MIDNIGHT


@pytest.mark.parametrize(("day", "hours"), [("2026-03-29", 23), ("2026-10-25", 25), ("2026-10-26", 24)])
def test_the_days_on_which_clocks_change_have_a_forecast_for_each_of_their_hours(
    store: Store, city: City, tmp_path: Path, day: str, hours: int
) -> None:
    paris = ZoneInfo("Europe/Paris")
    midnight = int(datetime.fromisoformat(day).replace(tzinfo=paris).timestamp()) * 1_000_000
    put(store, COUNTER, *street(21 * 24, end=midnight))
    foreseeing = Foreseeing(store, city, tmp_path / "forecast")
    due = foreseeing.at_once(midnight + 120_000_000)
    ask = foreseeing.ask(due) if due else None
    assert ask is not None
    foreseeing.write(ask, work(ask, QUICK))
    whole = read(store, city, COUNTER, midnight + 120_000_000)
    assert whole is not None
    local = [datetime.fromtimestamp(time, paris) for time in whole.time]
    mine = [place for place, each in enumerate(local) if each.date().isoformat() == day]
    assert len(mine) == len({whole.time[place] for place in mine}) == hours
    doubled = [whole.quantiles[place] for place in mine if local[place].hour == 2]
    assert len(doubled) == hours - 23
    assert all(each == doubled[0] for each in doubled)  # both hours of one name are foretold alike


def test_too_short_a_past_says_nothing(store: Store, city: City, tmp_path: Path) -> None:
    put(store, COUNTER, *street(30))
    put(store, OTHER, *street(30))
    assert make(Foreseeing(store, city, tmp_path / "forecast"), SOON) is None
