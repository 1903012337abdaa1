"""Reading again what came before: dead letters after the mend. Piece by piece, so that what comes in is not held up."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Sequence

import msgspec

from placette.intake import MessageIntake
from placette.model.arrivals import Arrival
from placette.model.replays import ReplayReport
from placette.store import Store, inbox
from placette.store.inbox import FILES, Choice, KeptLetter

MOST = 20_000
"""Letters of one order; some ten seconds of work."""
NAMED = 1_000
"""Ids of unusable letters that a report names."""

CodecsOf = Callable[[Arrival], frozenset[str]]
Clock = Callable[[], int]
"""Gives µs since 1970-01-01 UTC."""


def now() -> int:
    """Return the present in µs since 1970-01-01 UTC."""
    return time.time_ns() // 1000


class Replaying:
    """Replays the dead letters of one city; ``codecs_of`` names the codecs that decode an arrival."""

    def __init__(self, store: Store, intake: MessageIntake, codecs_of: CodecsOf, clock: Clock = now) -> None:
        self._store = store
        self._intake = intake
        self._codecs_of = codecs_of
        self._clock = clock

    async def replay(self, choice: Choice, codec: str | None = None) -> ReplayReport:
        """Try the letters chosen again, newest first, at most ``MOST``; ``codec`` narrows them to what it decodes.

        Letters of files are left as they are: the file is imported again. Raises ``Busy`` or ``StorageFailure``; what
        was done before stays done.
        """
        report = ReplayReport()
        tried = 0
        async for piece in inbox.pieces(self._store, choice):
            chosen = await asyncio.to_thread(self._chosen, piece, codec)
            if tried + len(chosen) > MOST:
                following = piece[0].id + 1
                left = await inbox.count(self._store, msgspec.structs.replace(choice, before=following))
                return msgspec.structs.replace(report, left=left, next=following)
            tried += len(chosen)
            done = await self._intake.replay(chosen, self._clock())
            report = ReplayReport(
                replayed=report.replayed + done.replayed,
                stored=report.stored + done.stored,
                failed=report.failed + len(done.unusable),
                unusable=(report.unusable + done.unusable)[:NAMED],
            )
        return report

    def _chosen(self, piece: Sequence[KeptLetter], codec: str | None) -> Sequence[KeptLetter]:
        messages = [kept for kept in piece if kept.letter.arrival.network != FILES]
        if codec is None:
            return messages
        return [kept for kept in messages if codec in self._codecs_of(kept.arrival)]
