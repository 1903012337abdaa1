"""The way from bytes to durable observations: what ``connect`` hands over goes through ``harmonise`` into the store.

``app`` gives these to the ways in; they know neither of each other.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence

import msgspec

from placette.harmonise.messages import Harmonised, MessageReader
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.errors import BadObservation, Busy, StorageFailure
from placette.model.networks import Taken
from placette.model.observations import ObservationRow
from placette.store import Store, inbox
from placette.store.inbox import KeptLetter

log = logging.getLogger(__name__)

KEEP_AGAIN_S = 1.0


class Replayed(msgspec.Struct, frozen=True):
    """How many letters went through, how many observations they held, and the ids of those still unusable."""

    replayed: int
    stored: int
    unusable: tuple[int, ...]


class MessageIntake:
    """Takes arrivals of message networks (:data:`placette.model.networks.Sink`).

    ``frame_topics`` gives for each network's key the topic of its frames, with ``{code}`` for the thing's code.
    """

    def __init__(self, store: Store, frame_topics: Mapping[str, str] | None = None) -> None:
        self._store = store
        self._reader = MessageReader(frame_topics)

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        """Make these arrivals durable, as observations or as dead letters; an arrival can be both.

        Raises ``Busy`` or ``StorageFailure`` when nothing was taken: the same arrivals may come again.
        """
        read = self._read(arrivals)
        stored, refused = await self._store_rows(read)
        dead = read.dead + [_letter(arrivals[number], error) for number, error in refused.items()]
        await self._keep(dead)
        return Taken(stored, len(dead))

    async def replay(self, kept: Sequence[KeptLetter], now: int) -> Replayed:
        """Try dead letters again after the mend; ``now`` is in µs UTC.

        A letter of which anything is still unusable stays as it is, and nothing of it is stored. Raises ``Busy`` or
        ``StorageFailure``; a letter that had been replayed before changes nothing where identity is the time.
        """
        arrivals = [each.letter.arrival for each in kept]
        read = self._read(arrivals)
        dead = {id(letter.arrival) for letter in read.dead}
        bad = {number for number, arrival in enumerate(arrivals) if id(arrival) in dead}
        usable = [(row, origin) for row, origin in zip(read.rows, read.origins, strict=True) if origin not in bad]
        stored, refused = await self._store_rows(
            Harmonised([row for row, _ in usable], [origin for _, origin in usable], [])
        )
        bad |= refused.keys()
        done = [each.id for number, each in enumerate(kept) if number not in bad]
        if done:
            await inbox.mark_replayed(self._store, done, now)
        return Replayed(len(done), stored, tuple(kept[number].id for number in sorted(bad)))

    def _read(self, arrivals: Sequence[Arrival]) -> Harmonised:
        directory = self._store.directory
        try:
            return self._reader.read(arrivals, directory)
        except Exception:
            log.exception("an arrival could not be read")
        whole = Harmonised([], [], [])
        for number, arrival in enumerate(arrivals):
            try:
                one = self._reader.read([arrival], directory)
            except Exception:
                log.exception("an arrival on %s could not be read", arrival.channel)
                one = Harmonised([], [], [DeadLetter(arrival=arrival, what="an error on our side", remedy="replay it")])
            whole.rows += one.rows
            whole.origins += [number] * len(one.rows)
            whole.dead += one.dead
        return whole

    async def _store_rows(self, read: Harmonised) -> tuple[int, dict[int, BadObservation]]:
        """Store all rows but those of arrivals the store refuses; return how many, and the refusals by arrival."""
        rows, origins = read.rows, read.origins
        refused: dict[int, BadObservation] = {}
        while rows:
            try:
                await self._store.append_rows(rows)
                break
            except BadObservation as error:
                bad = {origins[row] for row in error.rows}
                if not bad:
                    raise
                refused |= await self._reasons(rows, origins, bad, error)
                kept = [index for index, origin in enumerate(origins) if origin not in bad]
                rows, origins = [rows[index] for index in kept], [origins[index] for index in kept]
        return len(rows), refused

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


def _letter(arrival: Arrival, error: BadObservation) -> DeadLetter:
    return DeadLetter(arrival=arrival, what=error.what, where=arrival.channel, remedy=error.remedy)
