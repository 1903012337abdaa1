"""Means of any stretch of many series at once, by running sums; missing values count nowhere."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast.terms import Floats, Ints


class Running(msgspec.Struct, frozen=True, kw_only=True):
    """Sums and counts of all rows before each row (steps + 1 × series)."""

    sums: Floats
    counts: Floats

    @classmethod
    def of(cls, values: Floats) -> Running:
        """Sum a table (steps × series).

        >>> table = Running.of(np.array([[1.0], [np.nan], [5.0]]))
        >>> table.mean(np.array([0, 1, 1]), np.array([3, 3, 2]), np.array([0, 0, 0])).tolist()
        [3.0, 5.0, nan]
        """
        zero = np.zeros((1, values.shape[1]))
        there = np.cumsum(~np.isnan(values), axis=0)
        return cls(sums=np.vstack([zero, np.nancumsum(values, axis=0)]), counts=np.vstack([zero, there]))

    def mean(self, first: Ints, after: Ints, series: Ints) -> Floats:
        """Return the mean over rows ``first`` ≤ row < ``after`` of each series; NaN where nothing is there."""
        last = len(self.sums) - 1
        low, high = np.clip(first, 0, last), np.clip(after, 0, last)
        count = self.counts[high, series] - self.counts[low, series]
        total = self.sums[high, series] - self.sums[low, series]
        return np.asarray(np.where(count > 0, total / np.maximum(count, 1), np.nan))


def mean_of(rows: Floats) -> Floats:
    """Return the mean of each row of what is there; NaN where nothing is."""
    there = ~np.isnan(rows)
    count = there.sum(axis=1)
    return np.asarray(np.where(count > 0, np.where(there, rows, 0).sum(axis=1) / np.maximum(count, 1), np.nan))
