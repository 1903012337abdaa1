"""What the year does to a day: the same feast and the same date of last year, found in the data itself.

No country's list of holidays is asked. A day is odd by as much as it left the same weekdays around it; last year's day
of the same date, and near Easter the day as far from Easter, tell what this year's may do. How far Christmas and Easter
are is public knowledge (Meeus, Astronomical Algorithms, for Easter).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from placette.analyse.forecast.running import Running, mean_of
from placette.analyse.forecast.terms import DAY_S, Floats, Ints, Panel

if TYPE_CHECKING:
    from placette.analyse.forecast.features import Examples, Scaled

NEAR_EASTER = 8
"""Days around Easter that last year's days are moved with it."""


def easter(years: Ints) -> Ints:
    """Return Easter Sunday of years, in days since 1970-01-01.

    >>> easter(np.array([2018, 2019, 2024])).astype("datetime64[D]").astype(str).tolist()
    ['2018-04-01', '2019-04-21', '2024-03-31']
    """
    golden, century, rest = years % 19, years // 100, years % 100
    moon = (19 * golden + century - century // 4 - (century - (century + 8) // 25 + 1) // 3 + 15) % 30
    weekday = (32 + 2 * (century % 4) + 2 * (rest // 4) - moon - rest % 4) % 7
    late = (golden + 11 * moon + 22 * weekday) // 451
    of_march = moon + weekday - 7 * late + 22
    return np.asarray(_first_of(years, 2) + of_march - 1)


def _first_of(years: Ints, month: int) -> Ints:
    return np.asarray(((years - 1970) * 12 + month).astype("datetime64[M]").astype("datetime64[D]").astype(np.int64))


def _years(days: Ints) -> Ints:
    return np.asarray(days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.int64) + 1970)


def season(panel: Panel, step: Ints) -> Floats:
    """Return the day of the year; NaN within a first year, when it only counts the time that has passed."""
    days = panel.clock(step) // DAY_S
    if len(panel.values) < 60 * panel.week:
        return np.full(len(step), np.nan)
    return np.asarray(days - _first_of(_years(days), 0), np.float64)


def feasts(panel: Panel, step: Ints) -> list[Floats]:
    """Return the days since the nearest Christmas and since Easter, cut at a fortnight and at ten days."""
    days = panel.clock(step) // DAY_S
    years = _years(days)
    christmas = (days - _first_of(years, 11) - 24 + 180) % 365 - 180
    return [np.clip(christmas, -16, 16).astype(np.float64), np.clip(days - easter(years), -10, 10).astype(np.float64)]


def odd_days(data: Scaled, asked: Examples) -> list[Floats]:
    """Return how odd last year's day was: of the same date, of the same feast; and its week against those before.

    For the series itself, then for the whole panel.
    """
    panel, step = data.panel, asked.step
    days = panel.clock(step) // DAY_S
    start = step - panel.clock(step) % DAY_S // panel.step_s
    years = _years(days)
    feast = easter(years)
    date_row = start - _days_back(days) * panel.day
    feast_row = start - (feast - easter(years - 1)) * panel.day
    near = np.abs(days - feast) <= NEAR_EASTER
    month_row = asked.origin - 52 * panel.week
    columns: list[Floats] = []
    for table, series in ((data.level, asked.series), (data.city, asked.series * 0)):
        columns += [_odd(table, date_row, panel, series), np.where(near, _odd(table, feast_row, panel, series), np.nan)]
        week = table.mean(date_row - 3 * panel.day, date_row + 4 * panel.day, series)
        columns.append(week - table.mean(month_row - 4 * panel.week, month_row, series))
    return columns


def _days_back(days: Ints) -> npt.NDArray[np.int64]:
    """Return how many days ago the same date of last year was; 29 February counts as 1 March."""
    date = days.astype("datetime64[D]")
    month = date.astype("datetime64[M]")
    then = (month - 12).astype("datetime64[D]").astype(np.int64) + (date - month.astype("datetime64[D]")).astype(int)
    return np.asarray(days - then)


def _odd(table: Running, row: Ints, panel: Panel, series: Ints) -> Floats:
    around = [table.mean(row + k * panel.week, row + k * panel.week + panel.day, series) for k in (-2, -1, 1, 2)]
    return np.asarray(table.mean(row, row + panel.day, series) - mean_of(np.stack(around, axis=1)))
