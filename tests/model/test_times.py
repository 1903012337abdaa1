from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.model import times
from placette.model.errors import BadInput


@given(st.datetimes(min_value=datetime(1900, 1, 2), max_value=datetime(2199, 12, 31), timezones=st.just(UTC)))
def test_what_is_written_is_read_back(moment: datetime) -> None:
    value = times.micros_of(moment)
    assert times.micros(times.iso(value)) == value


@pytest.mark.parametrize(
    ("text", "same_as"),
    [
        ("2026-07-01T12:00:00+02:00", "2026-07-01T10:00:00Z"),
        ("2026-07-01T12:00Z", "2026-07-01T12:00:00Z"),
        ("2026-07-01", "2026-07-01T00:00:00Z"),
        ("2026-07-01 12:00:00.5-0330", "2026-07-01T15:30:00.500Z"),
        ("2026-07-01T12:00:00.123456789Z", "2026-07-01T12:00:00.123456Z"),
    ],
)
def test_the_forms_that_devices_send_are_understood(text: str, same_as: str) -> None:
    assert times.micros(text) == times.micros(same_as)


@pytest.mark.parametrize("text", ["", "yesterday", "2026-13-01", "2026-02-30T00:00Z", "2026-07-01T25:00Z", "1e9"])
def test_what_is_no_time_is_refused_with_a_remedy(text: str) -> None:
    with pytest.raises(BadInput, match="not a time") as caught:
        times.micros(text)
    assert caught.value.remedy


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1899-12-31T23:59:59Z"])
def test_a_clock_that_was_never_set_is_refused(text: str) -> None:
    with pytest.raises(BadInput, match="outside 1900"):
        times.micros(text)
