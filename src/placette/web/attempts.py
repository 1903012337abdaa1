"""How often an address may fail to sign in: a bound on guessing, in memory alone.

A token has 256 random bits and cannot be guessed; the bound keeps those who try from costing anything.
"""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Callable

MOST = 10
"""Failures of one address within :data:`WINDOW_S` after which it has to wait."""
WINDOW_S = 60.0
ADDRESSES = 10_000
"""Addresses remembered; beyond, the one that began longest ago is forgotten."""


class Attempts:
    """Counts failed sign-ins by address; an IPv6 address counts with its whole /64, which one customer holds.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._failed: dict[str, tuple[float, int]] = {}

    def wait_s(self, address: str) -> float:
        """Return how long this address has to wait before it may try again, s; 0 when it may."""
        began, count = self._failed.get(_network(address), (0.0, 0))
        return max(0.0, began + WINDOW_S - self._clock()) if count >= MOST else 0.0

    def failed(self, address: str) -> None:
        """Note a failure."""
        network, now = _network(address), self._clock()
        began, count = self._failed.get(network, (now, 0))
        if now - began >= WINDOW_S:
            began, count = now, 0
        self._failed.pop(network, None)
        if len(self._failed) >= ADDRESSES:
            del self._failed[next(iter(self._failed))]
        self._failed[network] = (began, count + 1)


def _network(address: str) -> str:
    try:
        found = ipaddress.ip_address(address)
    except ValueError:
        return address[:64]
    return str(found) if found.version == 4 else str(ipaddress.ip_network((found.packed[:8] + bytes(8), 64)))
