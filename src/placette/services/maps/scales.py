"""What is interpolated, and how it becomes the property's unit again.

Concentrations and counts are skewed: their natural logarithm is interpolated, and what is shown is the median (the
exponential), with a band that is wider above than below. Sound levels are logarithms of energy already: levels are
interpolated as they are, while their mean over a period is that of the energy. Everything else stays as it is.
"""

from __future__ import annotations

import math
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from placette.analyse.kriging.pooled import NORMAL_80
from placette.city.model import Property

Floats = npt.NDArray[np.float64]
Scale = Literal["plain", "log", "level"]
_SKEWED = ("g/m3", "g/L", "[ppb]", "[ppm]", "/min", "/h", "/d")
_erfc = np.frompyfunc(math.erfc, 1, 1)


class Shown(msgspec.Struct, frozen=True):
    """Values in the property's unit with their standard error and their 80 % band."""

    values: Floats
    errors: Floats
    low: Floats
    high: Floats


def scale_of(known: Property) -> Scale:
    """Return how values of a property are interpolated."""
    if known.combine == "energetic" or known.unit.startswith("dB"):
        return "level"
    return "log" if known.combine == "sum" or known.unit.endswith(_SKEWED) else "plain"


def forward(scale: Scale, values: Floats, decimals: int) -> Floats:
    """Return what is interpolated; a logarithm is that of half the last digit shown at the least.

    >>> forward("log", np.array([1.0, 0.0]), 1).round(3).tolist(), forward("plain", np.array([1.0]), 1).tolist()
    ([0.0, -2.996], [1.0])
    """
    return np.log(np.maximum(values, 0.5 * 10.0**-decimals)) if scale == "log" else values


def back(scale: Scale, values: Floats, errors: Floats) -> Shown:
    """Return the property's values; the standard error of a logarithm is half the width of its ± 1 error band.

    >>> shown = back("log", np.array([0.0]), np.array([0.5]))
    >>> [round(float(each[0]), 3) for each in (shown.values, shown.errors, shown.low, shown.high)]
    [1.0, 0.521, 0.527, 1.898]
    """
    low, high = values - NORMAL_80 * errors, values + NORMAL_80 * errors
    if scale != "log":
        return Shown(values, errors, low, high)
    middle = np.exp(values)
    return Shown(middle, middle * np.sinh(errors), np.exp(low), np.exp(high))


def above(values: Floats, errors: Floats, threshold: float) -> Floats:
    """Return the probability that each value (as interpolated) is above a threshold (as interpolated too).

    >>> above(np.array([1.0, 3.0]), np.array([1.0, 1.0]), 2.0).round(3).tolist()
    [0.159, 0.841]
    """
    far = (threshold - values) / np.maximum(errors, 1e-12) / math.sqrt(2)
    return 0.5 * np.asarray(_erfc(far), np.float64)
