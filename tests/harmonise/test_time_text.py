from datetime import datetime, timedelta

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.time_text import parse
from placette.model.errors import Unprocessable

EPOCH = datetime(1970, 1, 1)
FORMATS = ["%Y-%m-%d %H:%M:%S", "%d/%m/%Y %H:%M:%S", "%m/%d/%Y %I:%M:%S %p", "%Y%m%d%H%M%S", "%Y %j %H.%M.%S", ""]


def read(text: str, time_format: str = "") -> datetime | None:
    walls = parse(pa.array([text]), time_format)
    return EPOCH + timedelta(microseconds=int(walls.wall[0])) if walls.good[0] else None


@given(wall=st.datetimes(datetime(1900, 1, 1), datetime(2199, 12, 31)), time_format=st.sampled_from(FORMATS))
def test_what_strftime_writes_is_read_back(wall, time_format):
    wall = wall.replace(microsecond=0)
    assert read(wall.strftime(time_format) if time_format else wall.isoformat(), time_format) == wall


@given(st.text(max_size=24), st.sampled_from(FORMATS))
def test_any_text_is_a_time_or_refused(text, time_format):
    read(text, time_format)


@pytest.mark.parametrize(
    ("text", "time_format", "expected"),
    [
        ("2019-12-31", "", datetime(2019, 12, 31)),
        ("2019-12-31 05", "", datetime(2019, 12, 31, 5)),
        ("2019-12-31T05:06:07.1234567", "", datetime(2019, 12, 31, 5, 6, 7, 123456)),
        ("2019-12-31 6:00-6:59", "%Y-%m-%d %H:%M-*", datetime(2019, 12, 31, 6)),
        ("2019-12-31 24:00", "%Y-%m-%d %H:%M", datetime(2020, 1, 1)),
        ("11/12/2017 12:05:00 AM", "%m/%d/%Y %I:%M:%S %p", datetime(2017, 11, 12, 0, 5)),
        ("10/03/04 18.00.00", "%d/%m/%y %H.%M.%S", datetime(2004, 3, 10, 18)),
        ("2019-07", "%Y-%m", datetime(2019, 7, 1)),
        ("1546300800", "epoch s", datetime(2019, 1, 1)),
        ("1546300800.25", "epoch s", datetime(2019, 1, 1, 0, 0, 0, 250_000)),
        ("1546300800001", "epoch ms", datetime(2019, 1, 1, 0, 0, 0, 1000)),
        ("-1", "epoch s", datetime(1969, 12, 31, 23, 59, 59)),
        ("99999999999999999", "epoch s", None),
        ("2019-02-29", "", None),
        ("2019-13-01", "", None),
        ("2019-00-10", "", None),
        ("2020 366", "%Y %j", datetime(2020, 12, 31)),
        ("2019 366", "%Y %j", None),
        ("2019-01-01 24:01", "", None),
        ("2019-01-01 13:00 PM", "%Y-%m-%d %I:%M %p", None),
        ("", "", None),
        ("yesterday", "", None),
    ],
)
def test_times_are_read_as_written_or_not_at_all(text, time_format, expected):
    assert read(text, time_format) == expected


def test_times_that_come_again_are_read_the_same():
    walls = parse(pa.array(["2019-01-01 01:00", "x", "2019-01-01 01:00", None, "x", "2019-01-01 01:00"]))
    assert walls.good.tolist() == [True, False, True, False, False, True]
    assert len(set(walls.wall[walls.good].tolist())) == 1


def test_an_offset_in_the_text_is_kept():
    walls = parse(pa.array(["2019-01-01T00:00:00+02:00", "2019-01-01T00:00:00Z", "2019-01-01 00:00"]))
    assert walls.offset.tolist() == [7_200_000_000, 0, 0]
    assert walls.has_offset.tolist() == [True, True, False]


@pytest.mark.parametrize("wrong", ["%Y-%m-%d %Q", "%H:%M", "%Y %Y-%m-%d", "%Y-%m-%d %I:%M"])
def test_a_format_that_fixes_no_date_is_refused_with_the_known_codes(wrong):
    with pytest.raises(Unprocessable, match="the time format"):
        parse(pa.array(["2019-01-01"]), wrong)
