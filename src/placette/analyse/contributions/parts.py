"""The contributions to single values of a forecast, in the unit of the value; they sum to it minus its base.

The base is the series' level over the last four weeks. The trees' share is told by TreeSHAP (Lundberg et al. 2020),
which LightGBM computes. The forecaster works on a scale of its own: what is a sum there is brought back by the mean
steepness between base and forecast, which leaves no remainder (as Ang 2005 does for logarithms). They say what moved
the forecast, not what causes the value.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec
import numpy as np

from placette.analyse.forecast import features
from placette.analyse.forecast.boosted import Boosters
from placette.analyse.forecast.learning import given_of
from placette.analyse.forecast.system import Trained
from placette.analyse.forecast.terms import Floats, Ints, Panel
from placette.analyse.forecast.weather import VAPOUR

RHYTHM, HOURS, DAYS, WEEKS, SEASON, OTHER = "rhythm", "hours", "days", "weeks", "season", "other"
"""What this hour and weekday usually is; the last hours, days, weeks; last year and the time of year; all else."""
_PARTS = {"hour": RHYTHM, "weekday": RHYTHM, "hours": HOURS, "days": DAYS, "weeks": WEEKS}
_PARTS |= {"year": SEASON, "season": SEASON, "lead": OTHER, "series": OTHER}


class Explained(msgspec.Struct, frozen=True, kw_only=True):
    """Of each value asked: the base, and the effect of each part (values × parts), in the unit of the value."""

    keys: tuple[str, ...]
    base: Floats
    effects: Floats


def explained(
    trained: Trained, panel: Panel, leads: Ints, series: Ints, forecast: Floats, names: Sequence[str]
) -> Explained:
    """Explain ``forecast`` (n) of the steps ``leads`` ahead of the panel's end; ``names`` are those of its covariates.

    A forecast without learnt parts (too short a past) is its rhythm alone.
    """
    data = features.scaled(panel)
    asked = features.Examples(origin=np.full(len(leads), len(panel.values)), lead=leads, series=series)
    centre = features.base(data, asked)
    usual = data.mean(asked.origin - 4 * panel.week, asked.origin, series)
    usual = np.where(np.isnan(usual), centre, usual)
    keys = tuple(dict.fromkeys((RHYTHM, HOURS, DAYS, WEEKS, SEASON, *names, OTHER)))
    moved = np.zeros((len(leads), len(keys)))
    moved[:, 0] = centre - usual
    boosters = next((each for each in trained.answers if isinstance(each, Boosters)), None)
    if boosters is not None:
        _add_trees(moved, boosters, data, asked, centre, keys, names)
    scale = data.scale.some(series)
    base, aim = scale.back(usual), scale.there(forecast)
    rest = keys.index(OTHER) if boosters is not None else 0
    moved[:, rest] += aim - usual - moved.sum(axis=1)
    apart = aim - usual
    near = np.abs(apart) < 1e-9
    steepness = np.where(near, scale.steepness(usual), (forecast - base) / np.where(near, 1.0, apart))
    return Explained(keys=keys, base=base, effects=moved * steepness[:, None])


def _add_trees(
    moved: Floats,
    boosters: Boosters,
    data: features.Scaled,
    asked: features.Examples,
    centre: Floats,
    keys: tuple[str, ...],
    names: Sequence[str],
) -> None:
    """Add the trees' contributions on the scale of the series, each to the part that its feature speaks of."""
    unit = data.unit(asked.origin, asked.series)
    given, _ = given_of(data, asked, centre, unit)
    parts = [_part(subject, names) for subject in features.subjects(len(names))]
    told = boosters.contributions(given, 0.5) * unit[:, None]
    for column, part in enumerate([*parts, OTHER]):  # the last is what the trees answer on the whole
        moved[:, keys.index(part)] += told[:, column]


def _part(subject: str, names: Sequence[str]) -> str:
    if subject.startswith("known"):
        return names[int(subject.removeprefix("known"))]
    spoken = f"weather_{'humidity' if subject == VAPOUR else subject}"
    return spoken if spoken in names else _PARTS.get(subject, OTHER)
