"""Answers: gzip where it is accepted and worth it, an entity tag that spares the second transfer."""

from __future__ import annotations

import gzip

from starlette.requests import Request

from placette.publish.answers import Packed


def request(**headers: str) -> Request:
    raw = [(name.replace("_", "-").encode(), value.encode()) for name, value in headers.items()]
    return Request({"type": "http", "method": "GET", "path": "/", "headers": raw, "query_string": b""})


def test_a_large_body_is_compressed_for_who_accepts_it() -> None:
    packed = Packed(b"placette " * 1000, "text/plain")
    answer = packed.answer(request(accept_encoding="gzip, br"))
    assert answer.headers["content-encoding"] == "gzip"
    assert gzip.decompress(answer.body) == b"placette " * 1000
    assert "content-encoding" not in packed.answer(request()).headers


def test_a_small_body_is_left_alone() -> None:
    assert "content-encoding" not in Packed(b"x", "text/plain").answer(request(accept_encoding="gzip")).headers


def test_the_same_bytes_are_not_sent_twice() -> None:
    packed = Packed(b"x", "text/plain")
    answer = packed.answer(request(if_none_match=packed.etag))
    assert (answer.status_code, answer.body) == (304, b"")
    assert packed.answer(request(if_none_match=packed.etag), status=404).status_code == 404
