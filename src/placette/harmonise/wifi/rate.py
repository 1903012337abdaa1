"""Counting by the rate of frames alone, without any address: the idea of RateCount (arXiv 2507.03873).

The full text of that paper was not at hand; only its abstract was read. The estimator here is derived from these
assumptions: every device sends frames as a stationary point process of mean rate λ per minute (bursts allowed), and
every frame is heard. Then E[M] = λ·∫N(t)dt over a window of W minutes (Campbell's theorem), whatever the dependence
between frames, so that ``N̂ = M/(λ·W)`` is unbiased for the number of devices averaged over the window. If frames were
independent, Var(M) = E[M]; bursts make it φ times as large, and φ is estimated from the tenths of the window.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from placette.harmonise.wifi.sketches import Estimate

_Z = 1.959963984540054
"""Normal quantile of a two-sided 95 % interval."""


def count(frames: Sequence[int], minutes: float, per_minute: float) -> Estimate:
    """Return the mean number of devices in a window of ``minutes`` whose equal parts held these ``frames``.

    ``per_minute`` is λ, the frames one device sends per minute.

    >>> count([6, 4, 5, 5, 5, 5, 5, 5, 5, 5], minutes=5, per_minute=1.0).value
    10.0
    """
    total = sum(frames)
    exposure = per_minute * minutes
    half = _Z * float(np.sqrt(total * dispersion(frames))) / exposure
    value = total / exposure
    return Estimate(value, max(0.0, value - half), value + half)


def dispersion(frames: Sequence[int]) -> float:
    """Return φ = variance/mean of the parts, at least 1: independent frames have 1, bursts more."""
    if len(frames) < 2 or not sum(frames):
        return 1.0
    return max(1.0, float(np.var(frames, ddof=1) / np.mean(frames)))
