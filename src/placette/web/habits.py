"""What a place is used to: how many people pass at each hour of a day like today, over the last four weeks."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from placette.model.times import MICROS_PER_S, micros_of
from placette.store import Store, series

WEEKS = 4
"""Weeks looked back at: long enough for quartiles, short enough to follow the season."""
FEWEST_DAYS = 4
"""Days like today below which there is no habit to speak of."""
DAYTIME = range(8, 21)
"""Local hours among which the quietest is sought: nobody needs to hear that four in the morning is quiet."""

Floats = npt.NDArray[np.float64]


class Habit(msgspec.Struct, frozen=True, kw_only=True):
    """Passages per local hour (24 values, ``None`` unknown): usual (median), quartiles, and today so far."""

    usual: tuple[float | None, ...]
    low: tuple[float | None, ...]
    high: tuple[float | None, ...]
    today: tuple[float | None, ...]
    weekend: bool
    days: int

    @property
    def quietest(self) -> int | None:
        """The local hour of the daytime with the fewest people, ``None`` without a habit."""
        known = [(value, hour) for hour, value in enumerate(self.usual) if value is not None and hour in DAYTIME]
        return min(known)[1] if known else None

    def compare(self, count: float, moment: datetime) -> int | None:
        """Return −1, 0 or 1 for fewer, as many, or more people than usual in the hour that ends at ``moment``.

        The bounds are the quartiles, mixed from the two clock hours that the last sixty minutes touch.
        """
        share = moment.minute / 60
        hours = (moment.hour - 1) % 24, moment.hour
        bounds = []
        for quartile in (self.low, self.high):
            before, now = quartile[hours[0]], quartile[hours[1]]
            if before is None or now is None:
                return None
            bounds.append((1 - share) * before + share * now)
        return -1 if count < bounds[0] else int(count > bounds[1])


async def habit(
    store: Store, datastreams: list[int], now: datetime, zone: ZoneInfo, holidays: Collection[date] = ()
) -> Habit | None:
    """Return the habit that these counters show together on days like today; ``None`` when they have no history.

    Public ``holidays`` are days like those of a weekend.
    """
    local = now.astimezone(zone)
    midnight = local.replace(hour=0, minute=0, second=0, microsecond=0)
    start = micros_of(midnight - timedelta(weeks=WEEKS))
    table = await series.aggregate(store, datastreams, start, micros_of(now), "hour", str(zone))
    if not table.num_rows:
        return None
    weekend = _rests(local.date(), holidays)
    by_day = _days(table, zone)
    alike = [hours for day, hours in by_day.items() if day != local.date() and _rests(day, holidays) == weekend]
    today = by_day.get(local.date(), np.full(24, np.nan))
    if len(alike) < FEWEST_DAYS:
        nothing = (None,) * 24
        return Habit(usual=nothing, low=nothing, high=nothing, today=_known(today), weekend=weekend, days=len(alike))
    quartiles = [_quantile(np.array(alike), share) for share in (0.5, 0.25, 0.75)]
    usual, low, high = (_known(column) for column in quartiles)
    return Habit(usual=usual, low=low, high=high, today=_known(today), weekend=weekend, days=len(alike))


def _rests(day: date, holidays: Collection[date]) -> bool:
    return day.weekday() >= 5 or day in holidays


def _days(table: pa.Table, zone: ZoneInfo) -> dict[date, Floats]:
    """Return per local date the 24 hourly sums over all counters; the repeated hour of autumn adds up."""
    days: dict[date, Floats] = {}
    starts = table.column("start").cast(pa.int64()).to_pylist()
    for start, total in zip(starts, table.column("sum").to_pylist(), strict=True):
        moment = datetime.fromtimestamp(start / MICROS_PER_S, zone)
        hours = days.setdefault(moment.date(), np.full(24, np.nan))
        hours[moment.hour] = np.nan_to_num(hours[moment.hour]) + total
    return days


def _quantile(days: Floats, share: float) -> Floats:
    known = ~np.isnan(days).all(axis=0)
    column = np.full(24, np.nan)
    column[known] = np.nanquantile(days[:, known], share, axis=0)
    return column


def _known(column: Floats) -> tuple[float | None, ...]:
    return tuple(None if np.isnan(value) else float(value) for value in column)
