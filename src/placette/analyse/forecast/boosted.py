"""A global gradient-boosted quantile forecaster (LightGBM): one model per level for all series and leads."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
import numpy as np

from placette.analyse.forecast.learning import FITTED, Answer, Lesson
from placette.analyse.forecast.terms import Floats
from placette.model.errors import NotFound


class Boosted(msgspec.Struct, frozen=True, kw_only=True):
    """How finely is learnt."""

    trees: Annotated[int, msgspec.Meta(ge=10, le=2_000)] = 150
    leaves: Annotated[int, msgspec.Meta(ge=4, le=255)] = 31
    rate: Annotated[float, msgspec.Meta(gt=0, le=0.5)] = 0.06
    least_in_leaf: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 60
    seed: int = 1


class Boosters(msgspec.Struct, frozen=True, kw_only=True):
    """One booster per level of ``FITTED``; pickles as text."""

    boosters: list[Any]

    def __call__(self, given: Floats) -> Floats:
        """Return the quantiles of examples (examples × levels)."""
        return np.stack([booster.predict(given, num_threads=1) for booster in self.boosters], axis=1)


def fit(lesson: Lesson, settings: Boosted) -> Answer:
    """Learn one booster per level; raises ``NotFound`` without LightGBM."""
    lightgbm = _lightgbm()
    learning = lightgbm.Dataset(
        lesson.given,
        lesson.target,
        weight=lesson.weight,
        free_raw_data=False,
        params={"max_bin": 127, "verbosity": -1, "min_data_in_leaf": settings.least_in_leaf},
    )
    boosters = [lightgbm.train(_parameters(settings, level), learning, settings.trees) for level in FITTED]
    return Boosters(boosters=[booster.free_dataset() for booster in boosters])


def _parameters(settings: Boosted, level: float) -> dict[str, Any]:
    return {
        "objective": "quantile",
        "alpha": level,
        "num_leaves": settings.leaves,
        "learning_rate": settings.rate,
        "min_data_in_leaf": settings.least_in_leaf,
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


def _lightgbm() -> Any:
    try:
        import lightgbm  # noqa: PLC0415
    except ModuleNotFoundError:
        raise NotFound(
            "The forecaster needs LightGBM.", "analyse.forecast.boosted", "pip install 'placette[analyse]'"
        ) from None
    return lightgbm
