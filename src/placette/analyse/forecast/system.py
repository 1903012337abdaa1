"""The forecaster of all datastreams of one step length: trees, networks, recursion, profile, combined and corrected.

Train it now and then (`train`), ask it as often as wanted (`foresee`), and show it what came of its former forecasts:
they give the weights of its parts and the conformal shifts (`correction`). One configuration serves every task.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast import boosted, combine, conformal, learning, naive, neural, recursive, scores
from placette.analyse.forecast.prior import Prior
from placette.analyse.forecast.terms import DAY_S, HOUR_S, LEVELS, Floats, Ints, Panel


class Settings(msgspec.Struct, frozen=True, kw_only=True):
    """The settings of each part; the defaults are those of every published figure of ours."""

    tuned: boosted.Boosted = boosted.Boosted(trees=60, leaves=15, rate=0.05, steps_in_leaf=20)
    """Trees that go on from a prior."""
    taught: neural.Neural = neural.Neural(steps=300, rate=0.0005, decay=0.02)
    """Networks that go on from a prior."""
    drawing: learning.Drawing = learning.Drawing()
    boosted: boosted.Boosted = boosted.Boosted()
    neural: neural.Neural = neural.Neural()
    recursive: recursive.Recursive = recursive.Recursive()
    profile: naive.Profile = naive.Profile()
    weighing: combine.Weighing = combine.Weighing()
    conformal: conformal.Conformal = conformal.Conformal()


class Trained(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt from the past; empty where the past was too short, so that the profile speaks alone.

    It pickles: workers hand it on, and it can be kept on disk (read only what you have written yourself).
    """

    answers: list[learning.Answer]
    settings: Settings
    recursion: recursive.Recursion | None = None
    tried: list[list[float]] = msgspec.field(default_factory=list)
    """What each part lost on the newest quarter of the past, when it had learnt from the rest (origins × parts)."""


class Issued(msgspec.Struct, frozen=True, kw_only=True):
    """A forecast as it was made, before correction: from which count of known steps, which quantiles."""

    origin: int
    parts: list[Floats]
    quantiles: Floats


def train(panel: Panel, horizon: int, settings: Settings | None = None, prior: Prior | None = None) -> Trained:
    """Learn to forecast up to ``horizon`` steps from the past of all series; raises ``NotFound`` without LightGBM.

    A ``prior`` learnt from other cities is where learning starts, and serves alone where the past is too short. First
    the parts learn without the newest quarter, which then weighs them.
    """
    chosen = settings or Settings()
    trained = _trained(panel, horizon, chosen, prior)
    return msgspec.structs.replace(trained, tried=_tried(panel, horizon, chosen, prior))


def _trained(panel: Panel, horizon: int, chosen: Settings, prior: Prior | None) -> Trained:
    answers = _learnt(panel, horizon, chosen, prior)
    recursion = recursive.fit(panel, chosen.recursive) if answers else None
    return Trained(answers=answers, settings=chosen, recursion=recursion)


def _learnt(panel: Panel, horizon: int, chosen: Settings, prior: Prior | None) -> list[learning.Answer]:
    ready: list[learning.Answer] = [prior.trees, prior.networks] if prior else []
    try:
        lesson = learning.lesson(panel, horizon, chosen.drawing)
    except ValueError:  # too short a past: the ladder's lower rung serves
        return ready
    if not prior:
        return [boosted.fit(lesson, chosen.boosted), neural.fit(lesson, chosen.neural)]
    trees = boosted.fit(lesson, chosen.tuned, prior.trees)
    return [trees, neural.fit(lesson, chosen.taught, prior.networks), trees.prior or prior.trees, prior.networks]


TRIED = 5
"""Origins in the newest quarter at which the parts are tried."""


