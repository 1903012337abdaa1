import math

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.numbers import parse
from placette.model.file_format import FileFormat

FRENCH = FileFormat(decimal=",", thousands=" ", missing=("-", "-200"))
FINITE = st.floats(allow_nan=False, allow_infinity=False)


@given(st.lists(st.none() | FINITE))
def test_numbers_written_by_python_come_back_exactly(values):
    read = parse(pa.array([None if value is None else repr(value) for value in values], pa.string()), FileFormat())
    assert read.value[read.present].tolist() == [value for value in values if value is not None]
    assert not read.bad.any()


@given(st.lists(st.text(max_size=12)))
def test_every_text_is_a_number_or_missing_or_bad(texts):
    read = parse(pa.array(texts, pa.string()), FileFormat())
    assert len(texts) == read.present.sum() + read.bad.sum() + sum(read.missing.values())
    assert np.isfinite(read.value[read.present]).all()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("1 234,5", 1234.5), ("1\u202f234", 1234), ("-3,0", -3), ("+2,5", 2.5), (" 7 ", 7), ("1,5e3", 1500)],
)
def test_a_french_number_is_read(text, expected):
    assert parse(pa.array([text]), FRENCH).value.tolist() == [expected]


@pytest.mark.parametrize("text", ["1.234", "1,2,3", "abc", "inf", "nan", "1e999", "0x1F", "--1", "2.5"])
def test_what_is_no_number_is_bad(text):
    read = parse(pa.array([text, "1"]), FRENCH)
    assert read.bad.tolist() == [True, False]
    assert math.isnan(read.value[0])


def test_missing_codes_are_counted_each():
    read = parse(pa.array(["-", "-200", "-200", "", None, "-2"], pa.string()), FRENCH)
    assert read.missing == {"-": 1, "-200": 2, "": 2}
    assert read.present.tolist() == [False] * 5 + [True]


def test_columns_of_numbers_need_no_reading():
    read = parse(pa.array([1, None, -200], pa.int32()), FRENCH)
    assert read.present.tolist() == [True, False, False]
    assert read.missing == {"": 1, "-200": 1}


def test_infinity_in_a_column_of_numbers_is_bad():
    read = parse(pa.array([math.inf, math.nan, 1.0]), FileFormat())
    assert read.bad.tolist() == [True, False, False]
    assert read.missing == {"": 1}


def test_a_column_of_another_type_is_bad_where_it_has_something():
    read = parse(pa.array([[1], None]), FileFormat())
    assert read.bad.tolist() == [True, False]
