"""Every device sends in its own rhythm, counts on theirs, and nothing is counted twice or left out."""

from collections import Counter

import numpy as np
import pytest

from placette.demo.days import HOUR_US
from placette.demo.pulse import Agenda, pulses
from placette.demo.simulation import Simulation

START = 1_780_000_000_000_000
MINUTE_US = 60_000_000


@pytest.fixture(scope="module")
def simulation(aix):
    return Simulation(aix)


def played(simulation, minutes: int, step_us: int = 1_000_000):
    agenda = Agenda(simulation, START, pace_s=60)
    return [frame for now in range(START, START + minutes * MINUTE_US, step_us) for frame in agenda.frames(now)]


def test_some_value_comes_every_second_or_so(simulation):
    times = sorted(frame.time for frame in played(simulation, 3))
    gaps = np.diff(times) / 1e6
    assert np.median(gaps) < 1.5
    assert gaps.max() < 8


def test_every_quantity_of_every_device_comes(simulation, aix):
    frames = played(simulation, 16)
    seen = {(frame.device, key) for frame in frames for key in frame.values}
    expected = {
        (device.code, quantity.key) for device in aix.devices for quantity in aix.models[device.model].quantities
    }
    assert seen == expected


def test_counts_come_exactly_on_their_interval_and_others_in_their_own_time(simulation):
    frames = played(simulation, 30)
    counts = [frame for frame in frames if "pedestrians" in frame.values]
    assert {frame.time % (5 * MINUTE_US) for frame in counts} == {0}
    assert set(Counter(frame.device for frame in counts).values()) == {6}
    hives = [frame.time for frame in frames if frame.device == "AIX-ROT-AIR-01"]
    assert 29 <= len(hives) <= 31
    assert np.std(np.diff(hives)) > 1_000_000


def test_live_values_are_those_of_the_history(simulation, aix):
    frame = next(frame for frame in played(simulation, 6) if "pedestrians" in frame.values)
    site = next(site for site in simulation.sites if site.device.code == frame.device)
    quantity = aix.models["counter"].quantities[0]
    times = Simulation(aix).grid(site, quantity, START, START + HOUR_US)
    assert frame.time in times
    assert Simulation(aix).values(site, quantity, times)[list(times).index(frame.time)] == frame.values["pedestrians"]


def test_after_a_long_sleep_counts_are_made_up_for_and_other_values_sent_once(simulation):
    agenda = Agenda(simulation, START, pace_s=60)
    frames = list(agenda.frames(START + 2 * HOUR_US))
    by_device = Counter(frame.device for frame in frames)
    assert by_device["AIX-ROT-AIR-01"] == 1
    assert by_device["AIX-ROT-CNT-01"] == 24
    assert agenda.next_due > START + 2 * HOUR_US


def test_a_pulse_never_comes_twice_for_one_turn(simulation):
    for pulse in pulses(simulation, 60)[::9]:
        times = [START]
        for _ in range(20):
            times.append(pulse.after(times[-1]))
        assert (np.diff(times[1:]) > 0.8 * pulse.interval_us).all()
