"""Counting distinct keys without keeping them: HyperLogLog and theta sketches of Apache DataSketches.

HyperLogLog with 2^12 registers has a relative standard error of about 0.8/√4096 = 1.3 % (Flajolet et al. 2007; HIP
estimator, Cohen 2015), and is exact for a few dozen keys. A sketch holds hashes of keys, never a key.
"""

from __future__ import annotations

from math import hypot
from types import ModuleType
from typing import Any

import msgspec

from placette.model.errors import NotFound

LG_K = 12
_DEVIATIONS = 2
"""Bounds lie two standard deviations away: 95 %."""


class Estimate(msgspec.Struct, frozen=True):
    """A number of distinct devices with its 95 % bounds."""

    value: float = 0.0
    lower: float = 0.0
    upper: float = 0.0

    def __add__(self, other: Estimate) -> Estimate:
        """Return the estimate of two disjoint sets together; their errors are independent."""
        value = self.value + other.value
        below = hypot(self.value - self.lower, other.value - other.lower)
        above = hypot(self.upper - self.value, other.upper - other.value)
        return Estimate(value, value - below, value + above)


def library() -> ModuleType:
    """Return DataSketches; raises ``NotFound`` with the command that installs it."""
    try:
        import datasketches  # noqa: PLC0415  # 0.4 s that only cities with such sensors pay
    except ImportError:
        raise NotFound(
            "counting by Wi-Fi needs Apache DataSketches", "datasketches", "pip install 'placette[wifi]'"
        ) from None
    found: ModuleType = datasketches
    return found


def new_count() -> Any:
    """Return an empty HyperLogLog sketch."""
    sketches = library()
    return sketches.hll_sketch(LG_K, sketches.tgt_hll_type.HLL_8)


def new_set() -> Any:
    """Return an empty theta sketch, of which intersections can be taken."""
    return library().update_theta_sketch(LG_K)


def estimate(sketch: Any) -> Estimate:
    """Return what a sketch of either kind has counted."""
    return Estimate(
        sketch.get_estimate(), sketch.get_lower_bound(_DEVIATIONS), sketch.get_upper_bound(_DEVIATIONS)
    )  # fmt: skip


def both(one: Any, other: Any) -> Estimate:
    """Return how many keys stand in both theta sketches."""
    common = library().theta_intersection()
    common.update(one)
    common.update(other)
    return estimate(common.get_result())