def _tried(panel: Panel, horizon: int, chosen: Settings, prior: Prior | None) -> list[list[float]]:
    length, levels = len(panel.values), np.array(LEVELS)
    cut = length * 3 // 4
    trained = _trained(panel.until(cut), horizon, chosen, prior) if length >= 6 * panel.week else None
    if not trained or not trained.answers:
        return []
    last = max(cut, length - max(1, horizon // 2))
    losses = []
    for origin in np.unique(np.linspace(cut, last, TRIED).astype(int)).tolist():
        ahead = min(horizon, length - origin)
        parts = members_of(trained, panel.until(origin, ahead), ahead, levels)
        losses.append(_losses(panel, Issued(origin=origin, parts=parts, quantiles=parts[0]), levels))
    return losses


def foresee(
    trained: Trained, panel: Panel, horizon: int, levels: Floats, record: list[Issued], only: Ints | None = None
) -> Issued:
    """Return the forecast of the steps after the panel, its parts weighted by their record; NaN without any past.

    ``only`` some series are forecast, in this order.
    """
    parts = members_of(trained, panel, horizon, levels, only)
    known = [*trained.tried, *(_losses(panel, issued, levels) for issued in record if len(issued.parts) == len(parts))]
    losses = [each for each in known if len(each) == len(parts)]
    weight = combine.weights(np.array(losses).reshape(-1, len(parts)), trained.settings.weighing)
    return Issued(origin=len(panel.values), parts=parts, quantiles=combine.combined(parts, weight))


def members_of(trained: Trained, panel: Panel, horizon: int, levels: Floats, only: Ints | None = None) -> list[Floats]:
    """Return the forecast of each part by itself: those learnt, the recursion, then the profile."""
    made: list[Floats] = []
    if trained.answers:
        asked = learning.Questions.of(panel, horizon, only)
        made = [asked.quantiles(each, levels) for each in _answered(trained.answers, asked.given)]
    if trained.recursion:
        made.append(trained.recursion(panel, horizon, levels, only))
    some = panel if only is None else msgspec.structs.replace(panel, values=panel.values[:, only])
    return [*made, naive.profile(some, horizon, levels, trained.settings.profile)]


def _answered(answers: list[learning.Answer], given: Floats) -> list[Floats]:
    """Return what each answers; a prior that is also among them is asked once, for it takes most of the time."""
    made: dict[int, Floats] = {}
    for answer in reversed(answers):  # priors stand last
        prior = answer.prior if isinstance(answer, boosted.Boosters) else None
        said = made.get(id(prior))
        made[id(answer)] = answer(given) if said is None else said + answer.alone(given)  # type: ignore[attr-defined]
    return [made[id(answer)] for answer in answers]


def correction(panel: Panel, record: list[Issued], levels: Floats, settings: Settings) -> Floats:
    """Return the conformal shifts (24 × levels) from former forecasts and what has come since."""
    pairs = [_came(panel, issued) for issued in record]
    if not pairs:
        return np.zeros((24, len(levels)))
    actual, quantiles = (np.concatenate([pair[0] for pair in pairs]), np.concatenate([pair[1] for pair in pairs]))
    hours = np.concatenate([pair[2] for pair in pairs])
    return conformal.shifts(actual, quantiles, hours, levels, settings.conformal)


def corrected(panel: Panel, quantiles: Floats, shift: Floats) -> Floats:
    """Return a forecast moved by its shifts, never below zero where the past never was."""
    moved = conformal.corrected(quantiles, hours_of(panel, len(panel.values), len(quantiles)), shift)
    low = np.where(np.isnan(panel.values), np.inf, panel.values).min(axis=0)
    return np.asarray(np.maximum(moved, np.minimum(low, 0.0)[None, :, None]))


def hours_of(panel: Panel, first: int, count: int) -> Ints:
    """Return the hour of day of steps; 0 for days."""
    return np.asarray(panel.clock(np.arange(first, first + count)) % DAY_S // HOUR_S * (panel.day > 1))


def _losses(panel: Panel, issued: Issued, levels: Floats) -> list[float]:
    """Return what each part of a former forecast lost on what has come since, in seasonal errors."""
    actual = panel.values[issued.origin : issued.origin + len(issued.quantiles)]
    scale = scores.seasonal_error(panel.values[: issued.origin], panel.season)
    scale = np.where(scale > 0, scale, np.nan)  # a series that never changes weighs nobody
    return [combine.loss(actual, part[: len(actual)], levels, scale) for part in issued.parts]


def _came(panel: Panel, issued: Issued) -> tuple[Floats, Floats, Ints]:
    actual = panel.values[issued.origin : issued.origin + len(issued.quantiles)]
    made = issued.quantiles[: len(actual)]
    hours = np.repeat(hours_of(panel, issued.origin, len(actual)), actual.shape[1])
    return actual.reshape(-1), made.reshape(-1, made.shape[-1]), hours
