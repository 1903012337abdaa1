"""The words that the parts of the forecast service share; all of them travel between processes or into the store."""

from __future__ import annotations

from typing import Final, Literal

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Step = Literal["hour", "day"]

LEVELS = tuple(round(0.05 * place, 2) for place in range(1, 20))
"""The quantiles that are stored: 0.05, 0.10 … 0.95."""
MEDIAN = LEVELS.index(0.5)
LOW, HIGH = LEVELS.index(0.1), LEVELS.index(0.9)
"""The bounds of the 80 % interval, whose coverage is checked."""
HORIZON: dict[Step, int] = {"hour": 336, "day": 14}
"""Steps ahead of the issue of midnight: fourteen days."""
SOON: dict[Step, int] = {"hour": 48, "day": 14}
"""Steps ahead of every other issue."""
PER_DAY: dict[Step, int] = {"hour": 24, "day": 1}
STEP_S: dict[Step, int] = {"hour": 3_600, "day": 86_400}

Method = Literal["global", "profile", "naive", "none"]
GLOBAL: Final = "global"
PROFILE: Final = "profile"
NAIVE: Final = "naive"
NONE: Final = "none"
"""How a forecast was made: the model of all series, same hours of past weeks, the seasonal naive, not at all."""
SHOWN = (GLOBAL, PROFILE)
"""Methods of ours; the naive only stands in for them."""
Reason = Literal["", "worse_than_naive", "short_history", "learning", "without_lightgbm", "silent", "no_history"]
"""Why the model of all series does not speak; empty: it does."""


class Limit(msgspec.Struct, frozen=True):
    """A threshold as the worker needs it."""

    key: str
    value: float


Combined = Literal["mean", "sum", "energetic", "highest"]
DAY_KEY = "{}@day"
"""The key of a threshold's curve and score where whole days are told from hours."""


class DayLimit(msgspec.Struct, frozen=True):
    """A threshold of a whole day: ``of`` what of its hours is held against ``value``."""

    key: str
    value: float
    of: Combined


class Ask(msgspec.Struct, frozen=True, kw_only=True):
    """What a worker process is given: series until the issue, what is known ahead, and where its files are.

    ``instants`` are the beginnings (µs UTC) of the steps ahead and of the one after them, -1 for the hour that spring
    leaves out. ``naive`` says per series whether the naive is published in the place of the model, ``groups`` its
    property (those of one group are corrected together), ``outputs`` the datastream that is written.
    """

    folder: str
    step: Step
    values: Floats
    start_s: int
    known: Floats
    names: tuple[str, ...]
    keys: tuple[int, ...]
    groups: tuple[str, ...]
    outputs: tuple[int, ...]
    limits: tuple[tuple[Limit, ...], ...]
    day_limits: tuple[tuple[DayLimit, ...], ...] = ()
    naive: tuple[bool, ...]
    instants: Ints
    issued: int
    long: bool
    learn: bool
    at_once: bool = False
    """Whether nothing is learnt, judged or kept: the same hours of past weeks speak until the first model does."""


class ThresholdScore(msgspec.Struct, frozen=True, kw_only=True):
    """How the probabilities of one threshold did on one series; ``skill`` is against the climatology."""

    key: str
    count: int
    events: int
    brier: float
    climatology: float
    skill: float | None


class Curve(msgspec.Struct, frozen=True, kw_only=True):
    """Of one threshold, over all series: the calibration of its probabilities and how reliable they were.

    ``bins`` are (mean probability, how often it came, forecasts).
    """

    key: str
    forecast: list[float]
    came: list[float]
    bins: list[tuple[float, float, int]]


class LastDay(msgspec.Struct, frozen=True, kw_only=True):
    """The last whole day: what was forecast at its midnight, by us and by the naive, and what came (NaN as null)."""

    start: int
    actual: list[float | None]
    median: list[float | None]
    low: list[float | None]
    high: list[float | None]
    naive: list[float | None]
    error: float | None
    naive_error: float | None
    coverage: float | None


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """How the forecasts of one datastream have done: mean pinball loss and absolute error, ours and the naive's.

    ``shown`` says whether our forecast is; ``method`` what is published in any case. ``values`` is how many values of
    past issues came; ``coverage`` is that of the 80 % interval; ``history_days`` how many days had values.
    """

    datastream: int
    method: Method
    shown: bool
    reason: Reason
    history_days: int
    since: int | None = None
    """Where the sensor stands since (µs UTC), when it was moved: what came before is not looked at."""
    values: int = 0
    loss: float | None = None
    naive_loss: float | None = None
    error: float | None = None
    naive_error: float | None = None
    coverage: float | None = None
    thresholds: list[ThresholdScore] = []
    last_day: LastDay | None = None


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """The scoreboard of all series of one step, as of the last issue of midnight.

    ``issues`` counts those judged, ``replayed`` those of them that were made afterwards from what was known then.
    """

    standings: list[Standing]
    curves: list[Curve] = []
    issues: int = 0
    replayed: int = 0
    coverage_by_hour: list[float | None] = []
    trained: int = 0
    """When the model was learnt, µs UTC."""
    cpu_s: float = 0.0
    memory_mib: int = 0
    history_steps: int = 0
    covariates: tuple[str, ...] = ()
    without_lightgbm: bool = False


class State(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of one step's forecasts between two runs; times in µs UTC, 0 for never."""

    issued: int = 0
    long: int = 0
    trained: int = 0
    values: int = 0
    """How many values were learnt from."""
    chosen: tuple[int, ...] = ()
    board: Board | None = None
