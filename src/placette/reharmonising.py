"""A mended codec or model reads the kept frames again: values that change are replaced, the change is on record.

Piece by piece, each a few hundred frames read in a thread, so that what comes in is not held up. Nothing is deleted: an
observation that no longer comes out is reported and stays.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response, read_body
from placette.harmonise.messages import Harmonised
from placette.model import times
from placette.model.errors import BadInput, Conflict
from placette.model.observations import ObservationRow
from placette.model.replays import SHOWN, Difference, ReharmoniseReport, Rereading
from placette.store import Store, rereading
from placette.store.arrivals import RawFrame
from placette.store.rereading import Frames, Place, Told
from placette.understanding import Understanding

PATH = "/api/reharmonise"
BODY_BYTES = 65_536
PIECE = 500
MOST = 20_000
"""Frames of one order; the report says where the next one goes on."""


class _Reading(msgspec.Struct):
    """What one piece gives today: the rows to store, each with the number of its frame, and the account."""

    rows: list[ObservationRow]
    origins: list[int]
    report: ReharmoniseReport


class Reharmonising:
    """Reads the kept frames of one city again; one order at a time."""

    def __init__(self, store: Store, understanding: Understanding) -> None:
        self._store = store
        self._understanding = understanding
        self._turn = asyncio.Lock()

    async def run(self, order: Rereading) -> ReharmoniseReport:
        """Read at most ``MOST`` frames again that were understood by another version, oldest first.

        Raises ``BadInput``, ``NotFound`` for a codec or model that is none of the city, ``Conflict`` while another
        order runs, and ``Busy`` or ``StorageFailure``; what was done before stays done.
        """
        chosen = self._chosen(order)
        if self._turn.locked():
            raise Conflict("kept frames are being read again already", remedy="wait until that is done")
        async with self._turn:
            report = ReharmoniseReport()
            while report.frames < MOST:
                frames = await asyncio.to_thread(rereading.frames, self._store, chosen, PIECE)
                if not frames:
                    return msgspec.structs.replace(report, next=None)
                report = report.plus(await self._piece(frames, dry_run=order.dry_run))
                chosen = msgspec.structs.replace(chosen, after=frames[-1].id)
                report = msgspec.structs.replace(report, next=frames[-1].id)
            return report

    def _chosen(self, order: Rereading) -> Frames:
        if bool(order.codec) == bool(order.model):
            raise BadInput("name a codec or a device model", "codec, model", "one of the two, as the city folder does")
        known = self._understanding
        version = known.codecs.get(order.codec).version if order.codec else known.model_version(order.model)
        since, until = (None if text is None else times.micros(text) for text in (order.since, order.until))
        return Frames(
            codec=order.codec, model=order.model, version=version, since=since, until=until, after=order.after
        )

    async def _piece(self, frames: Sequence[RawFrame], *, dry_run: bool) -> ReharmoniseReport:
        intake = self._understanding.intake
        read = await asyncio.to_thread(intake.read_again, [frame.arrival for frame in frames])
        reading = await asyncio.to_thread(self._compare, frames, read)
        if dry_run:
            return reading.report
        await intake.store_again(reading.rows, reading.origins)
        dead = {id(letter.arrival) for letter in read.dead}
        await intake.arrivals.read_anew(
            {
                (frames[record.arrival].id, record.device): record.lineage
                for record in read.records
                if id(frames[record.arrival].arrival) not in dead
            }
        )
        return reading.report

    def _compare(self, frames: Sequence[RawFrame], read: Harmonised) -> _Reading:
        """Tell what is the same, what changes, what is new and what no longer comes out; a frame that fails is left."""
        numbers = {id(frame.arrival): number for number, frame in enumerate(frames)}
        dead = {numbers[id(letter.arrival)] for letter in read.dead}
        came = rereading.told(self._store, (frame.id for frame in frames))
        today: dict[int, dict[Place, ObservationRow]] = {number: {} for number in range(len(frames))}
        for row, number in zip(read.rows, read.origins, strict=True):
            if number not in dead:
                today[number][row.datastream_id, row.phenomenon_time] = row
        elsewhere = self._standing(frames, came, today)
        result = _Reading([], [], ReharmoniseReport())
        found: list[Difference] = []
        counts = dict.fromkeys(("unchanged", "changed", "added", "gone"), 0)
        for number, frame in enumerate(frames):
            if number in dead:
                continue
            before = came.get(frame.id, {})
            for place, row in today[number].items():
                stood = before.get(place) or elsewhere.get(place)
                after = Told(row.result, row.result_json)
                kind = "added" if stood is None else "unchanged" if stood == after else "changed"
                counts[kind] += 1
                if kind != "unchanged":
                    result.rows.append(msgspec.structs.replace(row, arrival_id=frame.id))
                    result.origins.append(number)
                    found.append(self._difference(place, stood, after))
            for place in before.keys() - today[number].keys():
                counts["gone"] += 1
                found.append(self._difference(place, before[place], None))
        result.report = ReharmoniseReport(
            frames=len(frames),
            unreadable=len(dead),
            examples=tuple(found[:SHOWN]),
            faults=tuple(dict.fromkeys(letter.what for letter in read.dead))[:SHOWN],
            **counts,
        )
        return result

    def _standing(
        self,
        frames: Sequence[RawFrame],
        came: dict[int, dict[Place, Told]],
        today: dict[int, dict[Place, ObservationRow]],
    ) -> dict[Place, Told]:
        """Return what other arrivals gave where these frames give something new: a repeated frame, a correction."""
        new = [
            place
            for number, frame in enumerate(frames)
            for place in today[number]
            if place not in came.get(frame.id, {})
        ]
        return rereading.standing(self._store, new)

    def _difference(self, place: Place, before: Told | None, after: Told | None) -> Difference:
        info = self._store.directory.by_id.get(place[0])
        return Difference(
            datastream=(info.code if info else None) or str(place[0]),
            time=place[1],
            before=_text(before),
            after=_text(after),
        )


def routes(reharmonising: Reharmonising) -> list[Route]:
    """Return ``POST /api/reharmonise``."""

    async def again(request: Request) -> Response:
        try:
            order = msgspec.json.decode(await read_body(request, BODY_BYTES), type=Rereading)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            raise BadInput(f"the order cannot be used: {error}", PATH, 'send {"codec": "…"}') from None
        return json_response(await reharmonising.run(order))

    return [
        Route(
            method="POST",
            path=PATH,
            handler=again,
            access=Access.ADMIN,
            summary="Read kept frames again by the codec or the model of today",
            takes=Rereading,
            gives=ReharmoniseReport,
        )
    ]


def _text(told: Told | None) -> str | None:
    if told is None:
        return None
    return told.result_json if told.result_json is not None else msgspec.json.encode(told.result).decode()
