"""The same tests on values as they come, one state per datastream, without looking back into the store.

What can be known when a value arrives: its range, its rate of change, how long nothing has moved. Whether it is a spike
needs the value after it; then the verdict on the one before is mended. Not known here: what comes late (left to the
batch, which sees both sides), and what neighbours say.
"""

from __future__ import annotations

import math
from collections import deque

from placette.analyse.quality.terms import Terms
from placette.model.observations import Quality

GOOD, UNKNOWN, SUSPECT, FAIL, MISSING = (
    int(flag) for flag in (Quality.GOOD, Quality.NOT_EVALUATED, Quality.SUSPECT, Quality.FAIL, Quality.MISSING)
)


class Stream:
    """The state of one datastream: its last two values and the values since it last moved.

    >>> stream = Stream(Terms(fail=(-30, 50), spike=(5, 10)))
    >>> [stream.step(hour * 3_600_000_000, value) for hour, value in enumerate([20.0, 21.0, 99.0, 45.0, 21.0])]
    [(1, 0), (1, 0), (4, 0), (1, 0), (1, 4)]
    """

    __slots__ = ("_before", "_high", "_low", "_still", "_terms", "flag", "time", "value")

    def __init__(self, terms: Terms) -> None:
        self.time = -(2**63)
        self.flag = UNKNOWN
        self._terms = terms
        self.value = math.nan
        self._before = math.nan
        self._still: deque[float] = deque(maxlen=terms.flat[1] + 1)
        self._low = math.inf
        self._high = -math.inf

    def step(self, time: int, value: float) -> tuple[int, int]:
        """Return the flag of this value and, when it has become worse, the new one of the value before (else 0).

        ``time`` in µs UTC, ``value`` NaN when missing. A value that cannot be (4) leaves no trace. One that is not
        newer than the last is not evaluated (2); the last one sent again has its flag again.
        """
        if value != value:  # noqa: PLR0124  # NaN, four times faster than math.isnan
            return MISSING, 0
        terms = self._terms
        low, high = terms.fail
        if value < low or value > high:
            return FAIL, 0
        if time <= self.time:
            return (self.flag if time == self.time and value == self.value else UNKNOWN), 0
        linked = time - self.time <= terms.linked_us and self.value == self.value  # not NaN
        low, high = terms.suspect
        flag = SUSPECT if value < low or value > high else GOOD
        revised = 0
        if linked:
            change = value - self.value
            if flag == GOOD and abs(change) > terms.rate * (time - self.time) / 1_000_000:
                flag = SUSPECT
            revised = self._spike(change)
        if terms.flat[0]:
            flag = max(flag, self._stillness(value, linked))
        self._before = self.value if linked else math.nan
        self.value, self.time, self.flag = value, time, flag
        return flag, revised

    def _spike(self, change: float) -> int:
        """Return the new flag of the value before this one, 0 when it stands."""
        came = self.value - self._before
        if not came * change < 0:
            return 0
        height = min(abs(came), abs(change))
        suspect, fail = self._terms.spike
        flag = FAIL if height > fail else SUSPECT if height > suspect else GOOD
        return flag if flag > self.flag else 0

    def _stillness(self, value: float, linked: bool) -> int:
        """Take the value in and return the flag for how long all values have stayed within the tolerance."""
        terms, still = self._terms, self._still
        if not linked:
            still.clear()
        if not still:
            self._low = self._high = value
        still.append(value)
        if value < self._low or value > self._high:
            self._low, self._high = min(self._low, value), max(self._high, value)
            if self._high - self._low >= terms.tolerance:
                self._shorten()
        if value == terms.spared:
            return GOOD
        length = len(still) - 1
        return FAIL if length >= terms.flat[1] else SUSPECT if length >= terms.flat[0] else GOOD

    def _shorten(self) -> None:
        """Keep the longest end of the values that stays within the tolerance."""
        low = high = self._still[-1]
        kept = 0
        for value in reversed(self._still):
            low, high = min(low, value), max(high, value)
            if high - low >= self._terms.tolerance:
                break
            kept += 1
        last = [self._still.pop() for _ in range(kept)]
        self._still.clear()
        self._still.extend(reversed(last))
        self._low, self._high = min(last), max(last)
