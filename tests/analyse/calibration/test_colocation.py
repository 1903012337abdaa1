"""Calibration beside a reference: what is fitted, how honestly it is scored, and that nothing is extrapolated."""

from __future__ import annotations

import csv
import gzip
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest

from placette.analyse.calibration import colocation
from placette.analyse.calibration.colocation import Calibration, FitSettings
from placette.analyse.calibration.scores import score

DAY = 86_400_000_000
HOUR = DAY // 24


def made(days: int = 60, drift: float = 0.0, noise: float = 1.0) -> tuple[Any, Any, Any]:
    """A sensor of gain 0.5 that feels the temperature, beside its reference."""
    chance = np.random.default_rng(3)
    times = np.arange(days * 24) * HOUR
    truth = 30 + 20 * np.sin(np.arange(len(times)) / 7) + chance.normal(0, 5, len(times))
    temperature = 15 + 8 * np.sin(np.arange(len(times)) * 2 * np.pi / 24) + chance.normal(0, 2, len(times))
    raw = 0.5 * truth + 0.3 * temperature - drift * times / DAY + chance.normal(0, noise, len(times))
    return np.stack([raw, temperature], axis=1), truth, times


def test_a_sensor_is_read_back_and_its_uncertainty_covers() -> None:
    signals, truth, times = made()
    half = len(truth) // 2
    fitted = colocation.fit(signals[:half], truth[:half], times[:half], ("raw", "temperature"))
    assert not fitted.drift
    corrected = colocation.apply(fitted, signals[half:], times[half:])
    assert score(truth[half:], corrected.values).r2 > 0.97
    inside = np.abs(corrected.values - truth[half:]) <= corrected.uncertainty
    assert inside.mean() == pytest.approx(0.95, abs=0.04)


def test_a_sensor_that_ages_has_a_drift_and_it_is_carried_on() -> None:
    signals, truth, times = made(days=90, drift=0.2)
    half = len(truth) // 2
    fitted = colocation.fit(signals[:half], truth[:half], times[:half], ("raw", "temperature"))
    assert fitted.drift
    after = colocation.apply(fitted, signals[half:], times[half:])
    without = colocation.fit(
        signals[:half], truth[:half], times[:half], ("raw", "temperature"), FitSettings(drift=False)
    )
    plain = colocation.apply(without, signals[half:], times[half:])
    assert score(truth[half:], after.values).rmse < 0.5 * score(truth[half:], plain.values).rmse


def test_what_was_never_seen_is_held_at_the_edge_and_suspect() -> None:
    signals, truth, times = made()
    fitted = colocation.fit(signals, truth, times, ("raw", "temperature"), FitSettings(drift=False))
    highest = signals[:, 0].max()
    corrected = colocation.apply(fitted, [[highest, 15], [highest * 10, 15], [np.nan, 15]], [times[-1]] * 3)
    assert corrected.values[0] == pytest.approx(corrected.values[1])
    assert corrected.flags.tolist() == [1, 3, 9]
    assert np.isnan(corrected.values[2])


def test_long_after_the_fit_values_are_suspect() -> None:
    signals, truth, times = made()
    fitted = colocation.fit(signals, truth, times, ("raw", "temperature"))
    soon, late = times[-1] + 89 * DAY, times[-1] + 91 * DAY
    assert colocation.apply(fitted, signals[:2], [soon, late]).flags.tolist() == [1, 3]


