"""Kriging against published values: 155 samples of zinc on the flood plain of the Meuse, PyKrige, GSTools, gstat."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from placette.analyse.kriging.cross import leave_one_out, model_of, one_by_one, score
from placette.analyse.kriging.predict import Method, Sites, predict
from placette.analyse.kriging.variogram import Empirical, LagSettings, Model, Variogram, empirical, fit

FIVE = Sites(np.array([[0.3, 1.2], [1.9, 0.6], [1.1, 3.2], [3.3, 4.4], [4.7, 3.8]]))
VALUES = [0.47, 0.56, 0.74, 1.47, 1.74]
LINEAR = Variogram(model="linear", sill=1, range_m=1)


@pytest.fixture(scope="module")
def meuse(shared_data: Path) -> tuple[Sites, np.ndarray]:
    with (shared_data / "reference" / "meuse.txt").open(encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    columns = {name: np.array([float(row[name]) for row in rows]) for name in ("x", "y", "dist", "zinc")}
    at = np.column_stack([columns["x"], columns["y"]])
    return Sites(at, np.sqrt(columns["dist"])[:, None]), np.log(columns["zinc"])


def test_an_exponential_variogram_gives_what_gstools_gives() -> None:
    model = Variogram(model="exponential", sill=2, range_m=8)
    found = predict(FIVE, VALUES, model, Sites(np.array([[1.0, 1.0]])))
    assert (round(found.values[0], 8), round(found.errors[0] ** 2, 8)) == (0.51801041, 0.20649045)


@pytest.mark.parametrize("method", ["ordinary", "regression", "regression_ols"])
def test_a_cell_on_a_station_has_its_value_without_error(method: Method) -> None:
    with_height = Sites(FIVE.positions, np.array([[1.0], [5], [2], [4], [4]]))
    found = predict(with_height, VALUES, LINEAR, with_height, method)
    assert found.values == pytest.approx(VALUES)
    assert found.errors == pytest.approx(np.zeros(5), abs=1e-6)


def test_the_variogram_of_the_meuse_is_that_of_gstat(meuse: tuple[Sites, np.ndarray]) -> None:
    sites, zinc = meuse
    model = fit(empirical(sites.positions, zinc), 4000)
    assert model.model == "spherical"
    assert (model.nugget, model.sill, model.range_m) == pytest.approx((0.0507, 0.5906, 897.0), rel=1e-3)


def test_the_trend_of_the_meuse_is_that_of_gstat(meuse: tuple[Sites, np.ndarray]) -> None:
    sites, zinc = meuse
    flat = Variogram(model="linear", nugget=1, sill=0, range_m=1)
    ends = Sites(np.zeros((2, 2)), np.array([[0.0], [1.0]]))
    low, high = predict(sites, zinc, flat, ends, "trend").values
    assert (low, high - low) == pytest.approx((6.9944, -2.5492), abs=5e-5)


@pytest.mark.parametrize(
    ("method", "rmse"),
    [("inverse_distance", 0.5138), ("ordinary", 0.3918), ("trend", 0.4375), ("regression_ols", 0.3744)],
)
def test_stations_of_the_meuse_left_out_are_foretold_as_well_as_published(
    meuse: tuple[Sites, np.ndarray], method: Method, rmse: float
) -> None:
    sites, zinc = meuse
    found = score(zinc, leave_one_out(sites, zinc, model_of(sites, zinc, method), method))
    assert round(found.rmse, 4) == rmse
    assert 0.9 < found.coverage < 0.98


@pytest.mark.parametrize("method", ["ordinary", "regression"])
def test_one_factorisation_gives_what_leaving_out_gives(method: Method) -> None:
    random = np.random.default_rng(2)
    sites = Sites(random.uniform(0, 9, (20, 2)), random.normal(size=(20, 2)))
    values, model = random.normal(size=20), Variogram(model="spherical", nugget=0.1, sill=1, range_m=4)
    quick, slow = leave_one_out(sites, values, model, method), one_by_one(sites, values, model, method)
    assert quick.values == pytest.approx(slow.values)
    assert quick.errors == pytest.approx(slow.errors)


def test_a_generalised_trend_is_about_as_good_as_an_ordinary_one(meuse: tuple[Sites, np.ndarray]) -> None:
    sites, zinc = meuse
    found = score(zinc, leave_one_out(sites, zinc, model_of(sites, zinc, "regression"), "regression"))
    assert found.rmse == pytest.approx(0.3753, abs=5e-5)


def test_the_robust_estimator_is_hardly_moved_by_one_false_value() -> None:
    random = np.random.default_rng(7)
    at, values = random.uniform(0, 100, (80, 2)), random.normal(size=80)
    false = values.copy()
    false[0] = 60
    grown = {}
    for estimator in ("matheron", "cressie"):
        settings = LagSettings(estimator=estimator)  # type: ignore[arg-type]
        pair = [empirical(at, each, settings).semivariance.mean() for each in (values, false)]
        grown[estimator] = pair[1] / pair[0]
    assert grown["cressie"] < 3
    assert grown["matheron"] > 20


@pytest.mark.parametrize("model", ["spherical", "exponential", "gaussian", "linear"])
def test_a_variogram_is_found_again_from_its_own_lags(model: Model) -> None:
    lags = np.arange(100.0, 3100, 200)
    truth = Variogram(model=model, nugget=0.1, sill=1, range_m=900)
    found = fit(Empirical(lags, truth(lags), lags), 5000)
    assert found(lags) == pytest.approx(truth(lags), rel=0.02)


def test_without_any_likeness_all_is_nugget_and_nothing_is_reached() -> None:
    lags = np.arange(100.0, 1000, 100)
    found = fit(Empirical(lags, np.full(9, 2.0) - lags / 1000, lags), 2000)
    assert (found.sill, found.reach_m) == (0, 0)
    assert found.nugget > 1


def test_too_few_lags_are_refused_with_their_number() -> None:
    with pytest.raises(ValueError, match="1 lags with pairs; 3 are needed"):
        fit(empirical([[0, 0], [1, 0]], [1, 2], LagSettings(cutoff_m=3)), 3)
