"""Pictures without what they tell about who took them: EXIF, GPS, XMP, comments and thumbnails are left out.

What is needed to show the picture stays as it came, byte for byte, so that nothing is decoded and nothing gets worse.
JPEG: ITU-T T.81 annex B; PNG: W3C PNG 3, chapter 5; WebP: RFC 9649. Of EXIF only the orientation is kept, written anew.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator

import msgspec

from placette.model.errors import BadInput, UnsupportedMedia

_JPEG, _PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"
_ALONE = frozenset({0x01, *range(0xD0, 0xD9)})
"""JPEG markers without a length."""
_END, _SCAN, _APP0, _EXIF, _ADOBE, _COMMENT = 0xD9, 0xDA, 0xE0, 0xE1, 0xEE, 0xFE
_PNG_KEPT = frozenset({b"IHDR", b"PLTE", b"tRNS", b"gAMA", b"cHRM", b"sRGB", b"IDAT", b"IEND"})
_WEBP_KEPT = frozenset({b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF"})
_WEBP_FLAGS = 0b0001_0010
"""Of the extended header: transparency and animation; not ICC, EXIF or XMP, which are left out."""
_ORIENTATION = 0x0112


class Picture(msgspec.Struct, frozen=True):
    """A picture that tells nothing but itself: its bytes, its media type and the usual end of its file name."""

    content: bytes
    media_type: str
    suffix: str


def cleaned(content: bytes) -> Picture:
    """Return a JPEG, PNG or WebP without metadata.

    Raises ``UnsupportedMedia`` for anything else and ``BadInput`` when it is cut off or not made as it should be.
    """
    try:
        if content.startswith(_JPEG):
            return Picture(_jpeg(content), "image/jpeg", ".jpg")
        if content.startswith(_PNG):
            return Picture(_png(content), "image/png", ".png")
        if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
            return Picture(_webp(content), "image/webp", ".webp")
    except (struct.error, IndexError):
        raise BadInput("the picture is cut off", remedy="take it again, or send it again") from None
    raise UnsupportedMedia("the file is no JPEG, PNG or WebP picture", remedy="send the photo as JPEG")


def _jpeg(content: bytes) -> bytes:
    kept = [content[:2]]
    orientation = 1
    at = 2
    while True:
        while content[at] == 0xFF and content[at + 1] == 0xFF:
            at += 1  # fill bytes
        if content[at] != 0xFF:
            raise BadInput("the picture is no sound JPEG", remedy="take it again, or send it as PNG")
        marker = content[at + 1]
        if marker == _END:
            kept.append(content[at : at + 2])
            break
        end = at + 2 if marker in _ALONE else at + 2 + struct.unpack_from(">H", content, at + 2)[0]
        if marker == _SCAN:
            end = _after_scan(content, end)
        if marker == _EXIF and content[at + 4 : at + 10] == b"Exif\0\0":
            orientation = _orientation(content[at + 10 : end]) or orientation
        if not (_APP0 < marker < _APP0 + 16 and marker != _ADOBE) and marker != _COMMENT:
            kept.append(_without_thumbnail(content[at:end]) if marker == _APP0 else content[at:end])
        if end > len(content):
            raise IndexError
        at = end
    if orientation != 1:
        kept.insert(2 if len(kept) > 1 and kept[1][1] == _APP0 else 1, _exif(orientation))
    return b"".join(kept)


def _after_scan(content: bytes, at: int) -> int:
    """Return where the next segment begins behind the entropy-coded data that begin at ``at``."""
    while True:
        at = content.find(b"\xff", at)
        if at < 0:
            raise IndexError
        if content[at + 1] != 0 and not 0xD0 <= content[at + 1] <= 0xD7 and content[at + 1] != 0xFF:
            return at
        at += 1 if content[at + 1] == 0xFF else 2


def _without_thumbnail(segment: bytes) -> bytes:
    """Return a JFIF header of 16 bytes: a longer one carries a small copy of the picture."""
    if segment[4:9] != b"JFIF\0" or len(segment) <= 18:
        return segment if segment[4:9] == b"JFIF\0" else b""
    return segment[:2] + struct.pack(">H", 16) + segment[4:16] + b"\0\0"


def _orientation(tiff: bytes) -> int:
    """Return the orientation that EXIF tells, 1 to 8, or 0 (TIFF 6.0, section 2)."""
    order = {b"II": "<", b"MM": ">"}.get(tiff[:2])
    try:
        if order is None:
            return 0
        first = struct.unpack_from(order + "I", tiff, 4)[0]
        count = struct.unpack_from(order + "H", tiff, first)[0]
        for number in range(min(count, 200)):
            tag, _kind, _count, value = struct.unpack_from(order + "HHIH", tiff, first + 2 + 12 * number)
            if tag == _ORIENTATION:
                return int(value) if 1 <= value <= 8 else 0
    except struct.error:
        return 0
    return 0


def _exif(orientation: int) -> bytes:
    tiff = b"MM\0\x2a" + struct.pack(">IHHHIHHI", 8, 1, _ORIENTATION, 3, 1, orientation, 0, 0)
    return b"\xff\xe1" + struct.pack(">H", 2 + 6 + len(tiff)) + b"Exif\0\0" + tiff


def _png(content: bytes) -> bytes:
    kept = [_PNG]
    at = len(_PNG)
    name = b""
    while name != b"IEND":
        length = struct.unpack_from(">I", content, at)[0]
        name = content[at + 4 : at + 8]
        end = at + 12 + length
        if end > len(content):
            raise IndexError
        if name in _PNG_KEPT:
            kept.append(content[at:end])
        at = end
    return b"".join(kept)


def _webp(content: bytes) -> bytes:
    chunks = b"".join(_webp_chunks(content))
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _webp_chunks(content: bytes) -> Iterator[bytes]:
    whole = 8 + struct.unpack_from("<I", content, 4)[0]
    if whole > len(content) + 1:
        raise IndexError
    at = 12
    while at + 8 <= min(whole, len(content)):
        name = content[at : at + 4]
        length = struct.unpack_from("<I", content, at + 4)[0]
        end = at + 8 + length + length % 2
        if at + 8 + length > len(content):
            raise IndexError
        if name == b"VP8X":
            yield content[at : at + 8] + bytes([content[at + 8] & _WEBP_FLAGS]) + content[at + 9 : end]
        elif name in _WEBP_KEPT:
            yield content[at:end]
        at = end
