"""Sunrise and sunset against values of the Solar Position Algorithm (Reda & Andreas) and of the poles."""

from datetime import UTC, date, datetime

import numpy as np
import pytest

from placette.demo import sun

AIX = (5.4474, 43.5297)
TOLERANCE_S = 60


def day(text: str) -> np.ndarray:
    return np.array([(date.fromisoformat(text) - date(1970, 1, 1)).days])


@pytest.mark.parametrize(
    ("when", "rise", "fall"),
    [
        ("2026-06-21", "2026-06-21T05:57:08+02:00", "2026-06-21T21:22:53+02:00"),
        ("2026-12-21", "2026-12-21T08:07:58+01:00", "2026-12-21T17:04:33+01:00"),
    ],
)
def test_the_solstices_at_aix(when, rise, fall):
    found = sun.rise_and_set(day(when), *AIX)
    expected = [datetime.fromisoformat(text).astimezone(UTC).timestamp() for text in (rise, fall)]
    assert [time[0] / 1e6 for time in found] == pytest.approx(expected, abs=TOLERANCE_S)


def test_the_hours_of_night_of_2026_at_aix():
    days = np.arange(day("2026-01-01")[0], day("2027-01-01")[0])
    rise, fall = sun.rise_and_set(days, *AIX)
    assert (365 * 24 - (fall - rise).sum() / 3.6e9) == pytest.approx(4299.6, abs=1)


def test_the_elevation_of_the_algorithm_s_published_example():
    moment = np.array([round(datetime.fromisoformat("2003-10-17T12:30:30-07:00").timestamp() * 1e6)])
    assert sun.elevation(moment, -105.1786, 39.742476)[0] == pytest.approx(90 - 50.11162, abs=0.03)


def test_the_sun_stands_at_the_horizon_when_it_rises():
    rise, fall = sun.rise_and_set(np.arange(20_000, 20_400), *AIX)
    assert np.abs(sun.elevation(rise, *AIX) - sun.HORIZON).max() < 0.01
    assert np.abs(sun.elevation(fall, *AIX) - sun.HORIZON).max() < 0.01


def test_polar_summer_has_no_night_and_polar_winter_no_day():
    rise, fall = sun.rise_and_set(day("2026-06-21"), 20.0, 78.0)
    assert (fall - rise)[0] == pytest.approx(sun.DAY_US, abs=TOLERANCE_S * 1e6)
    rise, fall = sun.rise_and_set(day("2026-12-21"), 20.0, 78.0)
    assert (fall - rise)[0] == pytest.approx(0, abs=TOLERANCE_S * 1e6)
