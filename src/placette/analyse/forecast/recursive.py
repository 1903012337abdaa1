"""Step by step: the next hour or day from those before it, then the one after from that, along many simulated paths.

An autoregression of all series of a panel at once, on their scale without their week and in their own spread: the
newest steps, means of longer stretches, covariates; of days also the same day of last year once there is enough of it.
Ridge regression shrinks the coefficients of the panel towards none, those of a series towards the panel's. Each path
adds errors of the past, drawn for all series together (of hours those of the same hour of day), so that the spread
grows by itself with the steps ahead (bootstrapped residuals: Hyndman & Athanasopoulos, Forecasting: Principles and
Practice, §§ 5.5, 9.8, 12.4). Trees answer each lead directly and cannot drift back to the usual by themselves; this
part does.
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np

from placette.analyse.forecast import features
from placette.analyse.forecast.scale import Scale
from placette.analyse.forecast.terms import DAY_S, Floats, Ints, Panel

LEAST_DAYS = 28
"""Below so many days nothing is learnt."""
YEAR_DAYS = 364
FURTHEST = 4.0
"""Covariates further from their mean than this many spreads are taken for this far; paths that were never further."""
_TOGETHER = 16
"""Series that are computed at a time: bounds the memory."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What a step is explained by: the newest ``lags`` steps, some before them, means of the newest stretches."""

    lags: Annotated[int, msgspec.Meta(ge=1, le=48)]
    earlier: tuple[int, ...] = ()
    stretches: tuple[int, ...]
    """Steps before, the mean of which is told: what the path falls back to."""
    own_ridge: Annotated[float, msgspec.Meta(ge=0.001)]
    paths: Annotated[int, msgspec.Meta(ge=20, le=10_000)]

    @property
    def before(self) -> int:
        """Steps of the past that are looked at."""
        return max(self.lags, *self.earlier, *self.stretches)


class Recursive(msgspec.Struct, frozen=True, kw_only=True):
    """What a step is explained by, how far it is shrunk, and how many paths are drawn."""

    days: Told = Told(lags=14, stretches=(28, 56), own_ridge=1_000.0, paths=300)
    hours: Told = Told(
        lags=24, earlier=(168, 169, 336), stretches=(6, 24, 168, 672, 1_344), own_ridge=10_000.0, paths=100
    )
    half_life_weeks: Annotated[float, msgspec.Meta(ge=1, le=1_000)] = 26.0
    season_weeks: Annotated[int, msgspec.Meta(ge=2, le=520)] = 52
    year_after: Annotated[int, msgspec.Meta(ge=YEAR_DAYS)] = YEAR_DAYS + 182
    """Days of past from which on the same day of last year is told."""
    ridge: Annotated[float, msgspec.Meta(ge=0.001)] = 100.0
    seed: int = 1

    def told(self, panel: Panel) -> Told:
        """Return what a step of the panel's length is explained by."""
        return self.days if panel.day == 1 else self.hours


