import pytest

from placette.harmonise.mapping import Mapping, Position, Things, Time, Values
from placette.harmonise.plan import GEOMETRY, Plan, lay
from placette.model.errors import BadInput, PlacetteError, Unprocessable

THINGS = Things(each="column", code="N-{column}", kind="noise")


def plan(*values: Values, columns: tuple[str, ...], things: Things = THINGS) -> Plan:
    using = Mapping(title="t", source="s", licence="l", things=things, time=Time(column="t", zone="UTC"), values=values)
    return lay(using, columns)


def laeq(columns: str, **more: object) -> Values:
    return Values(columns=columns, observed_property="laeq", unit="dB[SPL]", **more)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (laeq("*"), ["a1", "a2", "b"]),
        (laeq("a*"), ["a1", "a2"]),
        (laeq("*", ignore=("a1", "b*")), ["a2"]),
        (laeq(("b", "a1")), ["b", "a1"]),
    ],
)
def test_columns_are_meant_by_name_or_pattern(values, expected):
    assert [each.column for each in plan(values, columns=("t", "a1", "a2", "b")).values] == expected


def test_a_missing_column_is_told_with_those_that_are_there():
    with pytest.raises(BadInput, match="no column 'pm10'") as refused:
        plan(laeq("pm10"), columns=("t", "PM10", "no2"))
    assert "did you mean 'PM10'? its columns are: t, PM10, no2" in refused.value.remedy


@pytest.mark.parametrize("things", [Things(each="row", code="N-{id}", kind="noise"), THINGS])
def test_columns_that_name_or_date_the_rows_must_be_there(things):
    with pytest.raises(BadInput, match="no column"):
        plan(laeq("a"), columns=("a",), things=things)


def test_two_columns_cannot_be_one_datastream():
    whole = Things(each="file", code="N", kind="noise")
    with pytest.raises(Unprocessable, match="would be the same datastream 'N/laeq'"):
        plan(laeq("*"), columns=("t", "a", "b"), things=whole)
    assert len(plan(laeq("a"), laeq("b", variant="night"), columns=("t", "a", "b"), things=whole).values) == 2


def test_one_datastream_cannot_have_two_units():
    whole = Things(each="row", code="N-{id}", kind="noise")
    other = Values(columns="v", observed_property="laeq", unit="dB", where={"what": "b"})
    with pytest.raises(Unprocessable, match=r"in dB\[SPL\] and in dB"):
        plan(laeq("v", where={"what": "a"}), other, columns=("t", "id", "what", "v"), things=whole)


def test_a_column_without_letters_makes_no_code():
    with pytest.raises(PlacetteError, match="no code can be made"):
        plan(laeq("?"), columns=("t", "?"))


def test_only_the_columns_of_use_are_read():
    things = Things(each="row", code="{id}", kind="noise", position=Position(longitude="x", latitude="y"))
    found = plan(laeq("v"), columns=("z", "y", "x", "v", "id", "t", GEOMETRY), things=things)
    assert found.used == ("y", "x", "v", "id", "t")
