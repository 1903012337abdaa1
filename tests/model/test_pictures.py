"""Photos lose what they tell about who took them, and stay the same pictures."""

from __future__ import annotations

import struct
import zlib
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.model.errors import BadInput, PlacetteError, UnsupportedMedia
from placette.model.pictures import cleaned

SECRET = b"GPSLATITUDE 43.5263"
SCAN = b"\xff\xda\x00\x08\x01\x01\x00\x00\x3f\x00" + b"\x12\xff\x00\x34\xff\xd0\x56"


def segment(marker: int, body: bytes) -> bytes:
    return bytes([0xFF, marker]) + struct.pack(">H", 2 + len(body)) + body


def jpeg(orientation: int = 1, *, gps: bool = False) -> bytes:
    """Return the frame of a JPEG: tables and a scan, with EXIF as a phone writes it."""
    tiff = b"II\x2a\0" + struct.pack("<IHHHIHHI", 8, 1, 0x0112, 3, 1, orientation, 0, 0) + (SECRET if gps else b"")
    parts = [
        b"\xff\xd8",
        segment(0xE0, b"JFIF\0\x01\x01\0\0\x48\0\x48\0\0"),
        segment(0xE1, b"Exif\0\0" + tiff),
        segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + SECRET),
        segment(0xED, b"Photoshop 3.0\0" + SECRET),
        segment(0xFE, SECRET),
        segment(0xDB, b"\0" + bytes(64)),
        SCAN,
        b"\xff\xd9",
        SECRET,
    ]
    return b"".join(parts)


def chunk(name: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + name + body + struct.pack(">I", zlib.crc32(name + body))


PNG = (
    b"\x89PNG\r\n\x1a\n"
    + chunk(b"IHDR", struct.pack(">IIBBBBB", 1, 1, 8, 2, 0, 0, 0))
    + chunk(b"tEXt", SECRET)
    + chunk(b"eXIf", SECRET)
    + chunk(b"IDAT", zlib.compress(b"\0\1\2\3"))
    + chunk(b"IEND", b"")
    + SECRET
)


def webp() -> bytes:
    def part(name: bytes, body: bytes) -> bytes:
        return name + struct.pack("<I", len(body)) + body + b"\0" * (len(body) % 2)

    chunks = part(b"VP8X", bytes([0b0011_1110]) + bytes(9)) + part(b"VP8 ", b"picture") + part(b"EXIF", SECRET)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


@pytest.mark.parametrize(
    ("content", "media_type", "kept"),
    [(jpeg(gps=True), "image/jpeg", SCAN), (PNG, "image/png", b"IDAT"), (webp(), "image/webp", b"picture")],
)
def test_only_the_picture_is_kept(content: bytes, media_type: str, kept: bytes) -> None:
    found = cleaned(content)
    assert (found.media_type, SECRET in found.content, kept in found.content) == (media_type, False, True)
    assert cleaned(found.content) == found


def test_a_picture_taken_sideways_stays_upright() -> None:
    found = cleaned(jpeg(orientation=6, gps=True)).content
    assert found.count(b"Exif\0\0") == 1
    assert found.index(b"JFIF") < found.index(b"Exif")
    assert cleaned(found).content == found


def test_the_extended_header_of_a_webp_promises_no_metadata() -> None:
    found = cleaned(webp()).content
    assert found[20] == 0b0001_0010
    assert struct.unpack_from("<I", found, 4)[0] == len(found) - 8


@pytest.mark.parametrize("content", [jpeg()[:-30], PNG[:50], webp()[:-12], b"\xff\xd8\xff"])
def test_a_picture_that_is_cut_off_is_refused(content: bytes) -> None:
    with pytest.raises(BadInput):
        cleaned(content)


@pytest.mark.parametrize("content", [b"", b"GIF89a", b"<svg/>", b"%PDF"])
def test_another_kind_of_file_is_refused(content: bytes) -> None:
    with pytest.raises(UnsupportedMedia):
        cleaned(content)


@given(st.sampled_from([jpeg(gps=True), PNG, webp()]), st.data())
def test_broken_pictures_end_in_our_own_errors(content: bytes, data: st.DataObject) -> None:
    broken = bytearray(content)
    for _ in range(data.draw(st.integers(1, 6))):
        broken[data.draw(st.integers(0, len(broken) - 1))] = data.draw(st.integers(0, 255))
    with suppress(PlacetteError):
        cleaned(bytes(broken))
