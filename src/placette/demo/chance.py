"""Chance without memory: numbers that look random and are a pure function of a seed and a position.

History and live values come from the same function of time, so nothing may depend on what was drawn before. The mixing
function is the finaliser of SplitMix64 (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
"""

from __future__ import annotations

import hashlib

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]
Times = npt.NDArray[np.int64]

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_FIRST = np.uint64(0xBF58476D1CE4E5B9)
_SECOND = np.uint64(0x94D049BB133111EB)


def seed_of(*parts: str | int) -> int:
    """Return a 63-bit seed for these words and numbers, the same on every machine.

    >>> seed_of("AIX-ROT-AIR-01", 7) == seed_of("AIX-ROT-AIR-01", 7)
    True
    """
    digest = hashlib.blake2b("\x1f".join(map(str, parts)).encode(), digest_size=8).digest()
    return int.from_bytes(digest, "big") >> 1


def uniform(seed: int, index: Times) -> Floats:
    """Return a number of [0, 1) for each index."""
    found: Floats = (_mixed(seed, index) >> np.uint64(11)).astype(np.float64) * 2.0**-53
    return found


def normal(seed: int, index: Times) -> Floats:
    """Return a nearly normal number (mean 0, deviation 1, never beyond 3.5) for each index.

    It is the sum of four uniform numbers of 16 bits, scaled: one mixing for one number.
    """
    bits = _mixed(seed, index)
    total = np.zeros(bits.shape)
    for shift in (0, 16, 32, 48):
        total += (bits >> np.uint64(shift)) & np.uint64(0xFFFF)
    found: Floats = (total / 65_536 - 2) * np.sqrt(3.0)
    return found


def smooth(seed: int, times: Times, period_s: float) -> Floats:
    """Return a curve through nearly normal knots ``period_s`` apart, at each time (µs since 1970-01-01 UTC)."""
    position = times / (period_s * 1e6)
    knot = np.floor(position)
    part = position - knot
    weight = part * part * (3 - 2 * part)
    index = knot.astype(np.int64)
    found: Floats = normal(seed, index) * (1 - weight) + normal(seed, index + 1) * weight
    return found


def _mixed(seed: int, index: Times) -> npt.NDArray[np.uint64]:
    with np.errstate(over="ignore"):
        bits = np.asarray(index).astype(np.uint64) * _GOLDEN + np.uint64(seed)
        bits = (bits ^ (bits >> np.uint64(30))) * _FIRST
        bits = (bits ^ (bits >> np.uint64(27))) * _SECOND
        return bits ^ (bits >> np.uint64(31))
