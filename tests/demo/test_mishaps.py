"""Sensors of the demo stick and get dirty now and then, as those of cities do."""

import numpy as np
import pytest

from placette.demo import mishaps
from placette.demo.days import DAY_US, HOUR_US
from placette.demo.simulation import Simulation

ROUND = 20_454 * DAY_US + np.arange(mishaps.EVERY_DAYS * 24, dtype=np.int64) * HOUR_US
"""Every hour of one turn of all mishaps."""


@pytest.fixture(scope="module")
def played(aix):
    simulation = Simulation(aix)

    def values(code, property_key, times):
        site = next(site for site in simulation.sites if site.device.code == code)
        quantity = next(each for each in aix.models[site.device.model].quantities if each.property == property_key)
        return site, quantity, simulation.values(site, quantity, times)

    return values


def test_a_sensor_that_sticks_repeats_itself_with_all_that_its_part_reads(played):
    site, quantity, pm10 = played("AIX-ROT-AIR-01", "pm10", ROUND)
    stuck = mishaps.held(site, quantity, ROUND) != ROUND
    assert mishaps.STUCK_HOURS - 1 <= stuck.sum() <= mishaps.STUCK_HOURS
    assert len(np.unique(pm10[stuck])) == 1
    assert len(np.unique(played("AIX-ROT-AIR-01", "pm2_5", ROUND)[2][stuck])) == 1
    assert len(np.unique(played("AIX-ROT-AIR-01", "no2", ROUND)[2][stuck])) > 5
    assert (np.diff(pm10[~stuck]) == 0).mean() < 0.1


def test_a_counter_with_a_dirty_lens_sees_a_third_for_two_days(played):
    site, quantity, _ = played("AIX-HDV-CNT-01", "pedestrians", ROUND[:1])
    seen = mishaps.seen(site, quantity, ROUND, np.full(len(ROUND), 10.0))
    assert set(seen.tolist()) == {3.0, 10.0}
    assert (seen == 3).sum() == pytest.approx(mishaps.DIRTY_HOURS, abs=1)
    _, other, _ = played("AIX-ROT-AIR-01", "pm10", ROUND[:1])
    assert (mishaps.seen(site, other, ROUND, np.full(len(ROUND), 10.0)) == 10).all()


def test_most_weeks_have_a_stuck_sensor_and_most_sensors_none(aix):
    simulation = Simulation(aix)
    pairs = [(site, quantity) for site in simulation.sites for quantity in aix.models[site.device.model].quantities]
    stuck = np.stack([mishaps.held(site, quantity, ROUND) != ROUND for site, quantity in pairs])
    days = stuck.any(axis=0).reshape(-1, 24).any(axis=1)
    assert np.mean([days[first : first + 7].any() for first in range(len(days) - 7)]) > 0.8
    assert stuck.mean() < 0.02
