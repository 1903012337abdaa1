"""The folder of codecs of a city as it is read: sources, vectors, and what is wrong with them."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from placette.city import codecs
from placette.city.codecs import read_codecs, read_vectors, stamp
from placette.city.documents import Fault


def put(folder: Path, file: str, content: str | bytes) -> Path:
    place = folder / "codecs" / file
    place.parent.mkdir(parents=True, exist_ok=True)
    place.write_bytes(content.encode() if isinstance(content, str) else content)
    return place


def test_each_folder_is_one_codec(tmp_path: Path) -> None:
    put(tmp_path, "b/codec.js", "x")
    put(tmp_path, "a/layout.toml", "y")
    put(tmp_path, ".hidden/codec.js", "z")
    faults: list[Fault] = []
    found = read_codecs(tmp_path, faults)
    assert [(one.name, one.kind, one.file) for one in found] == [
        ("a", "layout", "codecs/a/layout.toml"),
        ("b", "javascript", "codecs/b/codec.js"),
    ]
    assert faults == []


def test_a_city_without_codecs_has_none(tmp_path: Path) -> None:
    assert read_codecs(tmp_path, []) == ()
    assert stamp(tmp_path) == ()


@pytest.mark.parametrize(
    ("files", "said"),
    [
        ({"Bad Name/codec.js": "x"}, "is no name of a codec"),
        ({"a/readme.md": "x"}, "holds no codec"),
        ({"a/codec.js": "x", "a/layout.toml": "y"}, "two sources"),
        ({"a/codec.js": b"\xff\xfe"}, "not UTF-8"),
        ({"a/codec.js": b"//" + b"x" * codecs.LARGEST_SOURCE}, "the most"),
    ],
)
def test_a_folder_that_is_no_codec_is_a_fault(tmp_path: Path, files: dict[str, str | bytes], said: str) -> None:
    for name, content in files.items():
        put(tmp_path, name, content)
    faults: list[Fault] = []
    assert read_codecs(tmp_path, faults) == ()
    assert said in str(faults[0])


def test_vectors_know_their_lines(tmp_path: Path) -> None:
    put(tmp_path, "a/vectors.jsonl", '\n{"bytes": "01", "port": 2, "fields": {"a": 1}}\n{"bytes": "", "error": true}\n')
    assert [(one.bytes, one.port, one.line) for one in read_vectors(tmp_path, "a", [])] == [("01", 2, 2), ("", None, 3)]


@pytest.mark.parametrize(
    "line", ["{", '{"bytes": "0"}', '{"bytes": "zz"}', '{"port": 1}', '{"bytes": "00", "feilds": {}}']
)
def test_a_line_that_is_no_vector_is_a_fault_at_its_line(tmp_path: Path, line: str) -> None:
    put(tmp_path, "a/vectors.jsonl", f'{{"bytes": "00"}}\n{line}\n')
    faults: list[Fault] = []
    assert len(read_vectors(tmp_path, "a", faults)) == 1
    assert (faults[0].file, faults[0].line) == ("codecs/a/vectors.jsonl", 2)


def test_the_stamp_changes_with_every_source(tmp_path: Path) -> None:
    file = put(tmp_path, "a/codec.js", "x")
    first = stamp(tmp_path)
    assert stamp(tmp_path) == first
    os.utime(file, ns=(1, 1))
    second = stamp(tmp_path)
    put(tmp_path, "b/layout.toml", "y")
    assert len({first, second, stamp(tmp_path)}) == 3
