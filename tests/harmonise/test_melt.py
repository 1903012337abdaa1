from collections import Counter

import numpy as np
import pyarrow as pa
import pytest

from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Mapping, Things, Time, Values
from placette.harmonise.melt import Melted, Melter
from placette.harmonise.plan import lay
from placette.harmonise.subjects import Subjects
from placette.model.file_format import FileFormat

WIDE = Values(columns="*", observed_property="laeq", unit="dB[SPL]")
COLUMNS = Things(each="column", code="N-{column}", kind="noise")
TIME = Time(column="t", zone="UTC")


def mapping(*values: Values, things: Things = COLUMNS, time: Time = TIME, **written: object) -> Mapping:
    return Mapping(
        title="t",
        source="s",
        licence="l",
        things=things,
        time=time,
        values=values or (WIDE,),
        file=FileFormat(**written),
    )


class Melting:
    """Melts tables given as columns of texts and shows what came out."""

    def __init__(self, using: Mapping, columns: tuple[str, ...], horizon: int | None = None) -> None:
        plan = lay(using, columns)
        assert using.time is not None
        self.subjects = Subjects(plan)
        self.melter = Melter(plan, using.time, self.subjects, horizon)

    def melt(self, **columns: list[object]) -> Melted:
        return self.melter.melt(pa.table(columns))

    def shown(self, melted: Melted) -> list[tuple[str, str, float]]:
        codes = [f"{self.subjects.things[s.thing].code}/{s.values.series_key}" for s in self.melter.series]
        times = melted.start.view("datetime64[us]").astype("datetime64[h]").astype(str)
        return [(codes[s], t, v) for s, t, v in zip(melted.series, times, melted.result.tolist(), strict=True)]


def faults(melted: Melted) -> dict[Fault, int]:
    return {Fault(fault): count for fault, count in Counter(melted.aside.fault.tolist()).items()}


def test_a_wide_table_becomes_one_series_per_column_in_the_order_of_time():
    melting = Melting(mapping(), ("t", "a", "b"))
    melted = melting.melt(t=["2019-01-01 01:00", "2019-01-01 00:00"], a=["1", "2"], b=["3", ""])
    assert melting.shown(melted) == [
        ("N-a/laeq", "2019-01-01T00", 2.0),
        ("N-a/laeq", "2019-01-01T01", 1.0),
        ("N-b/laeq", "2019-01-01T01", 3.0),
    ]
    assert melted.counts.missing == {"": 1}


def test_a_long_table_names_thing_and_property_in_its_rows():
    things = Things(each="row", code="S-{site}", name="Site {site}", kind="air")
    values = [
        Values(columns="v", observed_property=key, unit=unit, where={"what": what})
        for what, key, unit in (("NO2", "no2", "ug/m3"), ("T", "temperature", "Cel"))
    ]
    melting = Melting(mapping(*values, things=things), ("t", "site", "what", "v"))
    melted = melting.melt(
        t=["2019-01-01"] * 4, site=["x", "x", "y", "x"], what=["NO2", "T", "NO2", "O3"], v=["1", "2", "3", "4"]
    )
    assert melting.shown(melted) == [
        ("S-x/no2", "2019-01-01T00", 1.0),
        ("S-y/no2", "2019-01-01T00", 3.0),
        ("S-x/temperature", "2019-01-01T00", 2.0),
    ]
    assert melted.counts.idle_rows == 1


def test_every_value_is_stored_or_set_aside_with_its_reason():
    melting = Melting(mapping(time=Time(column="t", zone="Europe/Paris")), ("t", "a", "b"))
    times = ["2019-03-31 02:00", "2019-10-27 02:00", "soon", "1899-01-01", "2019-01-01", "2019-01-01", ""]
    melted = melting.melt(t=times, a=["1", "2", "3", "4", "5", "6", ""], b=["", "x", "7", "", "8", "", ""])
    assert faults(melted) == {
        Fault.NONEXISTENT: 1,
        Fault.AMBIGUOUS: 1,
        Fault.NUMBER: 1,
        Fault.TIME: 2,
        Fault.OUTSIDE: 1,
        Fault.REPEATED: 1,
    }
    assert melted.result.tolist() == [5.0, 8.0]
    assert (melted.counts.twice_rows, melted.counts.skipped_rows, melted.counts.idle_rows) == (1, 1, 1)


def test_the_first_of_two_rows_for_one_time_stays_across_blocks():
    melting = Melting(mapping(), ("t", "a"))
    assert melting.melt(t=["2019-01-01", "2019-01-03"], a=["1", "3"]).result.tolist() == [1.0, 3.0]
    again = melting.melt(t=["2019-01-02", "2019-01-01"], a=["2", "9"])
    assert again.result.tolist() == [2.0]
    assert (again.aside.row.tolist(), faults(again)) == ([1], {Fault.REPEATED: 1})


def test_two_rows_that_complete_each_other_are_no_repetition():
    melted = Melting(mapping(), ("t", "a", "b")).melt(t=["2019-01-01"] * 2, a=["1", ""], b=["", "2"])
    assert melted.result.tolist() == [1.0, 2.0]


def test_values_after_the_horizon_are_set_aside():
    horizon = int(np.datetime64("2019-01-01T00:30", "us").view(np.int64))
    melted = Melting(mapping(), ("t", "a"), horizon).melt(t=["2019-01-01 00:00", "2019-01-01 01:00"], a=["1", "2"])
    assert (melted.result.tolist(), faults(melted)) == ([1.0], {Fault.FUTURE: 1})


def test_units_are_converted_as_declared():
    celsius = Values(columns="f", observed_property="temperature", unit="Cel", multiply=5 / 9, add=-32 * 5 / 9)
    things = Things(each="file", code="X", kind="air")
    melted = Melting(mapping(celsius, things=things), ("t", "f")).melt(t=["2019-01-01"], f=["50"])
    assert melted.result.tolist() == [pytest.approx(10.0)]


def test_rows_that_name_no_thing_or_two_alike_are_set_aside():
    things = Things(each="row", code="S-{site}", kind="air")
    melting = Melting(
        mapping(Values(columns="v", observed_property="no2", unit="ug/m3"), things=things), ("t", "site", "v")
    )
    melted = melting.melt(t=["2019-01-01"] * 4, site=["rue A", "", "rue-A", "?"], v=["1", "2", "3", "4"])
    assert faults(melted) == {Fault.NO_THING: 2, Fault.SAME_CODE: 1}
    assert [thing.code for thing in melting.subjects.things] == ["S-rue-A"]


def test_missing_codes_and_decimal_commas_follow_the_file():
    using = mapping(decimal=",", missing=("-200",))
    melted = Melting(using, ("t", "a")).melt(t=["2019-01-01", "2019-01-02"], a=["2,6", "-200"])
    assert (melted.result.tolist(), melted.counts.missing) == ([2.6], {"-200": 1})
