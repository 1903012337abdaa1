"""An allowance that refills: how much may be done for others without harm to the work that comes first."""

from __future__ import annotations


class Allowance:
    """Up to ``burst`` at once and ``per_s`` each second on average (a token bucket). The clock is given, in s.

    >>> allowance = Allowance(per_s=10, burst=5)
    >>> allowance.take(8, now=0.0), allowance.take(8, now=0.2)
    (5, 2)
    """

    def __init__(self, per_s: float, burst: int) -> None:
        self._per_s = per_s
        self._burst = burst
        self._left = float(burst)
        self._at: float | None = None

    def take(self, wanted: int, now: float) -> int:
        """Return how many of ``wanted`` are allowed now, and count them as used."""
        if self._at is not None:
            self._left = min(self._burst, self._left + (now - self._at) * self._per_s)
        self._at = now
        allowed = min(wanted, int(self._left))
        self._left -= allowed
        return allowed
