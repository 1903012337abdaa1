"""What goes into a forecaster and what it is asked."""

from __future__ import annotations

from collections.abc import Callable

import msgspec
import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

HOUR_S = 3_600
DAY_S = 86_400
LEVELS = (0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9)
"""The quantiles of the published tables."""
QUANTILES = tuple(round(0.05 * number, 2) for number in range(1, 20))
"""The quantiles a city is given: 0.05, 0.1 … 0.95."""


class Panel(msgspec.Struct, frozen=True, kw_only=True):
    """Series of one step length: ``values`` (steps × series, NaN where missing), their first time, what is known ahead.

    ``start_s`` is the local clock of the first step, in seconds since 1970-01-01 00:00 of that clock; ``step_s`` an
    hour or a day. ``known`` (steps and as many ahead as are asked × covariates) may be empty; ``kinds`` says what its
    columns are in terms that all cities share (keys of ``weather.UNITS``, in these units), ``""`` where in none.
    """

    values: Floats
    start_s: int
    step_s: int
    known: Floats
    kinds: tuple[str, ...] = ()

    @property
    def day(self) -> int:
        """Steps of a day, at least one."""
        return max(1, DAY_S // self.step_s)

    @property
    def week(self) -> int:
        """Steps of a week."""
        return 7 * self.day

    @property
    def season(self) -> int:
        """The shortest cycle of more than one step: the day of hours, the week of days."""
        return self.day if self.day > 1 else self.week

    def until(self, cut: int, ahead: int = 0) -> Panel:
        """Return what was there after ``cut`` steps, with the covariates known ``ahead`` steps further."""
        return msgspec.structs.replace(self, values=self.values[:cut], known=self.known[: cut + ahead])

    def clock(self, steps: Ints) -> Ints:
        """Return the local time of steps, in seconds since 1970."""
        return self.start_s + steps * self.step_s


Forecaster = Callable[[Panel, int, Floats], Floats]
"""Panel (with covariates ``horizon`` ahead), horizon, levels → quantiles (horizon × series × levels)."""


def filled(values: Floats) -> Floats:
    """Return the values with each gap filled by the last value before it; 0 where nothing came before.

    >>> filled(np.array([[np.nan], [2.0], [np.nan]])).ravel().tolist()
    [0.0, 2.0, 2.0]
    """
    there = ~np.isnan(values)
    last = np.where(there, np.arange(len(values))[:, None], -1)
    np.maximum.accumulate(last, axis=0, out=last)
    return np.where(last >= 0, np.take_along_axis(values, np.maximum(last, 0), axis=0), 0.0)
