import pytest

from placette.model.errors import BadInput


def test_objects_become_rows_and_nested_members_columns(read):
    got = read("a.ndjson", '{"t":"2019","v":{"pm10":1.5,"ok":true}}\n\n{"t":null,"v":{"pm10":2}}\n')
    assert got.rows == [
        {"t": "2019", "v.pm10": 1.5, "v.ok": 1.0},
        {"t": None, "v.pm10": 2.0, "v.ok": None},
    ]
    assert got.lines == [1, 3]


def test_members_of_mixed_types_become_texts(read):
    assert [row["v"] for row in read("a.jsonl.gz", '{"v":1}\n{"v":"x"}\n{"v":[1]}\n').rows] == ["1", "x", "[1]"]


def test_lines_that_hold_no_object_are_set_aside(read):
    deep = "[" * 20_000
    got = read("a.ndjson", f'{{"v":1}}\n[1]\n{{"v":\n{deep}\n{{"v":2}}\n')
    assert [row.line for row in got.odd] == [2, 3, 4]
    assert got.lines == [1, 5]


def test_a_file_without_any_object_is_refused(read):
    with pytest.raises(BadInput, match="no JSON object"):
        read("a.ndjson", "[\n{\n")
