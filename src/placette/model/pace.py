"""How fast: what came in the last minute, and an allowance of work for others that refills. Clocks are given."""

from __future__ import annotations

from collections import deque

_WINDOW_S = 60


class LastMinute:
    """Counts things by the second and remembers a minute of them; one thread counts, any thread reads.

    >>> frames = LastMinute()
    >>> frames.count(3, now=0), frames.count(2, now=59_000_000)
    (None, None)
    >>> frames.total(now=59_000_000), frames.total(now=61_000_000)
    (5, 2)
    """

    def __init__(self) -> None:
        self._seconds: deque[tuple[int, int]] = deque(maxlen=_WINDOW_S + 1)

    def count(self, number: int, now: int) -> None:
        """Note ``number`` things at ``now`` (µs)."""
        second = now // 1_000_000
        if self._seconds and self._seconds[-1][0] == second:
            self._seconds[-1] = (second, self._seconds[-1][1] + number)
        else:
            self._seconds.append((second, number))

    def total(self, now: int) -> int:
        """Return how many came in the minute before ``now`` (µs)."""
        since = now // 1_000_000 - _WINDOW_S
        return sum(number for second, number in tuple(self._seconds) if second > since)


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
