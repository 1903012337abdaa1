"""How it went when what had come before was read again: dead letters after a mend, kept frames by a new codec."""

from __future__ import annotations

import msgspec


class ReplayReport(msgspec.Struct, frozen=True, kw_only=True):
    """How a replay of dead letters went.

    ``replayed`` letters went through and held ``stored`` observations; ``failed`` are still unusable, the newest of
    them by id in ``unusable``; ``left`` were not tried because there were too many for one order.
    """

    replayed: int = 0
    stored: int = 0
    failed: int = 0
    left: int = 0
    unusable: tuple[int, ...] = ()