@pytest.mark.parametrize("method", ["ridge", "lightgbm"])
def test_a_calibration_survives_being_written(method: Any) -> None:
    if method == "lightgbm":
        pytest.importorskip("lightgbm")
    signals, truth, times = made()
    fitted = colocation.fit(signals, truth, times, ("raw", "temperature"), FitSettings(method=method, trees=20))
    again = msgspec.json.decode(msgspec.json.encode(fitted), type=Calibration)
    first, second = (colocation.apply(each, signals, times).values for each in (fitted, again))
    assert first == pytest.approx(second, rel=1e-9)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (lambda s, y, t: (s[:50], y[:50], t[:50]), "100 are needed"),
        (lambda s, y, t: (s[:300], y[:300], t[:300]), "14 are needed"),
        (lambda s, y, t: (np.column_stack([s[:, 0], np.ones(len(s))]), y, t), "'temperature' never changes"),
        (lambda s, y, t: (s[:, :1], y, t), "1 signals, 2 names"),
    ],
)
def test_too_little_is_refused(change: Any, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        colocation.fit(*change(*made()), ("raw", "temperature"))


ALL = ["PT08.S1(CO)", "PT08.S2(NMHC)", "PT08.S3(NOx)", "PT08.S4(NO2)", "PT08.S5(O3)", "T", "RH", "AH"]


@pytest.fixture(scope="module")
def uci(shared_data: Path) -> dict[str, Any]:
    """The columns of the UCI air quality data, NaN where missing, and their times."""
    with gzip.open(shared_data / "benchmark/uci_air_quality/AirQualityUCI.csv.gz", "rt") as text:
        head, *rows = [row for row in csv.reader(text, delimiter=";") if row and row[0]]
    columns = {
        name: np.array([float(row[place].replace(",", ".")) for row in rows])
        for place, name in enumerate(head)
        if place > 1 and name
    }
    written = [datetime.strptime(f"{row[0]} {row[1]}", "%d/%m/%Y %H.%M.%S").replace(tzinfo=UTC) for row in rows]
    found: dict[str, Any] = {name: np.where(values == -200, np.nan, values) for name, values in columns.items()}
    return found | {"time": np.array([int(each.timestamp()) * 1_000_000 for each in written])}


@pytest.mark.parametrize(
    ("target", "inputs", "r2", "rmse"),
    [
        ("CO(GT)", ALL[:1], 0.743, 0.803),
        ("CO(GT)", [ALL[0], "T", "RH"], 0.735, 0.815),
        ("C6H6(GT)", [ALL[1], "T", "RH"], 0.961, 1.620),
        ("NOx(GT)", [ALL[2], "T", "RH"], 0.052, 223.97),
        ("NO2(GT)", [ALL[3], "T", "RH"], -1.712, 83.18),
        ("NO2(GT)", ALL, 0.404, 39.00),
    ],
)
def test_a_split_in_time_shows_what_becomes_of_a_calibration(
    uci: dict[str, Any], target: str, inputs: list[str], r2: float, rmse: float
) -> None:
    """Ordinary least squares on the first half, tested on the second; the reference figures of the shared benchmarks.

    Theirs extrapolate; ours hold the signals within what was seen, which moves R² by 0.03 at the most.
    """
    signals = np.stack([uci[name] for name in inputs], axis=1)
    there = ~(np.isnan(signals).any(axis=1) | np.isnan(uci[target]))
    x, y, t = signals[there], uci[target][there], uci["time"][there]
    half = len(y) // 2
    fitted = colocation.fit(x[:half], y[:half], t[:half], tuple(inputs), FitSettings(penalty=0, drift=False))
    corrected = colocation.apply(fitted, x[half:], t[half:])
    found = score(y[half:], corrected.values)
    assert found.r2 == pytest.approx(r2, abs=0.03)
    assert found.rmse == pytest.approx(rmse, rel=0.11 if target == "C6H6(GT)" else 0.015)
    late = (t[half:] - fitted.last) / DAY > 90
    assert (corrected.flags[late] == 3).all()


def test_the_drift_of_no2_is_seen_before_it_is_published(uci: dict[str, Any]) -> None:
    """A random split of all rows promises much; what is foretold from the past alone does not, and the future less."""
    signals = np.stack([uci[name] for name in ALL], axis=1)
    there = ~(np.isnan(signals).any(axis=1) | np.isnan(uci["NO2(GT)"]))
    x, y, t = signals[there], uci["NO2(GT)"][there], uci["time"][there]
    half = len(y) // 2
    fitted = colocation.fit(x[:half], y[:half], t[:half], tuple(ALL))
    future = score(y[half:], colocation.apply(fitted, x[half:], t[half:]).values)
    assert fitted.blocked.r2 > fitted.forward.r2 > future.r2 + 0.2
