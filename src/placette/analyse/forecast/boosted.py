"""A global gradient-boosted quantile forecaster (LightGBM): one model per level for all series and leads."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np

from placette.analyse.forecast.counting import counted
from placette.analyse.forecast.learning import FITTED, Lesson
from placette.analyse.forecast.terms import Floats
from placette.model.errors import NotFound


class Boosted(msgspec.Struct, frozen=True, kw_only=True):
    """How finely is learnt."""

    trees: Annotated[int, msgspec.Meta(ge=10, le=2_000)] = 150
    leaves: Annotated[int, msgspec.Meta(ge=4, le=255)] = 31
    rate: Annotated[float, msgspec.Meta(gt=0, le=0.5)] = 0.06
    least_in_leaf: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 60
    """Examples in a leaf at least."""
    steps_in_leaf: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 8
    """Steps of the past whose examples a leaf holds at least: one odd day is not learnt by heart."""
    seed: int = 1


FEW = 1_000
"""Questions up to which somebody is waiting; more are a night's work, which leaves the other core to the city."""


class Boosters(msgspec.Struct, frozen=True, kw_only=True):
    """One booster per level of ``FITTED``, over what a prior says where there is one; pickles as text."""

    boosters: list[Any]
    features: int
    """How many features are looked at: the first of those given."""
    prior: Boosters | None = None

    def __call__(self, given: Floats) -> Floats:
        """Return the quantiles of examples (examples × levels)."""
        made = self.alone(given)
        return made + self.prior(given) if self.prior else made

    def alone(self, given: Floats) -> Floats:
        """Return what these add to their prior (examples × levels)."""
        seen = given[:, : self.features]
        threads = 2 if len(seen) <= FEW else 1
        return np.stack([booster.predict(seen, num_threads=threads) for booster in self.boosters], axis=1)

    def known_to(self, given: Floats) -> Boosters:
        """Return these with the middle one told how often its leaves are reached by examples, for contributions."""
        middle = FITTED.index(0.5)
        text = counted(self.boosters[middle], given[:, : self.features])
        told = [*self.boosters[:middle], lightgbm().Booster(model_str=text), *self.boosters[middle + 1 :]]
        return msgspec.structs.replace(self, boosters=told)

    def contributions(self, given: Floats, level: float) -> Floats:
        """Return what each feature adds to a quantile (examples × features + 1), the last what is said of all.

        Shapley values of the trees (Lundberg et al. 2020), those of the prior included; of a prior the median alone.
        """
        number = FITTED.index(level)
        made = np.asarray(self.boosters[number].predict(given[:, : self.features], pred_contrib=True, num_threads=1))
        if self.prior:
            theirs = self.prior.contributions(given, level)
            made[:, : self.prior.features] += theirs[:, :-1]
            made[:, -1] += theirs[:, -1]
        return made


def fit(lesson: Lesson, settings: Boosted, prior: Boosters | None = None) -> Boosters:
    """Learn one booster per level, of what a prior leaves over; raises ``NotFound`` without LightGBM."""
    least = max(settings.least_in_leaf, int(settings.steps_in_leaf * lesson.per_step))
    said = prior(lesson.given) if prior else None
    boosters = []
    for number, level in enumerate(FITTED):
        learning = lightgbm().Dataset(
            lesson.given,
            lesson.target,
            weight=lesson.weight,
            init_score=None if said is None else said[:, number].copy(),
            params={"max_bin": 127, "verbosity": -1, "min_data_in_leaf": least},
        )
        parameters = {**_parameters(settings, level), "min_data_in_leaf": least}
        boosters.append(lightgbm().train(parameters, learning, settings.trees).free_dataset())
    known = prior.known_to(lesson.given) if prior else None
    return Boosters(boosters=boosters, features=lesson.given.shape[1], prior=known)


def _parameters(settings: Boosted, level: float) -> dict[str, Any]:
    return {
        "objective": "quantile",
        "alpha": level,
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "feature_fraction": 0.5,
        "bagging_fraction": 0.7,
        "bagging_freq": 1,
        "lambda_l2": 1.0,
        "max_bin": 127,
        "seed": settings.seed,
        "deterministic": True,
        "force_row_wise": True,
        "num_threads": 1,
        "verbosity": -1,
    }


def lightgbm() -> Any:
    """Return the library; raises ``NotFound`` where it is not installed."""
    try:
        import lightgbm as library  # noqa: PLC0415
    except ModuleNotFoundError:
        raise NotFound(
            "The forecaster needs LightGBM.", "analyse.forecast.boosted", "pip install 'placette[analyse]'"
        ) from None
    return library
