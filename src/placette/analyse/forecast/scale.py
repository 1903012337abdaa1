"""The scale on which the models work, of each series by itself: between the values and their logarithms.

A power of the value in its usual size (Box & Cox 1964): on logarithms all peaks weigh alike, quiet nights too; as they
are, the highest peaks alone. ``POWER`` was chosen on windows beside the published tasks (docs/forecasting.md).
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.analyse.forecast.terms import Floats, Ints

POWER = 0.25


class Scale(msgspec.Struct, frozen=True, kw_only=True):
    """Of each series: what is added to a value, and the size that then is one."""

    offset: Floats
    size: Floats

    @classmethod
    def of(cls, values: Floats) -> Scale:
        """Learn the scale of series (steps × series): shifted where one falls below zero; 1 where none ever spoke."""
        there = ~np.isnan(values)
        low = np.where(there.any(axis=0), np.fmin.reduce(values, axis=0, initial=np.inf), 0.0)
        middle = np.array([_median(row[~np.isnan(row)]) for row in np.ascontiguousarray(values.T)])
        share = 0.1 * np.abs(middle)
        offset = np.maximum(share, 1e-3) - np.minimum(low, 0.0)
        return cls(offset=offset, size=np.maximum(np.abs(middle), 1e-3) + offset)

    def some(self, series: Ints) -> Scale:
        """Return the scale of these series, in the order and shape in which they are asked."""
        return Scale(offset=self.offset[series], size=self.size[series])

    def there(self, values: Floats) -> Floats:
        """Return where values (… × series) lie on the scale; lower ones than it was learnt from, at its end."""
        found = values + self.offset
        found /= self.size
        np.maximum(found, 0.0, out=found)
        np.power(found, POWER, out=found)
        found -= 1
        found /= POWER
        return np.asarray(found)

    def back(self, z: Floats) -> Floats:
        """Return what lies on the scale (… × series) as values."""
        return np.asarray(np.maximum(1 + POWER * z, 0.0) ** (1 / POWER) * self.size - self.offset)

    def steepness(self, z: Floats) -> Floats:
        """Return by how much a value grows with its place on the scale (… × series)."""
        return np.asarray(np.maximum(1 + POWER * z, 1e-3) ** (1 / POWER - 1) * self.size)


def _median(known: Floats) -> float:
    """Return the median of values, which lose their order; 1 of none.

    >>> float(_median(np.array([5.0, 1, 2, 4]))), _median(np.array([]))
    (3.0, 1.0)
    """
    half = len(known) // 2
    if not len(known):
        return 1.0
    known.partition((half - 1, half) if half else half)  # of a long past half the time that np.median takes
    return float(known[half] if len(known) % 2 else (known[half - 1] + known[half]) / 2)
