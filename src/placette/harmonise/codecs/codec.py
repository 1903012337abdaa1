"""What every codec is: bytes of one device in, named fields out, or an error that says where and what to do."""

from __future__ import annotations

from typing import Protocol

import msgspec

from placette.model.errors import BadInput
from placette.model.uplinks import Fields


class CodecError(BadInput):
    """A payload that a codec cannot decode, or a codec that cannot be used."""


class Decoded(msgspec.Struct, frozen=True):
    """The fields of one payload by name, JSON values all, and what the codec warns about."""

    fields: Fields
    warnings: tuple[str, ...] = ()


class Frame(msgspec.Struct, frozen=True):
    """One payload to decode: its bytes, its LoRaWAN port and when it was received, µs UTC."""

    payload: bytes
    port: int | None = None
    received_time: int = 0


class Codec(Protocol):
    """One way to decode; ``version`` changes whenever its source does. Safe to call from any thread."""

    name: str
    version: str

    def decode(self, payload: bytes, port: int | None, received_time: int) -> Decoded:
        """Return the fields of this payload; ``received_time`` in µs UTC. Raises ``CodecError``."""

    def decode_many(self, frames: list[Frame]) -> list[Decoded | CodecError]:
        """Return the fields of each payload, or why there are none; never raises for one of them."""

    def close(self) -> None:
        """Give back what the codec holds; it may be called again afterwards."""


def one_by_one(codec: Codec, frames: list[Frame]) -> list[Decoded | CodecError]:
    """Decode many frames with a codec that gains nothing from seeing them together."""
    found: list[Decoded | CodecError] = []
    for frame in frames:
        try:
            found.append(codec.decode(frame.payload, frame.port, frame.received_time))
        except CodecError as error:
            found.append(error)
    return found
