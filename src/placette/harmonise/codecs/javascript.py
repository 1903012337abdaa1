"""Device makers' own codecs in JavaScript, through an engine that is passed in.

The functions are those of the LoRaWAN Payload Codec API (LoRa Alliance TS013-1.0.0, ``decodeUplink``), which ChirpStack
and The Things Stack share, and the older ``Decode(fPort, bytes, variables)`` and ``Decoder(bytes, port)``.
"""

from __future__ import annotations

import re
from typing import Any, Protocol

import msgspec

from placette.harmonise.codecs.codec import CodecError, Decoded, Frame
from placette.model.codecs import CodecSource

_MAC = re.compile(r"\b(?:[0-9A-Fa-f]{2}[:-]){5}[0-9A-Fa-f]{2}\b")
_LINE = re.compile(r"\bline (\d+): ")
_REMEDY = "mend codec.js, then replay the dead letters"


class Answer(msgspec.Struct, frozen=True, array_like=True):
    """What the engine says about one frame: ``error`` is empty when there is ``data``."""

    error: str
    data: dict[str, Any] | None = None
    warnings: list[str] = []


class Engine(Protocol):
    """Runs JavaScript with limits of time and memory and no access to anything."""

    @property
    def missing(self) -> str:
        """What has to be installed before anything can be loaded, or nothing."""

    def load(self, key: str, text: str) -> str:
        """Load a codec under this key; return what is wrong with it, or nothing."""

    def run(self, key: str, frames: list[Frame]) -> list[Answer]:
        """Run the codec on each frame; one answer for each, in order."""

    def forget(self, key: str) -> None:
        """Unload the codec of this key."""


class JavaScriptCodec:
    """One JavaScript codec, kept loaded in the engine."""

    def __init__(self, source: CodecSource, engine: Engine) -> None:
        self.name = source.name
        self.version = source.version
        self._engine = engine
        self._key = f"{source.name}@{source.version}"
        self._text = source.text
        self._is_loaded = True
        if engine.missing:
            raise CodecError("codecs in JavaScript need the V8 engine", source.file or source.name, engine.missing)
        problem = engine.load(self._key, source.text)
        if problem:
            place = _LINE.search(problem)
            where = f"{source.file or source.name}:{place[1] if place else 1}"
            raise CodecError(_discreet(_LINE.sub("", problem)), where, "mend the JavaScript")

    def decode(self, payload: bytes, port: int | None, received_time: int) -> Decoded:
        """Return the fields of this payload; raises ``CodecError`` with the codec's own words."""
        found = self.decode_many([Frame(payload, port, received_time)])[0]
        if isinstance(found, CodecError):
            raise found
        return found

    def decode_many(self, frames: list[Frame]) -> list[Decoded | CodecError]:
        """Return the fields of each payload, or why there are none. One crossing for all costs a tenth."""
        if not self._is_loaded:  # swapped for a newer version while this batch was on its way
            self._engine.load(self._key, self._text)
            self._is_loaded = True
        return [self._read(answer) for answer in self._engine.run(self._key, frames)]

    def close(self) -> None:
        """Unload the codec."""
        self._is_loaded = False
        self._engine.forget(self._key)

    def _read(self, answer: Answer) -> Decoded | CodecError:
        if answer.data is None:
            return CodecError(_discreet(answer.error), f"codec {self.name}", _REMEDY)
        return Decoded(answer.data, tuple(answer.warnings))


def _discreet(text: str) -> str:
    """Return the codec's words without what looks like a MAC address: they are kept and shown."""
    return _MAC.sub("xx:xx:xx:xx:xx:xx", text)[:300]
