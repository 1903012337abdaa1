"""Buffers with addresses are overwritten, whoever forgets to read them."""

from __future__ import annotations

import tracemalloc

import pytest

from placette.connect import private_body
from placette.connect.private_body import PrivateBody, wipe


def fresh(text: str) -> bytes:
    """Return bytes that nobody else holds."""
    return bytes(bytearray(text.encode()))


def test_an_immutable_object_is_overwritten() -> None:
    piece = fresh("f8:77:b8:00:00:2a")
    wipe(piece)
    assert piece == b"\0" * 17


@pytest.mark.parametrize("shared", [b"", b"f"])
def test_objects_that_python_shares_are_left_alone(shared: bytes) -> None:
    before = bytes(bytearray(shared))
    wipe(shared)
    assert shared == before


def test_pieces_are_joined_and_overwritten() -> None:
    body, pieces = PrivateBody(), [fresh('{"mac": "f8:'), fresh('77"}')]
    for piece in pieces:
        body.add(piece)
    assert body.join() == bytearray(b'{"mac": "f8:77"}')
    assert pieces == [b"\0" * 12, b"\0" * 4]


def test_no_further_copy_is_made_in_joining() -> None:
    body, size = PrivateBody(), 1 << 20
    body.add(fresh("f8" * (size // 2)))
    tracemalloc.start()
    try:
        body.join()
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert size <= most < 1.5 * size


def test_a_body_that_nobody_reads_is_overwritten() -> None:
    body, piece = PrivateBody(), fresh("f8:77:b8")
    body.add(piece)
    del body
    assert piece == b"\0" * 8


def test_what_is_too_large_is_overwritten_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(private_body, "LIMIT", 10)
    body, pieces = PrivateBody(), [fresh("f8:77:b8"), fresh("00:00:2a")]
    for piece in pieces:
        body.add(piece)
    assert body.is_too_large
    assert pieces == [b"\0" * 8] * 2
