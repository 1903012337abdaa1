"""What goes to the worker process and what comes back, and an anomaly as it is stored and given out."""

from __future__ import annotations

from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.anomaly.causes import Family
from placette.analyse.anomaly.terms import Settings, Watched

Floats = npt.NDArray[np.float64]
Kind = Literal["event", "undecided", "fault"]
"""In the order in which they are told."""
HOUR_US = 3_600_000_000
WITHDRAWN = "withdrawn"


class Around(msgspec.Struct, frozen=True, kw_only=True):
    """What is known beside one series: days of its place (since 1970-01-01) and their names, its device.

    ``flagged`` is the share of values of each of the last hours that quality control doubts (NaN without values);
    ``worked`` are hours (places in the table) in which something was done at the device.
    """

    family: Family
    named_days: dict[int, dict[str, str]]
    worked: tuple[int, ...] = ()
    battery_low: bool = False


class Asked(msgspec.Struct, frozen=True, kw_only=True):
    """The table to look at; hours from ``first`` on are judged. ``weather``: warmth, rain, wind in scales, or NaN."""

    watched: Watched
    first: int
    around: tuple[Around, ...]
    weather: Floats
    flagged: Floats
    settings: Settings


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """A cause that may be meant; all candidates' confidences together are at most 1. ``name`` is the day's, if any."""

    key: str
    confidence: float
    fault: bool | None
    name: str = ""


class Proof(msgspec.Struct, frozen=True, kw_only=True):
    """One figure that speaks for or against: its key in the catalogue of words, and its numbers."""

    key: str
    count: int = 0
    of: int = 0
    value: float = 0.0
    name: str = ""


class Picture(msgspec.Struct, frozen=True, kw_only=True):
    """The hours around: s since 1970 UTC, what came, what was expected, the band that 98 of 100 hours lie in."""

    time: list[int]
    observed: list[float | None]
    expected: list[float | None]
    low: list[float | None]
    high: list[float | None]


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """An anomaly by its place in the table: ``start`` to ``end`` (included), ``peak`` its strangest hour."""

    series: int
    start: int
    end: int
    seen: int
    peak: int
    kind: Kind
    fault: float
    score: float
    chart: str
    direction: int
    observed: float | None
    expected: float | None
    low: float | None
    high: float | None
    ongoing: bool
    causes: tuple[Candidate, ...]
    evidence: tuple[Proof, ...]
    first: int
    """The hour the picture begins with."""
    picture: tuple[tuple[float | None, ...], ...]
    """Observed, expected, low, high of each hour of the picture."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What the worker found, which series it could judge, and what it cost."""

    found: list[Found]
    looked_at: list[bool]
    cpu_s: float


class Details(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The ``parameters`` of the observation of one anomaly; times in s since 1970 UTC."""

    start: int
    end: int
    seen: int
    kind: Kind
    fault: float
    score: float
    chart: str
    direction: int = 0
    observed: float | None = None
    expected: float | None = None
    low: float | None = None
    high: float | None = None
    ongoing: bool = False
    state: str = ""
    causes: tuple[Candidate, ...] = ()
    evidence: tuple[Proof, ...] = ()
    picture: Picture | None = None


class State(msgspec.Struct, frozen=True, kw_only=True):
    """How the last look went; ``hour`` is the end of the last hour looked at, ``at`` when (µs UTC)."""

    hour: int = 0
    at: int = 0
    looked_at: int = 0
    too_short: int = 0
    short: tuple[str, ...] = ()
    """Codes of datastreams with too little history, as far as they fit."""
    cpu_s: float = 0.0
