"""The way from bytes to durable observations: what ``connect`` hands over goes through ``harmonise`` into the store.

``app`` gives these to the ways in; they know neither of each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Sequence
from functools import partial

import msgspec

from placette.harmonise.messages import Harmonised, MessageReader
from placette.harmonise.seen import Seen
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import BadObservation, Busy, StorageFailure
from placette.model.networks import Taken
from placette.model.observations import ObservationRow
from placette.quality.control import StreamingControl
from placette.store import Store, arrivals, inbox
from placette.store.inbox import KeptLetter

log = logging.getLogger(__name__)

Keep = Callable[[list[ObservationRow]], Awaitable[object]]

KEEP_AGAIN_S = 1.0
REASONS = 3
"""Reasons of dead letters that a caller is told."""


class Replayed(msgspec.Struct, frozen=True):
    """How many letters went through, how many observations they held, and the ids of those still unusable."""

    replayed: int
    stored: int
    unusable: tuple[int, ...]


class MessageIntake:
    """Takes arrivals of message networks (:data:`placette.model.networks.Sink`).

    ``reader`` understands them; it may be replaced at any time by :meth:`use`. It tells repeated messages by ``seen``.
    ``control`` flags what was read before it is stored.
    """

    def __init__(
        self, store: Store, reader: MessageReader | None = None, control: StreamingControl | None = None
    ) -> None:
        self._store = store
        self._control = control
        self._reader = reader or MessageReader()
        self._turn = asyncio.Lock()
        self.arrivals = arrivals.of(store)
        self.seen = Seen(self.arrivals.recent())

    def use(self, reader: MessageReader) -> None:
        """Understand what comes from now on by another reader: a codec or the city folder has changed."""
        self._reader = reader

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        """Make these arrivals durable, as observations or as dead letters; an arrival can be both.

        Raises ``Busy`` or ``StorageFailure`` when nothing was taken: the same arrivals may come again.
        """
        if any(self._reader.is_packed(arrival.network) for arrival in arrivals):
            async with self._turn:  # of two servers that forward one frame at once, one is the second
                return await self._take(arrivals, packed=True)
        return await self._take(arrivals, packed=False)

    async def replay(self, kept: Sequence[KeptLetter], now: int) -> Replayed:
        """Try dead letters again after the mend; ``now`` is in µs UTC.

        A letter of which anything is still unusable stays, with today's reason, and nothing of it is stored. Raises
        ``Busy`` or ``StorageFailure``; a letter that had been replayed before changes nothing where identity is the
        time.
        """
        arrivals = [each.arrival for each in kept]
        first_id = self.arrivals.allot(len(arrivals))
        read = await asyncio.to_thread(self._read, arrivals, first_id, again=True)
        numbers = {id(arrival): number for number, arrival in enumerate(arrivals)}
        why = {numbers[id(letter.arrival)]: letter for letter in read.dead}
        usable = [(row, origin) for row, origin in zip(read.rows, read.origins, strict=True) if origin not in why]
        keep = partial(
            self.arrivals.keep, first_id, arrivals, [record for record in read.records if record.arrival not in why]
        )
        stored, refused = await self._store_rows([row for row, _ in usable], [origin for _, origin in usable], keep)
        why |= {number: _letter(arrivals[number], error) for number, error in refused.items()}
        done = [each.id for number, each in enumerate(kept) if number not in why]
        await inbox.settle(self._store, done, {kept[number].id: letter for number, letter in why.items()}, now)
        return Replayed(len(done), stored, tuple(kept[number].id for number in sorted(why)))

    def read_again(self, arrivals: Sequence[Arrival]) -> Harmonised:
        """Return what arrivals that were taken before would become today; nothing is stored. Safe in any thread."""
        return self._read(arrivals, 0, again=True)

    async def store_again(self, rows: list[ObservationRow], origins: list[int]) -> dict[int, BadObservation]:
        """Store what :meth:`read_again` gave; return why the store refuses some, by the number of their arrival."""
        return (await self._store_rows(rows, origins, self._store.append_rows))[1]

    async def _take(self, arrivals: Sequence[Arrival], *, packed: bool) -> Taken:
        first_id = self.arrivals.allot(len(arrivals))
        read = await asyncio.to_thread(self._read, arrivals, first_id) if packed else self._read(arrivals, first_id)
        keep = partial(self.arrivals.keep, first_id, arrivals, read.records)
        stored, refused = await self._store_flagged(read.rows, read.origins, keep)
        dead = read.dead + [_letter(arrivals[number], error) for number, error in refused.items()]
        self.seen.add(
            (record.fingerprint, record.heard)
            for record in read.records
            if record.fingerprint is not None and record.arrival not in refused
        )
        await self._keep(dead)
        reasons = tuple(dict.fromkeys(letter.what for letter in dead))[:REASONS]
        return Taken(
            stored, len(dead), read.repeated, reasons, _aside(arrivals, dead, {*read.origins} - refused.keys())
        )

    def _read(self, arrivals: Sequence[Arrival], first_id: int, *, again: bool = False) -> Harmonised:
        directory, reader = self._store.directory, self._reader
        try:
            return reader.read(arrivals, directory, first_id, again=again)
        except Exception:
            log.exception("an arrival could not be read")
        whole = Harmonised([], [], [], [], 0)
        for number, arrival in enumerate(arrivals):
            try:
                one = reader.read([arrival], directory, first_id + number, again=again)
            except Exception:
                log.exception("an arrival on %s could not be read", arrival.channel)
                letter = DeadLetter(arrival=arrival, what="an error on our side", remedy="replay it")
                one = Harmonised([], [], [letter], [], 0)
            whole.take(one, number)
        return whole

    async def _store_flagged(
        self, rows: list[ObservationRow], origins: list[int], keep: Keep
    ) -> tuple[int, dict[int, BadObservation]]:
        """Store rows with the flags of quality control, and stored ones whose flag became worse."""
        if self._control is None:
            return await self._store_rows(rows, origins, keep)
        flagged = await self._control.flag(rows)
        mended = [origins[cause] for cause in flagged.causes]
        stored, refused = await self._store_rows(flagged.rows + flagged.mended, origins + mended, keep)
        return stored - sum(origin not in refused for origin in mended), refused

    async def _store_rows(
        self, rows: list[ObservationRow], origins: list[int], keep: Keep
    ) -> tuple[int, dict[int, BadObservation]]:
        """Store all rows but those of arrivals the store refuses; return how many, and the refusals by arrival.

        ``keep`` stores rows with what they came from, in one commit, and is called without rows where none is left.
        """
        refused: dict[int, BadObservation] = {}
        while True:
            try:
                await keep(rows)
                return len(rows), refused
            except BadObservation as error:
                bad = {origins[row] for row in error.rows}
                if not bad:
                    raise
                refused |= await self._reasons(rows, origins, bad, error)
                kept = [index for index, origin in enumerate(origins) if origin not in bad]
                rows, origins = [rows[index] for index in kept], [origins[index] for index in kept]

    async def _reasons(
        self, rows: list[ObservationRow], origins: list[int], bad: set[int], error: BadObservation
    ) -> dict[int, BadObservation]:
        """Ask for each refused arrival alone, so that its dead letter speaks of itself; they share one group."""
        own: dict[int, list[ObservationRow]] = {number: [] for number in bad}
        for row, origin in zip(rows, origins, strict=True):
            if origin in own:
                own[origin].append(row)
        answers = await asyncio.gather(*map(self._store.append_rows, own.values()), return_exceptions=True)
        return {
            number: answer if isinstance(answer, BadObservation) else error
            for number, answer in zip(own, answers, strict=True)
            if isinstance(answer, BaseException)
        }

    async def _keep(self, dead: list[DeadLetter]) -> None:
        """Keep dead letters until it succeeds: the rows are stored already and must not be handed over again."""
        while dead:
            try:
                await inbox.keep(self._store, dead)
                return
            except (Busy, StorageFailure) as error:
                log.warning("dead letters wait for the store: %s", error)
                await asyncio.sleep(KEEP_AGAIN_S)


def _aside(arrivals: Sequence[Arrival], dead: list[DeadLetter], used: set[int]) -> dict[int, str]:
    """Return why, by their number, of the arrivals that left a dead letter and were not ``used`` in part."""
    why = {id(letter.arrival): letter.what for letter in dead}
    return {
        number: why[id(arrival)]
        for number, arrival in enumerate(arrivals if why else ())
        if id(arrival) in why and number not in used
    }


def _letter(arrival: Arrival, error: BadObservation) -> DeadLetter:
    return DeadLetter(arrival=arrival, what=error.what, where=arrival.channel, remedy=error.remedy)
