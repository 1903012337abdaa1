"""The bytes of a message as people read and write them: text where they are text, otherwise hexadecimal."""

from __future__ import annotations

import msgspec

from placette.model.errors import BadInput

SHOWN_CHARACTERS = 2_000
SHOWN_BYTES = 512
EDITED_BYTES = 16_384
"""Beyond it a payload is not offered for editing by hand; a replacement in the whole cause still mends it."""
_LINE = 16
_SPACES = frozenset("\n\r\t")


class Shown(msgspec.Struct, frozen=True):
    """A payload on a page: its beginning, whether that is hexadecimal, its size, and what a field for editing holds."""

    beginning: str
    binary: bool
    size: int
    cut: bool
    editable: str | None


def shown(payload: bytes) -> Shown:
    """Return how a payload is shown."""
    text = as_text(payload)
    small = len(payload) <= EDITED_BYTES
    if text is None:
        editable = payload.hex(" ") if small else None
        return Shown(dump(payload[:SHOWN_BYTES]), True, len(payload), len(payload) > SHOWN_BYTES, editable)
    cut = len(text) > SHOWN_CHARACTERS
    return Shown(text[:SHOWN_CHARACTERS], False, len(payload), cut, text if small else None)


def as_text(payload: bytes) -> str | None:
    """Return the payload as text, ``None`` when it is none that a person could read."""
    try:
        text = payload.decode()
    except UnicodeDecodeError:
        return None
    return text if all(sign.isprintable() or sign in _SPACES for sign in text) else None


def dump(payload: bytes) -> str:
    r"""Return the bytes as lines of offset, hexadecimal and characters.

    >>> dump(b"\x01gA")
    '0000  01 67 41                                         .gA'
    """
    lines = (payload[start : start + _LINE] for start in range(0, len(payload), _LINE))
    return "\n".join(
        f"{number * _LINE:04x}  {line.hex(' '):<{_LINE * 3 - 1}}  {_signs(line)}" for number, line in enumerate(lines)
    )


def written(field: str, came: bytes) -> bytes:
    """Return the payload that a person wrote into the field of ``came``.

    Browsers end lines with CR LF whatever the text had. Raises ``BadInput`` on what is no hexadecimal.
    """
    if as_text(came) is not None:
        text = field if b"\r\n" in came else field.replace("\r\n", "\n")
        return text.encode("utf-8", "surrogatepass")
    try:
        return bytes.fromhex(field)
    except ValueError:
        raise BadInput("the payload is not hexadecimal", "payload", "write pairs of digits, such as 01 67 f4") from None


def _signs(line: bytes) -> str:
    return "".join(chr(byte) if 32 <= byte < 127 else "." for byte in line)
