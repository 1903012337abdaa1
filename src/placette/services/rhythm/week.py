"""The typical week of several datastreams together: the passers-by of a square, the noise of a place."""

from __future__ import annotations

import numpy as np

from placette.analyse.cycles.series import Floats, LocalSeries, days_of
from placette.analyse.cycles.tables import heat_map
from placette.services.rhythm.answer import TypicalWeek

_EXTRA = 2
"""Places more than are shown, so that what is computed from the table is not rounded twice."""


def typical_week(values: Floats, start: int, combine: str, decimals: int) -> TypicalWeek | None:
    """Return the week of hourly series (steps × datastreams, NaN where missing) that begin at hour ``start``.

    ``start`` is in whole hours since 1970-01-01 by the local clock. A datastream without any value does not take part.

    >>> together = typical_week(np.tile([1.0, 2.0, np.nan], (24 * 14, 1)), 96, "sum", 0)
    >>> together.week[0][0], together.weeks, together.datastreams
    (3.0, 2, 2)
    """
    there = ~np.isnan(values).all(axis=0)
    known = np.where(values < 0, np.nan, values)[:, there] if combine == "sum" else values[:, there]
    if not known.size or np.isnan(known).all():
        return None
    series = LocalSeries(start, 1, _together(known, combine))
    table = heat_map(series)
    dates, days = days_of(series)
    some = dates[~np.isnan(days).all(axis=1)].astype(np.int64)
    return TypicalWeek(
        week=tuple(
            tuple(None if np.isnan(one) else round(float(one), decimals + _EXTRA) for one in row)
            for row in table.medians
        ),
        week_days=tuple(int(row.max()) for row in table.counts),
        weeks=len(np.unique((some + 3) // 7)),
        datastreams=int(there.sum()),
        combine=combine,
    )


def _together(values: Floats, combine: str) -> Floats:
    if combine in ("sum", "difference"):
        found: Floats = values.sum(axis=1)
        return found
    there = ~np.isnan(values)
    parts = 10 ** (values / 10) if combine == "energetic" else values
    with np.errstate(divide="ignore", invalid="ignore"):
        mean = np.where(there, parts, 0).sum(axis=1) / there.sum(axis=1)
        return np.asarray(10 * np.log10(mean) if combine == "energetic" else mean)
