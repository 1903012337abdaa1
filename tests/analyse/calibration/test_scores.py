"""Agreement with a reference, and the particulates' published corrections on real pairs."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

import numpy as np
import pytest

from placette.analyse.calibration.particulates import KoehlerSettings, channels_agree, dry_mass, epa, growth
from placette.analyse.calibration.scores import equivalence, score


def test_orthogonal_regression_treats_both_sides_alike() -> None:
    chance = np.random.default_rng(1)
    x = chance.uniform(0, 100, 500)
    y = 3 + 1.2 * x + chance.normal(0, 4, 500)
    there, back = equivalence(x, y), equivalence(y, x)
    assert there.slope == pytest.approx(1 / back.slope)


def test_the_uncertainty_of_the_reference_is_taken_off() -> None:
    x = np.arange(50.0)
    y = x + np.tile([1.0, -1.0], 25)
    plain, better = equivalence(x, y), equivalence(x, y, 0.5)
    assert better.relative(40) < plain.relative(40)
    assert plain.expanded(40) == pytest.approx(2 * np.sqrt(plain.residual_variance), rel=0.02)


@pytest.mark.parametrize("pairs", [([1, 2], [1, 2]), ([1, 1, 1], [1, 2, 3])])
def test_too_little_for_a_line_is_refused(pairs: tuple[list[float], list[float]]) -> None:
    with pytest.raises(ValueError):  # noqa: PT011  # either reason
        equivalence(*pairs)


def test_missing_values_stay_missing() -> None:
    assert np.isnan(epa([np.nan, 10], [50, np.nan])).all()
    assert np.isnan(dry_mass([np.nan], [50])).all()
    assert score([1, np.nan, 2], [1, 5, 2]).n == 2


def test_growth_stops_where_it_is_a_guess() -> None:
    assert growth(99) == growth(95)
    assert growth(99, KoehlerSettings(most_humid=99)) > growth(95)


def test_corrections_help_real_sensors(shared_data: Path) -> None:
    """PurpleAir beside reference stations of the southern United States, daily means of 2021 to 2023."""
    with lzma.open(shared_data / "lowcost/purpleair_vs_aqs_daily_2021_2023.csv.xz", "rt") as text:
        rows = list(csv.DictReader(text))
    columns = {
        name: np.array([float(row[name]) if row[name] not in {"", "NA"} else np.nan for row in rows])
        for name in ("conc", "pm2.5_cf_1_a", "pm2.5_cf_1_b", "humidity_a")
    }
    a, b, humidity, truth = (columns[n] for n in ("pm2.5_cf_1_a", "pm2.5_cf_1_b", "humidity_a", "conc"))
    good = channels_agree(a, b)
    raw = (a[good] + b[good]) / 2
    before = score(truth[good], raw)
    after = score(truth[good], epa(raw, humidity[good]))
    assert good.mean() > 0.9
    assert after.rmse < 0.7 * before.rmse
    assert abs(after.bias) < abs(before.bias)
