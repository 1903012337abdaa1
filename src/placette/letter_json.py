"""Dead letters as JSON: how programs and the command line see them. Bytes that are no text are base64 (RFC 4648)."""

from __future__ import annotations

from base64 import b64encode
from typing import Any

import msgspec

from placette.model import times
from placette.model.arrivals import Arrival
from placette.store.causes import Cause
from placette.store.inbox import KeptLetter
from placette.store.mending import Mending

SHOWN_BYTES = 4_096


class _Letter(msgspec.Struct, frozen=True, kw_only=True):
    """What every view of a letter begins with: what came, when and where, what was wrong."""

    id: int
    network: str
    channel: str
    received: str
    what: str
    where: str
    remedy: str


class ShownLetter(_Letter, frozen=True, kw_only=True):
    """A dead letter in a list; ``payload`` holds its first 4 kB as text."""

    payload: str
    bytes: int
    mended: bool
    replayed: str | None
    dismissed: str | None


class Exported(_Letter, frozen=True, kw_only=True, omit_defaults=True):
    """A dead letter whole: what came, and the form in which it will be replayed where it was mended."""

    payload: str | None = None
    payload_base64: str | None = None
    mended_channel: str | None = None
    mended_payload: str | None = None
    mended_payload_base64: str | None = None
    replayed: str | None = None
    dismissed: str | None = None


class ShownCause(msgspec.Struct, frozen=True):
    """Dead letters of one cause: ``what`` without its variable parts, ``example`` word for word, the newest ``ids``."""

    cause: str
    network: str
    what: str
    example: str
    remedy: str
    count: int
    first: str
    last: str
    mended: int
    ids: tuple[int, ...]


class ShownChange(msgspec.Struct, frozen=True):
    """What a replacement would make of one letter, its channel and the first 4 kB of its payload."""

    id: int
    channel: str
    payload: str
    mended_channel: str
    mended_payload: str


class ShownMending(msgspec.Struct, frozen=True):
    """What a replacement does: how many of how many letters it changes, and the first of them."""

    letters: int
    changed: int
    examples: tuple[ShownChange, ...]


def shown(kept: KeptLetter) -> ShownLetter:
    """Return a letter as a list shows it, in the form in which it will be replayed."""
    arrival = kept.arrival
    return ShownLetter(
        **_common(kept, arrival),
        payload=_start(arrival.payload),
        bytes=len(arrival.payload),
        mended=kept.mended,
    )


def exported(kept: KeptLetter) -> Exported:
    """Return a letter whole."""
    came = kept.letter.arrival
    payload, payload_base64 = _written(came.payload)
    mended_payload, mended_base64 = (None, None) if kept.mended_payload is None else _written(kept.mended_payload)
    return Exported(
        **_common(kept, came),
        payload=payload,
        payload_base64=payload_base64,
        mended_channel=kept.mended_channel,
        mended_payload=mended_payload,
        mended_payload_base64=mended_base64,
    )


def _common(kept: KeptLetter, arrival: Arrival) -> dict[str, Any]:
    return {
        "id": kept.id,
        "network": arrival.network,
        "channel": arrival.channel,
        "received": times.iso(arrival.received_time),
        "what": kept.letter.what,
        "where": kept.letter.where,
        "remedy": kept.letter.remedy,
        "replayed": _time(kept.replayed_at),
        "dismissed": _time(kept.dismissed_at),
    }


def cause(found: Cause) -> ShownCause:
    """Return a cause as programs see it."""
    return ShownCause(
        cause=found.key,
        network=found.network,
        what=found.what,
        example=found.example,
        remedy=found.remedy,
        count=found.count,
        first=times.iso(found.first),
        last=times.iso(found.last),
        mended=found.mended,
        ids=found.keys,
    )


def mending(found: Mending) -> ShownMending:
    """Return what a replacement does as programs see it."""
    examples = tuple(
        ShownChange(
            change.letter.id,
            change.letter.arrival.channel,
            _start(change.letter.arrival.payload),
            change.mended.channel,
            _start(change.mended.payload),
        )
        for change in found.examples
    )
    return ShownMending(found.letters, found.changed, examples)


def _start(payload: bytes) -> str:
    return payload[:SHOWN_BYTES].decode("utf-8", "replace")


def _written(payload: bytes) -> tuple[str | None, str | None]:
    """Return the payload as text, or else in base64."""
    try:
        return payload.decode(), None
    except UnicodeDecodeError:
        return None, b64encode(payload).decode()


def _time(micros: int | None) -> str | None:
    return None if micros is None else times.iso(micros)
