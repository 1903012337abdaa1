"""Round figures between the classes of a legend, or the contours of a map."""

from __future__ import annotations

import math

MOST_CLASSES = 7
_ROUND = (1.0, 2.0, 2.5, 5.0, 10.0)


def breaks(low: float, high: float, decimals: int, most: int = MOST_CLASSES) -> list[float]:
    """Return bounds of at most ``most`` classes that hold all from ``low`` to ``high``, in round steps.

    No step is finer than the last digit shown.

    >>> breaks(16.2, 19.9, 1), breaks(5.0, 5.0, 0)
    ([16.0, 17.0, 18.0, 19.0, 20.0], [5.0, 6.0])
    """
    least = max((high - low) / most, 10.0**-decimals)
    scale = 10.0 ** math.floor(math.log10(least))
    for step in (each * scale * tens for tens in (1.0, 10.0) for each in _ROUND):
        if step < least * (1 - 1e-9) or round(step, decimals) != step:
            continue
        first, last = math.floor(low / step + 1e-9), math.ceil(high / step - 1e-9)
        if last - first <= most:
            return [round(number * step, 6) for number in range(first, max(last, first + 1) + 1)]
    return [low, high]  # pragma: no cover  # a step of ten times the width holds anything
