from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo, available_timezones

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from placette.harmonise.local_time import check_zone, to_utc, to_wall
from placette.model.errors import Unprocessable

EPOCH = datetime(1970, 1, 1)
ZONES = sorted(zone for zone in available_timezones() if "/" in zone and not zone.startswith(("posix", "right")))


def micros(moment: datetime) -> int:
    return (moment.replace(tzinfo=None) - EPOCH) // timedelta(microseconds=1)


def utc(zone: str, wall: datetime) -> tuple[int, int]:
    first, second = to_utc(np.array([micros(wall)]), zone)
    return int(first[0]), int(second[0])


@given(zone=st.sampled_from(ZONES), wall=st.datetimes(datetime(1971, 1, 1), datetime(2036, 12, 31)))
@example("Europe/Dublin", datetime(2015, 3, 29, 1, 0))
@example("Europe/Paris", datetime(2019, 10, 27, 2, 30))
@example("Pacific/Auckland", datetime(2019, 9, 29, 2, 0))
@example("Australia/Lord_Howe", datetime(2019, 4, 7, 1, 45))
@example("America/Santiago", datetime(2019, 9, 8, 0, 0))
def test_every_wall_time_means_what_zoneinfo_says(zone, wall):
    rules = ZoneInfo(zone)
    assert utc(zone, wall) == tuple(micros(wall.replace(tzinfo=rules, fold=fold).astimezone(UTC)) for fold in (0, 1))


@given(zone=st.sampled_from(ZONES), moment=st.datetimes(datetime(1971, 1, 1), datetime(2036, 12, 31)))
def test_every_instant_shows_the_wall_clock_of_zoneinfo(zone, moment):
    expected = micros(moment.replace(tzinfo=UTC).astimezone(ZoneInfo(zone)))
    assert to_wall(np.array([micros(moment)]), zone)[0] == expected


def test_the_repeated_hour_has_two_instants_an_hour_apart():
    first, second = utc("Europe/Paris", datetime(2019, 10, 27, 2, 30))
    assert second - first == 3_600_000_000
    assert first == micros(datetime(2019, 10, 27, 0, 30))


def test_the_hour_that_does_not_exist_is_recognised():
    first, second = utc("Pacific/Auckland", datetime(2023, 9, 24, 2, 0))
    assert first > second


def test_a_fixed_offset_is_a_zone():
    assert utc("+02:00", datetime(2018, 7, 30, 6, 0)) == (micros(datetime(2018, 7, 30, 4, 0)),) * 2
    assert utc("-03:30", datetime(2018, 7, 30, 6, 0)) == (micros(datetime(2018, 7, 30, 9, 30)),) * 2


def test_an_empty_column_stays_empty():
    assert len(to_utc(np.empty(0, np.int64), "Europe/Paris").first) == 0


def test_an_unknown_zone_is_refused_with_the_closest_names():
    with pytest.raises(Unprocessable, match="unknown time zone 'Europe/Pariss'") as refused:
        check_zone("Europe/Pariss")
    assert "Europe/Paris" in refused.value.remedy
