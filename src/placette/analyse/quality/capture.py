"""Data capture: which means of hours, eight hours, days and years have enough values behind them to be stated.

The shares are rules of law, passed in as dated values (:class:`CaptureRule`); the methods here know none.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Literal

import msgspec
import numpy as np
from msgspec import Meta

from placette.analyse.quality.qartod import Floats, Times

Statistic = Literal["hour", "eight_hours", "day_of_eight_hours", "day", "year"]
_HOUR_US = 3_600_000_000


class CaptureRule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The least share of expected values that a mean needs, from a day on and to a day (exclusive)."""

    statistic: Statistic
    least_share: Annotated[float, Meta(gt=0, le=1)]
    valid_from: date
    valid_to: date | None = None
    source: str
    confirmed: bool


def least_share(rules: tuple[CaptureRule, ...], statistic: Statistic, day: date) -> float:
    """Return the share in force on ``day``, the newest rule's; raises ``LookupError`` when none is.

    >>> rule = CaptureRule(statistic="day", least_share=0.75, valid_from=date(2008, 6, 11), source="", confirmed=False)
    >>> least_share((rule,), "day", date(2026, 7, 1))
    0.75
    """
    inside = [
        rule
        for rule in rules
        if rule.statistic == statistic and rule.valid_from <= day and (rule.valid_to is None or day < rule.valid_to)
    ]
    if not inside:
        raise LookupError(f"no rule on the capture of {statistic} is in force on {day}")
    return max(inside, key=lambda rule: rule.valid_from).least_share


def hourly_means(times: Times, values: Floats, every_s: float, share: float) -> tuple[Times, Floats]:
    """Return the full hours (starts, µs UTC, without gaps) and their means, NaN where too little was captured.

    >>> quarters = np.array([0, 1, 2, 3, 4, 5]) * 900_000_000
    >>> hourly_means(quarters, np.array([1.0, 2, 3, np.nan, 5, 6]), 900, 0.75)
    (array([         0, 3600000000]), array([ 2., nan]))
    """
    there = ~np.isnan(values)
    if not there.any():
        return np.empty(0, np.int64), np.empty(0)
    hour = times[there] // _HOUR_US
    first, size = int(hour.min()), int(hour.max() - hour.min()) + 1
    arrived = np.bincount(hour - first, minlength=size)
    sums = np.bincount(hour - first, values[there], size)
    means = np.where(arrived >= share * max(1.0, 3600 / every_s), sums / np.maximum(arrived, 1), np.nan)
    return (np.arange(size) + first) * _HOUR_US, means


def running_means(hourly: Floats, share: float, width: int = 8) -> Floats:
    """Return the mean of each hour with the ``width`` − 1 before it, NaN where too few of them are valid.

    >>> running_means(np.array([1.0, 1, 1, np.nan, np.nan, 1, 1, 1, np.nan]), 0.75).tolist()
    [nan, nan, nan, nan, nan, nan, nan, 1.0, nan]
    """
    there = ~np.isnan(hourly)
    sums = np.concatenate([[0.0], np.cumsum(np.where(there, hourly, 0))])
    counts = np.concatenate([[0], np.cumsum(there)])
    found = np.full(len(hourly), np.nan)
    if len(hourly) >= width:
        number = counts[width:] - counts[:-width]
        enough = number >= share * width
        found[width - 1 :][enough] = (sums[width:] - sums[:-width])[enough] / number[enough]
    return found


def by_span(hourly: Floats, spans: Times, expected: Floats, share: float, *, largest: bool = False) -> Floats:
    """Return one figure per span, its mean or its ``largest`` value, NaN where too few hours are valid.

    ``spans`` gives for each hour the number of its span (0, 1, …: local days, years), ``expected`` how many hours each
    span has (23, 24 or 25; 8,760).

    >>> hours = np.concatenate([np.full(24, 4.0), np.full(17, 4.0), np.full(7, np.nan)])
    >>> by_span(hours, np.repeat([0, 1], 24), np.array([24.0, 24]), 0.75).tolist()
    [4.0, nan]
    """
    there = ~np.isnan(hourly)
    count = np.bincount(spans[there], minlength=len(expected))
    if largest:
        figure = np.full(len(expected), -np.inf)
        np.maximum.at(figure, spans[there], hourly[there])
    else:
        figure = np.bincount(spans[there], hourly[there], len(expected)) / np.maximum(count, 1)
    return np.where((count >= share * expected) & (count > 0), figure, np.nan)
