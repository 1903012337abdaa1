"""Models of a low-cost sensor fitted while it hung beside a reference station: ridge, or ridge and LightGBM.

The sensor's raw signals, temperature and humidity explain the reference; a term that is linear in days carries the
sensor's ageing, where it helps. How good the model is is said by time-blocked cross-validation, never by a random
split, since neighbours in time are alike: whole stretches are left out in turn (``blocked``), and each stretch is
foretold from those before it alone (``forward``), which is how the model will be used and what its uncertainty is taken
from. Where a signal lies outside of what was seen during the fit it is held at the edge and the value is suspect:
nothing is extrapolated.
Sources: Karagulian et al. (2019), Atmosphere 10, 506 (review of calibrations); Roberts et al. (2017), Ecography 40,
913–929 (blocked cross-validation).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

from placette.analyse.calibration.scores import Equivalence, Score, equivalence, score

Floats = npt.NDArray[np.float64]
Integers = npt.NDArray[np.int64]

_DAY_US = 86_400_000_000
FEWEST_DAYS = 14
"""Two weeks beside the reference at the least (domain practice: two to four)."""
FEWEST_ROWS = 100
GOOD, SUSPECT, MISSING = 1, 3, 9
_WORTH = 1.05
"""A drift must foretell a twentieth better: a few weeks of season are easily mistaken for one."""


class FitSettings(msgspec.Struct, frozen=True, kw_only=True):
    """How to fit. ``penalty`` of the ridge is in units of the standardised signals."""

    method: Literal["ridge", "lightgbm"] = "ridge"
    penalty: Annotated[float, Meta(ge=0, le=1e6)] = 1.0
    drift: bool | None = None
    """The term in days; ``None``: when the stretches are foretold clearly better with it."""
    blocks: Annotated[int, Meta(ge=2, le=50)] = 5
    trees: Annotated[int, Meta(ge=10, le=2000)] = 200
    reference_uncertainty: Annotated[float, Meta(ge=0)] = 0.0
    """Standard uncertainty of the reference analyser, in its unit."""
    longest_drift_days: Annotated[int, Meta(ge=0, le=3650)] = 90
    """How long after the fit the drift is carried on; later values are suspect: fit again."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True):
    """A fitted model, complete in itself. Arrays are per input; ``first`` and ``last`` are the span of the fit, µs UTC.

    ``blocked`` is the score on stretches of time left out in turn, ``forward`` that on stretches foretold from those
    before them, ``line`` the equivalence of the latter with the reference.
    """

    inputs: tuple[str, ...]
    settings: FitSettings
    first: int
    last: int
    means: tuple[float, ...]
    scales: tuple[float, ...]
    low: tuple[float, ...]
    high: tuple[float, ...]
    coefficients: tuple[float, ...]
    """Intercept, one per standardised input, and per day since ``first`` when there is a drift."""
    drift_uncertainty: float
    """Standard uncertainty of the drift, per day."""
    trees: str = ""
    """LightGBM's own text of the trees that explain what the line leaves."""
    blocked: Score
    forward: Score
    drift: bool
    line: Equivalence


class Corrected(msgspec.Struct, frozen=True):
    """Corrected values, their expanded uncertainty (k = 2), both in the unit of the reference, and QARTOD flags."""

    values: Floats
    uncertainty: Floats
    flags: npt.NDArray[np.uint8]


