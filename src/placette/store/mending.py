"""Mending dead letters: one by hand, or the same textual change in all of a cause. What came is kept beside it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import duckdb
import msgspec
import pyarrow as pa

from placette.model.errors import BadInput, TooLarge
from placette.store import inbox, shares
from placette.store.core import Store
from placette.store.inbox import Choice, KeptLetter

MEND_BYTES = 1 << 20
"""Largest mended payload: beyond it, the device or the codec is what has to be mended."""


EXAMPLES = 3
"""Letters that a preview shows."""


class Mended(msgspec.Struct, frozen=True):
    """The form in which a letter is to be replayed."""

    channel: str
    payload: bytes


class Replacement(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Every ``find`` becomes ``by``, in the payload or in the channel; both are taken literally."""

    find: str
    by: str = ""
    part: Literal["payload", "channel"] = "payload"

    def apply(self, letter: KeptLetter) -> Mended | None:
        """Return the letter with the change, ``None`` when there is nothing to change in it."""
        now = letter.arrival
        if self.part == "channel":
            made = Mended(now.channel.replace(self.find, self.by), now.payload)
        else:
            made = Mended(now.channel, now.payload.replace(_bytes(self.find), _bytes(self.by)))
        return None if made == Mended(now.channel, now.payload) else made


class Change(msgspec.Struct, frozen=True):
    """A letter and what a replacement would make of it."""

    letter: KeptLetter
    mended: Mended


class Mending(msgspec.Struct, frozen=True):
    """What a replacement does: how many of how many letters it changes, and the first of them."""

    letters: int
    changed: int
    examples: tuple[Change, ...]


async def mend(store: Store, letter: KeptLetter, mended: Mended | None) -> None:
    """Set the form in which a letter is replayed; ``None``, or what came, takes it as it came. Raises ``TooLarge``."""
    came = letter.letter.arrival
    wanted = mended or Mended(came.channel, came.payload)
    await _keep(store, [Change(letter, wanted)])


async def preview(store: Store, choice: Choice, replacement: Replacement) -> Mending:
    """Return what a replacement would do to the letters chosen; nothing is changed."""
    return await _replace(store, choice, replacement, keep=False)


async def mend_all(store: Store, choice: Choice, replacement: Replacement) -> Mending:
    """Do a replacement in the letters chosen. Raises ``TooLarge``."""
    return await _replace(store, choice, replacement, keep=True)


async def _replace(store: Store, choice: Choice, replacement: Replacement, *, keep: bool) -> Mending:
    if not replacement.find:
        raise BadInput("there is nothing to find", remedy="write the text to replace")
    letters = changed = 0
    shown: list[Change] = []
    async for piece in inbox.pieces(store, choice):
        changes = _changes(piece, replacement)
        letters, changed = letters + len(piece), changed + len(changes)
        shown += changes[: EXAMPLES - len(shown)]
        if keep:
            await _keep(store, changes)
    return Mending(letters, changed, tuple(shown))


def _changes(letters: Sequence[KeptLetter], replacement: Replacement) -> list[Change]:
    made = ((letter, replacement.apply(letter)) for letter in letters)
    return [Change(letter, mended) for letter, mended in made if mended is not None]


async def _keep(store: Store, changes: Sequence[Change]) -> None:
    if any(len(change.mended.payload) > MEND_BYTES for change in changes):
        raise TooLarge(
            f"a mended payload is larger than {MEND_BYTES:,} bytes", remedy="mend the device or its codec instead"
        )
    rows = pa.table(
        {
            "id": pa.array([change.letter.id for change in changes], pa.int64()),
            "channel": pa.array([inbox.as_text(change.mended.channel) for change in changes], pa.string()),
            "payload": pa.array([change.mended.payload for change in changes], pa.binary()),
        }
    )

    def change(con: duckdb.DuckDBPyConnection) -> None:
        con.register("mended", rows)
        try:
            con.execute(
                "UPDATE dead_letter SET mended_channel = nullif(mended.channel, dead_letter.channel),"  # noqa: S608  # fixed text
                " mended_payload = nullif(mended.payload, dead_letter.payload),"
                f" size = {shares.size('dead_letter.')}"
                " + coalesce(octet_length(nullif(mended.payload, dead_letter.payload)), 0)"
                " FROM mended WHERE dead_letter.id = mended.id"
            )
        finally:
            con.unregister("mended")

    if changes:
        await store.change(change, refresh=False)


def _bytes(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")
