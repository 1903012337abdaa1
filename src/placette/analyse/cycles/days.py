"""Typical days: how a weekday, a Saturday, a Sunday, a holiday goes, and how far days of one kind differ.

Which days are holidays, market days or days of an event is told by the caller; here a day has one type.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import date

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.cycles.series import Floats, LocalSeries, Times, days_of, weekday_of

QUANTILES = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95)
FEWEST_DAYS = 4
"""Days of a type below which it has no typical day."""


class TypicalDay(msgspec.Struct, frozen=True, kw_only=True):
    """The quantiles (``QUANTILES`` × hours) of the days of one type; NaN in hours with values on too few of them."""

    type: str
    days: int
    quantiles: Floats

    @property
    def median(self) -> Floats:
        """The median day, per hour."""
        return self.quantile(0.5)

    def quantile(self, share: float) -> Floats:
        """Return one of ``QUANTILES``, per hour."""
        found: Floats = self.quantiles[QUANTILES.index(share)]
        return found


def day_types(
    dates: Times,
    public_holidays: Collection[date] = (),
    school_holidays: Collection[date] = (),
    special: Mapping[str, Collection[date]] | None = None,
) -> npt.NDArray[np.str_]:
    """Return the type of each date; of several that fit, the first of this list.

    The caller's special types in their order (``event``, ``market`` …), ``public_holiday``, ``sunday``, ``saturday``,
    ``school_holiday`` (Monday to Friday), ``weekday``.

    >>> days = np.array(["2026-05-14", "2026-05-15", "2026-05-16", "2026-05-18"], "datetime64[D]")
    >>> day_types(days, {date(2026, 5, 14)}, {date(2026, 5, 15), date(2026, 5, 16)}).tolist()
    ['public_holiday', 'school_holiday', 'saturday', 'weekday']
    """
    weekday = weekday_of(dates)
    named = {name: _among(dates, days) for name, days in (special or {}).items()}
    named |= {
        "public_holiday": _among(dates, public_holidays),
        "sunday": weekday == 6,
        "saturday": weekday == 5,
        "school_holiday": _among(dates, school_holidays),
    }
    return np.select(list(named.values()), list(named), default="weekday")


def _among(dates: Times, days: Collection[date]) -> npt.NDArray[np.bool_]:
    return np.isin(dates.astype("datetime64[D]"), np.array(sorted(days), "datetime64[D]"))


def typical_days(
    series: LocalSeries,
    public_holidays: Collection[date] = (),
    school_holidays: Collection[date] = (),
    special: Mapping[str, Collection[date]] | None = None,
) -> dict[str, TypicalDay]:
    """Return the typical day of each type that has four days or more, the commonest type first.

    >>> from placette.analyse.cycles.series import LocalSeries
    >>> days = typical_days(LocalSeries(96, 1, np.tile(np.arange(24.0), 28)))
    >>> {name: (day.days, day.median[[0, 23]].tolist()) for name, day in days.items()}
    {'weekday': (20, [0.0, 23.0]), 'saturday': (4, [0.0, 23.0]), 'sunday': (4, [0.0, 23.0])}
    """
    dates, values = measured_days(series)
    return typical_of(values, day_types(dates, public_holidays, school_holidays, special))


def measured_days(series: LocalSeries) -> tuple[Times, Floats]:
    """Return the local days that have any value, and their values: days × 24, or × 1 of a daily series."""
    dates, values = days_of(series)
    some = ~np.isnan(values).all(axis=1)
    return dates[some], values[some]


def typical_of(days: Floats, types: npt.NDArray[np.str_]) -> dict[str, TypicalDay]:
    """Return the typical day of each type that has four days or more, the commonest type first.

    >>> days = np.tile([1.0, 5.0], (6, 1))
    >>> found = typical_of(days, np.array(["a", "b", "a", "a", "a", "b"]))
    >>> {name: (day.days, day.median.tolist()) for name, day in found.items()}
    {'a': (4, [1.0, 5.0])}
    """
    names, counts = np.unique(types, return_counts=True)
    order = sorted(zip(names.tolist(), counts.tolist(), strict=True), key=lambda pair: -pair[1])
    return {name: _typical(name, days[types == name]) for name, count in order if count >= FEWEST_DAYS}


def _typical(name: str, days: Floats) -> TypicalDay:
    enough = (~np.isnan(days)).sum(axis=0) >= FEWEST_DAYS
    quantiles = np.full((len(QUANTILES), days.shape[1]), np.nan)
    quantiles[:, enough] = np.nanquantile(days[:, enough], QUANTILES, axis=0)
    return TypicalDay(type=name, days=len(days), quantiles=quantiles)