def fit(
    signals: npt.ArrayLike,
    reference: npt.ArrayLike,
    times: npt.ArrayLike,
    inputs: tuple[str, ...],
    settings: FitSettings | None = None,
) -> Calibration:
    """Fit a calibration on rows of ``signals`` (rows × inputs) with their reference and times (µs UTC, rising).

    Rows with a missing value are left out. Raises ``ValueError``, with what is missing, when there are too few rows or
    too few days, or a signal that never changes.
    """
    chosen = settings or FitSettings()
    x, y, t = _complete(signals, reference, times)
    _check(x, t, inputs)
    choices = (False, True) if chosen.drift is None else (chosen.drift,)
    foretold = {drift: _foretold(x, y, t, chosen, drift) for drift in choices}
    errors = [score(y, foretold[drift]).rmse * (_WORTH if drift else 1) for drift in choices]
    drift = choices[int(np.argmin(errors))]
    line = _Line.fitted(x, y, t, chosen, drift)
    return Calibration(
        inputs=inputs,
        settings=chosen,
        drift=drift,
        first=int(t[0]),
        last=int(t[-1]),
        means=tuple(line.means.tolist()),
        scales=tuple(line.scales.tolist()),
        low=tuple(x.min(axis=0).tolist()),
        high=tuple(x.max(axis=0).tolist()),
        coefficients=tuple(line.coefficients.tolist()),
        drift_uncertainty=line.drift_uncertainty,
        trees=line.trees_text,
        blocked=score(y, _left_out(x, y, t, chosen, drift)),
        forward=score(y, foretold[drift]),
        line=equivalence(y, foretold[drift], chosen.reference_uncertainty),
    )


def _left_out(x: Floats, y: Floats, t: Integers, settings: FitSettings, drift: bool) -> Floats:
    """Predict each stretch of time from all others."""
    predicted = np.full(len(y), np.nan)
    for block in _blocks(len(y), settings.blocks):
        others = np.setdiff1d(np.arange(len(y)), block)
        predicted[block] = _held(
            _Line.fitted(x[others], y[others], t[others], settings, drift), x[others], x[block], t[block]
        )
    return predicted


def _foretold(x: Floats, y: Floats, t: Integers, settings: FitSettings, drift: bool) -> Floats:
    """Predict each stretch of time but the first from those before it."""
    predicted = np.full(len(y), np.nan)
    for block in _blocks(len(y), settings.blocks)[1:]:
        past = slice(0, int(block[0]))
        predicted[block] = _held(_Line.fitted(x[past], y[past], t[past], settings, drift), x[past], x[block], t[block])
    return predicted


def _held(line: _Line, known: Floats, x: Floats, t: Integers) -> Floats:
    """Predict as the model will be used: signals held within what was known."""
    return line.at(np.clip(x, known.min(axis=0), known.max(axis=0)), t)


def apply(calibration: Calibration, signals: npt.ArrayLike, times: npt.ArrayLike) -> Corrected:
    """Return corrected values of ``signals`` (rows × inputs) at ``times`` (µs UTC); NaN where a signal is missing."""
    raw = np.atleast_2d(np.asarray(signals, np.float64))
    t = np.asarray(times, np.int64)
    missing = np.isnan(raw).any(axis=1)
    held = np.clip(np.nan_to_num(raw), calibration.low, calibration.high)
    outside = (held != raw).any(axis=1)
    late_days = np.maximum(0, (t - calibration.last) / _DAY_US)
    longest = calibration.settings.longest_drift_days
    when = np.minimum(t, calibration.last + longest * _DAY_US)
    values = _Line.of(calibration).at(held, when)
    values[missing] = np.nan
    drifted = 2 * calibration.drift_uncertainty * np.minimum(late_days, longest)
    uncertainty = np.sqrt(calibration.line.expanded(values) ** 2 + drifted**2)
    flags = np.where(outside | (late_days > longest), SUSPECT, GOOD).astype(np.uint8)
    flags[missing] = MISSING
    return Corrected(values, uncertainty, flags)


