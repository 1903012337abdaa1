"""What is said of a datastream's rhythm, as immutable values; numbers are in the datastream's unit, times local."""

from __future__ import annotations

from typing import Literal

import msgspec

Values = tuple[float | None, ...]


class Lack(msgspec.Struct, frozen=True, kw_only=True):
    """Why something is not told: ``no_values``, ``too_short`` (days there are, days needed), ``daily`` values."""

    key: Literal["no_values", "too_short", "daily"]
    days: int = 0
    needed: int = 0


class Period(msgspec.Struct, frozen=True, kw_only=True):
    """A period of the series: ``hours`` long, with ``share`` of what varies around the trend.

    Day, week and year have their ``key``, and hold the periods of a half, a third … of their length.
    """

    hours: float
    share: float
    key: Literal["day", "week", "year", ""] = ""


class Profile(msgspec.Struct, frozen=True, kw_only=True):
    """The typical day of a type: median, 10 % and 90 % of each hour (one value for daily series), and days behind it.

    A type with fewer than four days has no hours.
    """

    day_type: str
    days: int
    hours: Values = ()
    low: Values = ()
    high: Values = ()


class Month(msgspec.Struct, frozen=True, kw_only=True):
    """A month of fourteen days of values or more: mean, and strength of day and week within it."""

    month: str
    mean: float
    strength: dict[str, float | None]


class Shifted(msgspec.Struct, frozen=True, kw_only=True, tag="level"):
    """The last weeks against earlier ones, ``year_before`` or, for want of them, ``weeks_before``: that may be season.

    ``level``: relative change of the mean, from ``before`` to ``after``; ``level_p``: how often weeks shuffled between
    the periods change as much. ``shape_p`` is the same for the shape of the week, whose hour ``hour`` (0 Monday 0 h …
    167) changed most, by ``by`` of the mean. Relative figures mean nothing where the unit has no natural zero.
    """

    against: Literal["year_before", "weeks_before"]
    since: str
    weeks: tuple[int, int]
    before: float
    after: float
    level: float
    level_p: float
    shape_p: float
    hour: int
    by: float


class Moved(msgspec.Struct, frozen=True, kw_only=True, tag="peak"):
    """A peak of weekdays, Saturdays or Sundays that stood at ``hour`` (local) and is ``by`` hours later ``since``."""

    days: Literal["weekdays", "saturday", "sunday"]
    hour: float
    by: float
    since: str
    p: float
    weeks: tuple[int, int]


def _unknown() -> dict[str, float | None]:
    return {"day": None, "week": None, "year": None}


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """What is said of a series: nothing, unless there are values.

    ``strength`` is from 0 to 1 per rhythm, ``null`` for the reason in ``lacking``; ``chance`` is what noise alone would
    show; ``peak`` where each rhythm is highest: hour of the day, hour of the week from Monday 0 h, day of the year.
    ``week`` is the median of each hour from Monday on (7 × 24), ``week_days`` how many days stand behind each weekday
    at the most, ``week_count`` how many weeks there are values of. ``days`` is the total of a day for what is counted
    or metered (a gap of less than a quarter of the day is made good), else its mean; ``day_types`` says which days were
    not everyday. ``left_out`` are steps below zero of something that is counted: they are taken for missing.
    """

    first: str | None = None
    last: str | None = None
    captured: float = 0.0
    constant: bool = False
    left_out: int = 0
    strength: dict[str, float | None] = msgspec.field(default_factory=_unknown)
    chance: dict[str, float | None] = msgspec.field(default_factory=_unknown)
    peak: dict[str, int] = {}
    strongest_periods: tuple[Period, ...] = ()
    week: tuple[Values, ...] = ()
    week_days: tuple[int, ...] = ()
    week_count: int = 0
    days: dict[str, float] = {}
    day_types: dict[str, tuple[str, ...]] = {}
    profiles: tuple[Profile, ...] = ()
    course: tuple[Month, ...] = ()
    change: tuple[Shifted | Moved, ...] = ()
    lacking: dict[str, Lack] = {}


class Installed(msgspec.Struct, frozen=True, kw_only=True):
    """Since when (ISO 8601) a sensor stands where it does (``moved``), or another device measures there (``replaced``).

    Values before a move are left out of everything; what has changed is looked for since the last of both alone.
    """

    since: str
    what: Literal["moved", "replaced"]


class SeriesRhythm(Told, frozen=True, kw_only=True):
    """The rhythm of one datastream; ``combine`` says how its values become those of a step of ``step_s``."""

    installed: tuple[Installed, ...] = ()

    datastream: int
    code: str | None
    name: str
    unit: str
    symbol: str
    origin: str
    combine: str
    step_s: int


class TypicalWeek(msgspec.Struct, frozen=True, kw_only=True):
    """The median of each hour of the week (7 × 24, Monday first) of several datastreams together, as pages show it.

    What is counted or metered is added up in hours in which all of them have a value, sound levels are averaged as
    energy, everything else is averaged. ``weeks`` are those with any value.
    """

    week: tuple[Values, ...]
    week_days: tuple[int, ...]
    weeks: int
    datastreams: int
    combine: str


class Rhythms(msgspec.Struct, frozen=True, kw_only=True):
    """What ``/api/rhythms`` answers; dates and hours are those of ``zone``."""

    zone: str
    start: str
    end: str
    school_holidays_known: tuple[str, str] | None
    series: tuple[SeriesRhythm, ...]
