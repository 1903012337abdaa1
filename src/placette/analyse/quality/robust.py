"""Robust scale and quantiles: Qn of Rousseeuw and Croux, quantiles of the normal and of Student's distribution."""

from __future__ import annotations

import math
from collections.abc import Iterator
from functools import cache
from statistics import NormalDist

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]

_CONSISTENT = 2.21914
"""Makes Qn estimate the standard deviation of a normal distribution: 1 / (√2 · Φ⁻¹(5/8))."""
_SMALL = (0.399356, 0.99365, 0.51321, 0.84401, 0.61220, 0.85877, 0.66993, 0.87344, 0.72014, 0.88906, 0.75743)
"""Finite-sample factors of n = 2 … 12 (Croux and Rousseeuw 1992, as in R's robustbase)."""
_MOST_PAIRS = 2_000_000
"""Pairs held at once, so that 600 stations need tens of megabytes and not a gigabyte."""


def qn(values: Floats) -> Floats:
    """Return the scale estimate Qn of each column of ``values`` (members × columns); NaN members do not count.

    The k-th smallest of all pairwise distances, k = C(⌊n/2⌋ + 1, 2), times a factor for consistency and one for small
    samples (Rousseeuw and Croux 1993, J. Am. Stat. Assoc. 88, 1273; factors of robustbase). NaN for fewer than two.

    >>> qn(np.array([[1.0], [2], [3], [4], [5], [100]])).round(6).tolist()
    [2.717115]
    >>> qn(np.array([[20.1], [20.4], [19.8], [25], [20.0], [20.2], [20.3]])).round(7).tolist()
    [0.3811462]
    """
    ordered = np.sort(values, axis=0)  # NaN goes last
    counts = np.count_nonzero(~np.isnan(values), axis=0)
    scale = np.full(values.shape[1], np.nan)
    for count in np.unique(counts[counts > 1]).tolist():
        half = count // 2 + 1
        rank = half * (half - 1) // 2 - 1
        left, right = np.triu_indices(count, 1)
        near = right - left < half  # a pair further apart in rank spans more than k closer pairs
        left, right = left[near], right[near]
        for columns in _slices(np.flatnonzero(counts == count), len(left)):
            part = np.ascontiguousarray(ordered[:count, columns].T)
            distances = part[:, right] - part[:, left]
            distances.partition(rank, axis=1)
            scale[columns] = distances[:, rank] * _CONSISTENT * _small_sample(count)
    return scale


def normal_quantile(probability: float) -> float:
    """Return the quantile of the standard normal distribution.

    >>> round(normal_quantile(0.95), 6)
    1.644854
    """
    return NormalDist().inv_cdf(probability)


@cache
def student_quantile(probability: float, freedom: int) -> float:
    """Return the quantile of Student's t with a whole number of degrees of freedom.

    By bisection on the finite sums of Abramowitz and Stegun, 26.7.3 and 26.7.4. Raises ``ValueError`` outside of
    0 < probability < 1 and freedom ≥ 1.

    >>> [round(student_quantile(0.95, freedom), 6) for freedom in (1, 2, 3, 10, 500)]
    [6.313752, 2.919986, 2.353363, 1.812461, 1.647907]
    """
    if not 0 < probability < 1 or freedom < 1:
        raise ValueError(f"no quantile {probability} of Student's t with {freedom} degrees of freedom")
    if probability < 0.5:
        return -student_quantile(1 - probability, freedom)
    low, high = 0.0, 1.0
    while _student_share(high, freedom) < probability:
        low, high = high, 2 * high
    for _ in range(80):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_share(middle, freedom) < probability else (low, middle)
    return (low + high) / 2


def _student_share(t: float, freedom: int) -> float:
    """Return P(T ≤ t) for t ≥ 0."""
    angle = math.atan(t / math.sqrt(freedom))
    sine, cosine = math.sin(angle), math.cos(angle)
    odd = freedom % 2
    term = total = cosine if odd else 1.0
    for step in range(2 + odd, freedom - 1, 2):
        term *= cosine * cosine * (step - 1) / step
        total += term
    if freedom == 1:
        inside = 2 * angle / math.pi
    elif odd:
        inside = 2 / math.pi * (angle + sine * total)
    else:
        inside = sine * total
    return 0.5 + inside / 2


def _small_sample(count: int) -> float:
    if count <= 12:
        return _SMALL[count - 2]
    if count % 2:
        return 1 / ((1.60188 + (-2.1284 - 5.172 / count) / count) / count + 1)
    return 1 / ((3.67561 + (1.9654 + (6.987 - 77 / count) / count) / count) / count + 1)


def _slices(columns: npt.NDArray[np.int64], pairs: int) -> Iterator[npt.NDArray[np.int64]]:
    width = max(1, _MOST_PAIRS // pairs)
    for start in range(0, len(columns), width):
        yield columns[start : start + width]