class _Line:
    """A ridge on standardised signals and days, and trees on what it leaves."""

    def __init__(self, coefficients: Floats, means: Floats, scales: Floats, first: int, drift: bool) -> None:
        self.coefficients = coefficients
        self.means = means
        self.scales = scales
        self.drift_uncertainty = 0.0
        self.trees_text = ""
        self._first = first
        self._drift = drift
        self._trees: Any = None

    @classmethod
    def fitted(cls, x: Floats, y: Floats, t: Integers, settings: FitSettings, drift: bool) -> _Line:
        means, scales = x.mean(axis=0), x.std(axis=0)
        line = cls(np.zeros(0), means, np.where(scales > 0, scales, 1.0), int(t[0]), drift)
        design = line._design(x, t)
        penalties = np.full(design.shape[1], settings.penalty)
        penalties[0] = 0
        if drift:
            penalties[-1] = 0
        normal = design.T @ design + np.diag(penalties)
        line.coefficients = np.asarray(np.linalg.solve(normal, design.T @ y), np.float64)
        residuals = y - design @ line.coefficients
        if drift:
            line.drift_uncertainty = _slope_uncertainty(normal, residuals, design.shape[1])
        if settings.method == "lightgbm":
            line._grow(x, residuals, settings.trees)
        return line

    @classmethod
    def of(cls, calibration: Calibration) -> _Line:
        coefficients, means, scales = map(np.array, (calibration.coefficients, calibration.means, calibration.scales))
        line = cls(coefficients, means, scales, calibration.first, calibration.drift)
        if calibration.trees:
            import lightgbm  # noqa: PLC0415  # the extra "analyse"

            line._trees = lightgbm.Booster(model_str=calibration.trees)
        return line

    def at(self, x: Floats, t: Integers) -> Floats:
        values: Floats = self._design(x, t) @ self.coefficients
        if self._trees is not None:
            values += self._trees.predict(x, num_threads=1)
        return values

    def _design(self, x: Floats, t: Integers) -> Floats:
        columns = [np.ones(len(x)), *((x - self.means) / self.scales).T]
        if self._drift:
            columns.append((t - self._first) / _DAY_US)
        return np.stack(columns, axis=1)

    def _grow(self, x: Floats, residuals: Floats, count: int) -> None:
        import lightgbm  # noqa: PLC0415  # the extra "analyse"

        settings = {
            "objective": "l2",
            "learning_rate": 0.05,
            "num_leaves": 15,
            "min_data_in_leaf": 50,
            "lambda_l2": 1.0,
            "num_threads": 1,  # some thousand rows: threads would wait for each other on a busy machine
            "seed": 1,
            "deterministic": True,
            "force_row_wise": True,
            "verbosity": -1,
        }
        self._trees = lightgbm.train(settings, lightgbm.Dataset(x, residuals), num_boost_round=count)
        self.trees_text = self._trees.model_to_string()


def _slope_uncertainty(normal: Floats, residuals: Floats, parameters: int) -> float:
    """Standard uncertainty of the last coefficient, widened for errors that are alike from hour to hour (AR(1))."""
    variance = float((residuals**2).sum()) / max(1, len(residuals) - parameters)
    alike = float(np.corrcoef(residuals[:-1], residuals[1:])[0, 1]) if residuals.std() > 0 else 0.0
    alike = min(max(alike, 0.0), 0.99)
    return float(np.sqrt(variance * np.linalg.inv(normal)[-1, -1] * (1 + alike) / (1 - alike)))


def _complete(
    signals: npt.ArrayLike, reference: npt.ArrayLike, times: npt.ArrayLike
) -> tuple[Floats, Floats, Integers]:
    x, y, t = np.asarray(signals, np.float64), np.asarray(reference, np.float64), np.asarray(times, np.int64)
    if x.ndim != 2 or not len(x) == len(y) == len(t):
        raise ValueError("signals, reference and times must have one row each")
    kept = ~(np.isnan(x).any(axis=1) | np.isnan(y))
    order = np.argsort(t[kept], kind="stable")
    return x[kept][order], y[kept][order], t[kept][order]


def _check(x: Floats, t: Integers, inputs: tuple[str, ...]) -> None:
    if x.shape[1] != len(inputs):
        raise ValueError(f"{x.shape[1]} signals, {len(inputs)} names")
    if len(x) < FEWEST_ROWS:
        raise ValueError(f"{len(x)} complete rows beside the reference; {FEWEST_ROWS} are needed")
    days = (t[-1] - t[0]) / _DAY_US
    if days < FEWEST_DAYS:
        raise ValueError(f"{days:.1f} days beside the reference; {FEWEST_DAYS} are needed")
    for name, spread in zip(inputs, x.std(axis=0), strict=True):
        if spread == 0:
            raise ValueError(f"'{name}' never changes")


def _blocks(rows: int, count: int) -> list[Integers]:
    return [part.astype(np.int64) for part in np.array_split(np.arange(rows), count)]