class Recursion(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt of the series of one panel; it pickles."""

    settings: Recursive
    told: Told
    scale: Scale
    lowest: Floats
    """The lowest place on its scale that each series ever had."""
    season: Floats
    """By how much each step of the week departs from the week around it (steps × series)."""
    mean: Floats
    spread: Floats
    known: Floats
    """Mean and spread of each covariate (2 × covariates)."""
    yearly: bool
    slopes: Floats
    """Of each series (features × series): lags, earlier, stretches, covariates."""
    errors: Floats
    """What was missed in the past (steps × series), the newest last."""
    phase: Ints
    """Step of day of each row of ``errors``."""
    spoke: Ints
    """Series that had values."""

    def __call__(self, panel: Panel, horizon: int, levels: Floats, only: Ints | None = None) -> Floats:
        """Return quantiles of the steps ahead (horizon × series × levels); NaN for a series without any value."""
        columns = np.arange(panel.values.shape[1]) if only is None else only
        made = np.full((horizon, len(columns), len(levels)), np.nan)
        drawn = self._drawn(panel, horizon)
        for first in range(0, len(columns), _TOGETHER):
            some = columns[first : first + _TOGETHER]
            paths = self._walked(panel, horizon, some, drawn)
            z = np.moveaxis(np.quantile(paths, levels, axis=2), 0, 2) * self.spread[some][:, None]
            z += (self._season(panel, some, len(panel.values), horizon) + self.mean[some])[..., None]
            made[:, first : first + _TOGETHER] = self.scale.some(some[:, None]).back(z)
        made[:, ~np.isin(columns, self.spoke)] = np.nan
        return made

    def even(self, panel: Panel, some: Ints) -> Floats:
        """Return series without their week, about 0, in their own spread; 0 where missing and before the first step."""
        values = panel.values[:, some]
        z = np.maximum(self.scale.some(some).there(values), self.lowest[some])
        about = (z - self._season(panel, some, 0, len(z)) - self.mean[some]) / self.spread[some]
        return np.concatenate([np.zeros((self.told.before, len(some))), np.nan_to_num(about)])

    def behind(self, x: Floats) -> Floats:
        """Return what of the past explains each step (features × steps × series), from what ``even`` returns."""
        told = self.told
        rows = np.arange(told.before, len(x))
        sums = np.concatenate([np.zeros((1, x.shape[1])), np.cumsum(x, axis=0)])
        lags = [x[rows - 1 - lag] for lag in range(told.lags)] + [x[rows - lag] for lag in told.earlier]
        return np.stack([*lags, *((sums[rows] - sums[rows - steps]) / steps for steps in told.stretches)])

    def covariates(self, x: Floats, panel: Panel, horizon: int) -> Floats:
        """Return what is known of each step beforehand (covariates × steps and ``horizon`` × series)."""
        length, (mean, spread) = len(panel.values), self.known
        even = np.zeros((length + horizon, len(mean)))  # what is not known is taken for usual
        there = panel.known[: length + horizon]
        even[: len(there)] = np.clip(np.nan_to_num((there - mean) / spread), -FURTHEST, FURTHEST)
        rows = [row for column in even.T for row in _course(column, panel)]
        told = np.repeat(np.array(rows).reshape(len(rows), len(even), 1), x.shape[1], axis=2)
        if not self.yearly:
            return told
        back = x[np.maximum(np.arange(length + horizon) - YEAR_DAYS, -1) + self.told.before]
        return np.concatenate([told, back[None]])

    def _season(self, panel: Panel, some: Ints, first: int, count: int) -> Floats:
        return np.asarray(self.season[:, some][_slots(panel, first, count)])

    def _drawn(self, panel: Panel, horizon: int) -> Ints:
        """Return which errors of the past each step of each path adds (horizon × paths)."""
        chance = np.random.default_rng(self.settings.seed)
        phases = _phases(panel, len(panel.values), horizon)
        pools = {phase: np.flatnonzero(self.phase == phase) for phase in np.unique(phases).tolist()}
        drawn = [pools[phase][chance.integers(0, len(pools[phase]), self.told.paths)] for phase in phases.tolist()]
        return np.stack(drawn)

    def _walked(self, panel: Panel, horizon: int, some: Ints, drawn: Ints) -> Floats:
        """Return simulated paths (horizon × series × paths), each step with the errors of one step of the past."""
        told, past, slopes = self.told, self.even(panel, some), self.slopes[:, some]
        parts = np.cumsum([told.lags, len(told.earlier), len(told.stretches)])
        newest, earlier, stretches, known = np.split(slopes, parts)
        beforehand = self.covariates(past, panel, horizon)[:, len(panel.values) :]
        beforehand = np.einsum("fhc,fc->hc", beforehand, known)
        before, lengths = told.before, np.array(told.stretches, dtype=np.int64)
        back = np.array(told.earlier, dtype=np.int64)
        x = np.zeros((before + horizon, len(some), told.paths))
        x[:before] = past[-before:, :, None]
        sums = np.concatenate([np.zeros((1, *x.shape[1:])), np.cumsum(x, axis=0)])
        newest, errors = newest[::-1], self.errors[:, some]
        most = np.maximum(np.abs(past).max(axis=0), FURTHEST)[:, None]
        stretches = stretches / lengths[:, None]
        for step in range(before, before + horizon):
            now = np.einsum("fcp,fc->cp", x[step - told.lags : step], newest)
            now += np.einsum("fcp,fc->cp", sums[step] - sums[step - lengths], stretches)
            if len(back):
                now += np.einsum("fcp,fc->cp", x[step - back], earlier)
            ahead = step - before
            now += beforehand[ahead][:, None] + errors[drawn[ahead]].T
            x[step] = np.minimum(np.maximum(now, -most), most)  # no path leaves what was ever seen
            sums[step + 1] = sums[step] + x[step]
        return x[before:]


def fit(panel: Panel, settings: Recursive | None = None) -> Recursion | None:
    """Learn from the past of all series; ``None`` below four weeks."""
    chosen = settings or Recursive()
    if len(panel.values) < LEAST_DAYS * panel.day:
        return None
    begun, weight = _begun(panel, chosen)
    length, count = panel.values.shape
    rows = np.arange(min(begun.told.before, length // 2), length)
    weight = weight[rows] / max(float(weight[rows].max()), 1e-9)
    tables = [np.arange(first, min(first + _TOGETHER, count)) for first in range(0, count, _TOGETHER)]
    squares, rights = zip(*(_normal(begun, panel, some, rows, weight) for some in tables), strict=True)
    slopes = _slopes(np.concatenate(squares), np.concatenate(rights), begun.told, chosen)
    begun = msgspec.structs.replace(begun, slopes=slopes)
    kept = rows[-YEAR_DAYS * panel.day :]
    errors = [_missed(begun, panel, some, kept, weight[-len(kept) :]) for some in tables]
    return msgspec.structs.replace(begun, errors=np.concatenate(errors, axis=1), phase=_phases(panel, 0, length)[kept])


def _begun(panel: Panel, chosen: Recursive) -> tuple[Recursion, Floats]:
    """Return everything but slopes and errors, and the weight of each value."""
    data = features.scaled(panel)
    length = len(data.z)
    season = _week_of(data, panel, chosen)
    y = data.z - season[_slots(panel, 0, length)]
    there = ~np.isnan(y)
    weight = there * 0.5 ** (np.arange(length, 0, -1) / (panel.week * chosen.half_life_weeks))[:, None]
    total = np.maximum(weight.sum(axis=0), 1e-9)
    mean = (np.where(there, y, 0.0) * weight).sum(axis=0) / total
    spread = np.sqrt((np.where(there, y - mean, 0.0) ** 2 * weight).sum(axis=0) / total)
    past = panel.known[:length]
    seen = np.maximum((~np.isnan(past)).sum(axis=0), 1)
    middle = np.nansum(past, axis=0) / seen
    width = np.sqrt(np.nansum((past - middle) ** 2, axis=0) / seen)
    begun = Recursion(
        settings=chosen,
        told=chosen.told(panel),
        scale=data.scale,
        lowest=np.where(there.any(axis=0), np.where(there, data.z, np.inf).min(axis=0), 0.0),
        season=season,
        mean=mean,
        spread=np.where(spread > 1e-9, spread, 1.0),
        known=np.stack([middle, np.where(width > 0, width, 1.0)]),
        yearly=panel.day == 1 and length >= chosen.year_after,
        slopes=np.empty(0),
        errors=np.empty(0),
        phase=np.empty(0, np.int64),
        spoke=np.flatnonzero(there.any(axis=0)),
    )
    return begun, weight


def _week_of(data: features.Scaled, panel: Panel, chosen: Recursive) -> Floats:
    """Return by how much each step of the week (steps × series) departs from the week around it.

    Few weeks are shrunk towards what that hour does on any day, and of days towards none.
    """
    length, count = data.z.shape
    rows, columns = (each.ravel() for each in np.meshgrid(np.arange(length), np.arange(count), indexing="ij"))
    half = panel.week // 2
    around = data.mean(rows - half, rows + panel.week - half, columns).reshape(length, count)
    apart = (data.z - around)[-chosen.season_weeks * panel.week :]
    slots = _slots(panel, 0, length)[-chosen.season_weeks * panel.week :]
    sums, counts = np.zeros((panel.week, count)), np.zeros((panel.week, count))
    np.add.at(sums, slots, np.nan_to_num(apart))
    np.add.at(counts, slots, ~np.isnan(apart))
    if panel.day == 1:
        season = sums / (counts + 3)
        return np.asarray(season - season.mean(axis=0))
    per_day = (7, panel.day, count)
    usual = sums.reshape(per_day).sum(axis=0) / np.maximum(counts.reshape(per_day).sum(axis=0), 1)
    return np.asarray((sums + 3 * np.tile(usual, (7, 1))) / (counts + 3))


def _slots(panel: Panel, first: int, count: int) -> Ints:
    """Return the step of the week of steps."""
    clock = panel.clock(np.arange(first, first + count))
    return np.asarray((clock // DAY_S + 3) % 7 * panel.day + clock % DAY_S // panel.step_s)


def _phases(panel: Panel, first: int, count: int) -> Ints:
    """Return the step of the day of steps."""
    return np.asarray(_slots(panel, first, count) % panel.day)


def _course(column: Floats, panel: Panel) -> list[Floats]:
    """Return a covariate and, of days, the day before; of hours, the mean of a day, and what hour it falls on."""
    if panel.day == 1:
        return [column, np.append(column[:1], column[:-1])]
    sums = np.append(0.0, np.cumsum(column))
    rows = np.arange(len(column))
    mean = (sums[rows + 1] - sums[np.maximum(rows + 1 - panel.day, 0)]) / panel.day
    turn = 2 * np.pi * _phases(panel, 0, len(column)) / panel.day
    return [column, mean, column * np.cos(turn), column * np.sin(turn)]


def _given(begun: Recursion, panel: Panel, some: Ints, rows: Ints) -> tuple[Floats, Floats]:
    """Return what explains the steps of ``rows`` (features × steps × series), and what came (steps × series)."""
    x = begun.even(panel, some)
    given = [begun.behind(x)[:, rows], begun.covariates(x, panel, 0)[:, rows]]
    return np.concatenate(given), x[begun.told.before :][rows]


def _normal(begun: Recursion, panel: Panel, some: Ints, rows: Ints, weight: Floats) -> tuple[Floats, Floats]:
    """Return the normal equations of each series: series × features × features, and series × features."""
    given, actual = _given(begun, panel, some, rows)
    each, weighed = np.moveaxis(given, 2, 0), np.moveaxis(given * weight[:, some], 2, 0)
    return weighed @ each.swapaxes(1, 2), (weighed @ actual.T[:, :, None])[..., 0]


def _slopes(square: Floats, right: Floats, told: Told, chosen: Recursive) -> Floats:
    """Return the coefficients of each series (features × series): the panel's, and its own departure from them."""
    eye = np.eye(square.shape[1])
    together = np.linalg.solve(square.sum(axis=0) + chosen.ridge * eye, right.sum(axis=0))
    left = right - square @ together
    return np.asarray(together[:, None] + np.linalg.solve(square + told.own_ridge * eye, left[..., None])[..., 0].T)


def _missed(begun: Recursion, panel: Panel, some: Ints, rows: Ints, weight: Floats) -> Floats:
    given, actual = _given(begun, panel, some, rows)
    missed = actual - np.einsum("ftc,fc->tc", given, begun.slopes[:, some])
    return np.where(weight[:, some] > 0, missed, 0.0)
