"""What a codec is written as: its name, its kind and its text, before anything has been compiled."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

import msgspec

CodecKind = Literal["javascript", "layout"]


class CodecSource(msgspec.Struct, frozen=True, kw_only=True):
    """One codec as it stands in a folder; ``file`` is the path that error messages name.

    ``javascript`` is a device maker's own codec, ``layout`` a declared one in TOML.
    """

    name: str
    kind: CodecKind
    text: str
    file: str = ""

    @property
    def version(self) -> str:
        """The first 12 hexadecimal digits of the SHA-256 of the text: part of the lineage of every observation."""
        return version_of(self.text)


def version_of(text: str) -> str:
    """Return the version of a codec's text.

    >>> version_of("")
    'e3b0c44298fc'
    """
    return hashlib.sha256(text.encode()).hexdigest()[:12]


class Vector(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One payload and what must become of it: ``fields``, or an ``error``.

    ``bytes`` is hexadecimal; ``received`` is when it came in, µs UTC; ``codec`` names the codec when the source has
    several; ``line`` is where the vector stands.
    """

    bytes: str
    port: int | None = None
    received: int = 0
    fields: dict[str, Any] | None = None
    error: bool = False
    codec: str = ""
    note: str = ""
    line: int = 0
