import numpy as np
import pyarrow as pa
import pytest

from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Time
from placette.harmonise.moments import Clock, Moments
from placette.model.errors import BadInput


def read(texts: list[str], time: Time, group: list[int] | None = None) -> Moments:
    return Clock(time).read(pa.table({"t": texts}), np.array(group or [0] * len(texts)))


def shown(micros: np.ndarray) -> list[str]:
    return [str(each) for each in micros.view("datetime64[us]").astype("datetime64[m]")]


def test_a_daily_value_covers_the_local_day_of_23_24_or_25_hours():
    moments = read(["2017-03-25", "2017-03-26", "2017-10-29"], Time(column="t", zone="Europe/Paris", period="1 day"))
    assert shown(moments.start) == ["2017-03-24T23:00", "2017-03-25T23:00", "2017-10-28T22:00"]
    assert shown(moments.end) == ["2017-03-25T23:00", "2017-03-26T22:00", "2017-10-29T23:00"]


def test_a_day_without_midnight_begins_when_the_clocks_change():
    moments = read(["2019-09-08"], Time(column="t", zone="America/Santiago", period="1 day"))
    assert shown(moments.start) == ["2019-09-08T04:00"]
    assert moments.fault.tolist() == [Fault.NONE]


def test_a_monthly_value_covers_the_month_even_when_stamped_at_its_end():
    moments = read(["2020-03-01", "2020-03-31"], Time(column="t", zone="UTC", period="1 month", stamp="end"))
    assert shown(moments.start) == ["2020-02-01T00:00", "2020-02-29T00:00"]
    assert shown(moments.end) == ["2020-03-01T00:00", "2020-03-31T00:00"]


def test_an_hour_stamped_at_its_end_begins_an_hour_earlier():
    moments = read(["2019-03-31 03:00"], Time(column="t", zone="Europe/Paris", period="1 hour", stamp="end"))
    assert (shown(moments.start), shown(moments.end)) == (["2019-03-31T00:00"], ["2019-03-31T01:00"])


def test_rows_after_midnight_of_a_counting_day_belong_to_the_next_calendar_day():
    time = Time(column="t", format="%Y-%m-%d %H:%M-*", zone="Pacific/Auckland", counting_day_start="06:00")
    moments = read(["2019-12-31 0:00-0:59", "2019-12-31 6:00-6:59", "2019-12-31 5:00-5:59"], time)
    assert shown(moments.start) == ["2019-12-31T11:00", "2019-12-30T17:00", "2019-12-31T16:00"]


def test_an_hour_that_does_not_exist_is_set_aside_unless_the_mapping_says_what_it_means():
    texts = ["2015-03-29 01:00", "2015-03-29 02:00"]
    refused = read(texts, Time(column="t", zone="Europe/Dublin"))
    assert refused.fault.tolist() == [Fault.NONEXISTENT, Fault.NONE]
    shifted = read(texts, Time(column="t", zone="Europe/Dublin", nonexistent="shift"))
    assert shown(shifted.start) == ["2015-03-29T01:00", "2015-03-29T01:00"]
    assert shifted.skipped.tolist() == [True, False]


@pytest.mark.parametrize(
    ("ambiguous", "expected"),
    [
        ("first", ["2019-10-27T00:00", "2019-10-27T00:30", "2019-10-27T00:00", "2019-10-27T00:30"]),
        ("second", ["2019-10-27T01:00", "2019-10-27T01:30", "2019-10-27T01:00", "2019-10-27T01:30"]),
        ("in order", ["2019-10-27T00:00", "2019-10-27T00:30", "2019-10-27T01:00", "2019-10-27T01:30"]),
    ],
)
def test_an_hour_that_comes_twice_is_read_as_declared(ambiguous, expected):
    texts = ["2019-10-27 02:00", "2019-10-27 02:30", "2019-10-27 02:00", "2019-10-27 02:30"]
    moments = read(texts, Time(column="t", zone="Europe/Paris", ambiguous=ambiguous))
    assert shown(moments.start) == expected
    assert moments.twice.all()


@pytest.mark.parametrize("things", [1, 2])
def test_a_file_that_begins_with_the_newest_tells_the_second_hour_first(things):
    texts = [f"2019-10-27 {hour}" for hour in ("04:00", "03:00", "02:00", "02:00", "01:00") for _ in range(things)]
    clock = Clock(Time(column="t", zone="Europe/Paris", ambiguous="in order"))
    moments = clock.read(pa.table({"t": texts}), np.arange(len(texts)) % things)
    hours = [text[11:13] for text in shown(moments.start)]
    assert hours == [hour for hour in ("03", "02", "01", "00", "23") for _ in range(things)]


def test_repeated_hours_are_told_apart_for_each_thing_and_across_blocks():
    clock = Clock(Time(column="t", zone="Europe/Paris", ambiguous="in order"))
    block = pa.table({"t": ["2019-10-27 02:00"] * 2})
    first, second = (clock.read(block, np.array([0, 1])).start for _ in range(2))
    assert shown(first) == ["2019-10-27T00:00"] * 2
    assert shown(second) == ["2019-10-27T01:00"] * 2


def test_an_undeclared_repeated_hour_is_set_aside():
    assert read(["2019-10-27 02:00"], Time(column="t", zone="Europe/Paris")).fault.tolist() == [Fault.AMBIGUOUS]


def test_an_offset_in_the_text_needs_no_zone_and_wins_over_it():
    for zone in ("", "Pacific/Auckland"):
        assert shown(read(["2019-01-01T06:00+02:00"], Time(column="t", zone=zone)).start) == ["2019-01-01T04:00"]


def test_times_without_any_zone_are_refused():
    with pytest.raises(BadInput, match="do not say their zone"):
        read(["2019-01-01T06:00"], Time(column="t"))


@pytest.mark.parametrize(("text", "fault"), [("soon", Fault.TIME), ("", Fault.TIME), ("1899-12-31", Fault.OUTSIDE)])
def test_what_is_no_usable_time_is_marked(text, fault):
    assert read([text, "2019-01-01"], Time(column="t", zone="UTC")).fault.tolist() == [fault, Fault.NONE]


def test_columns_of_timestamps_are_taken_as_they_are():
    naive = pa.array([1_546_300_800_000], pa.timestamp("ms"))
    table = pa.table({"t": naive})
    assert shown(Clock(Time(column="t", zone="Europe/Paris")).read(table, np.zeros(1, int)).start) == [
        "2018-12-31T23:00"
    ]
    aware = pa.table({"t": naive.cast(pa.timestamp("ms", "UTC"))})
    assert shown(Clock(Time(column="t")).read(aware, np.zeros(1, int)).start) == ["2019-01-01T00:00"]


def test_date_and_hour_may_stand_in_two_columns():
    time = Time(column=("day", "hour"), format="%d/%m/%Y %H", zone="UTC")
    moments = Clock(time).read(pa.table({"day": ["31/12/2019"], "hour": [7]}), np.zeros(1, int))
    assert shown(moments.start) == ["2019-12-31T07:00"]
