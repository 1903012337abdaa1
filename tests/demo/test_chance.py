import numpy as np

from placette.demo.chance import normal, seed_of, smooth, uniform

INDEX = np.arange(200_000)


def test_numbers_depend_on_seed_and_index_alone():
    assert np.array_equal(uniform(7, INDEX[50:60]), uniform(7, INDEX)[50:60])
    assert not np.array_equal(uniform(7, INDEX), uniform(8, INDEX))


def test_uniform_numbers_fill_the_interval_evenly():
    counts, _ = np.histogram(uniform(7, INDEX), bins=20, range=(0, 1))
    assert np.abs(counts / 10_000 - 1).max() < 0.05


def test_normal_numbers_have_mean_zero_and_deviation_one_and_follow_each_other_by_chance():
    found = normal(7, INDEX)
    assert abs(found.mean()) < 0.01
    assert abs(found.std() - 1) < 0.01
    assert abs(np.corrcoef(found[1:], found[:-1])[0, 1]) < 0.01


def test_a_smooth_curve_has_no_jumps_and_passes_its_knots():
    times = np.arange(-86_400, 86_400) * 1_000_000
    curve = smooth(7, times, 3600)
    assert np.abs(np.diff(curve)).max() < 0.004
    assert np.allclose(smooth(7, np.arange(10) * 3_600_000_000, 3600), normal(7, np.arange(10)))


def test_a_seed_is_the_same_everywhere():
    assert seed_of("AIX-ROT-AIR-01", 13001) == 6073055170982547828
