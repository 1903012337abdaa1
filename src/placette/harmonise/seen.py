"""The messages that were taken, so that one that comes again is told: bounded, and filled anew at each start."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

WINDOW_US = 86_400_000_000
"""How far apart, by their own times, two messages of one fingerprint are still the same. A counter that starts again
within a session (a device activated by personalisation that lost its power) may repeat one later."""


class Seen:
    """Fingerprints with the time of their message, µs UTC; the oldest are forgotten beyond ``most``."""

    def __init__(self, recent: Iterable[tuple[int, int]] = (), most: int = 200_000) -> None:
        self._times: dict[int, int] = dict(recent)
        self._most = most

    def holds(self, fingerprint: int, time: int, here: Mapping[int, int]) -> bool:
        """True when this message was taken before, or is among those ``here`` that are being taken."""
        for known in (here.get(fingerprint), self._times.get(fingerprint)):
            if known is not None and abs(time - known) <= WINDOW_US:
                return True
        return False

    def add(self, taken: Iterable[tuple[int, int]]) -> None:
        """Remember messages that are durable."""
        for fingerprint, time in taken:
            self._times.pop(fingerprint, None)
            self._times[fingerprint] = time
        while len(self._times) > self._most:
            del self._times[next(iter(self._times))]
