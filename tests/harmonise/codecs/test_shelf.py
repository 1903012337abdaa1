"""The codecs of a city by name: unknown ones, broken ones, and new versions."""

from __future__ import annotations

import pytest

from placette.harmonise.codecs import Codecs, CodecSource
from placette.model.errors import NotFound


def layout(name: str, field: str, kind: str = "u8") -> CodecSource:
    text = f'[[frames]]\nfields = [{{name = "{field}", type = "{kind}"}}]\n'
    return CodecSource(name=name, kind="layout", text=text)


def field_of(codecs: Codecs, name: str) -> list[str]:
    return list(codecs.get(name).decode(b"\x01", None, 0).fields)


def test_an_unknown_codec_is_refused_with_the_nearest_names() -> None:
    with pytest.raises(NotFound, match="did you mean cayenne-lpp"):
        Codecs.build(()).get("cayene-lpp")


def test_a_codec_that_cannot_be_used_says_why_when_it_is_asked_for() -> None:
    codecs = Codecs.build([layout("probe", "a", "u7")])
    assert "probe" not in codecs.names
    with pytest.raises(NotFound, match="'u7' is not a type"):
        codecs.get("probe")


def test_a_new_version_takes_the_place_of_the_old_one() -> None:
    old = Codecs.build([layout("probe", "a"), layout("other", "x")])
    new = Codecs.build([layout("probe", "b"), layout("other", "x")], old)
    assert field_of(new, "probe") == ["b"]
    assert new.get("probe").version != old.get("probe").version
    assert new.get("other") is old.get("other")


def test_a_broken_new_version_leaves_the_old_one_at_work_again_and_again() -> None:
    codecs = Codecs.build([layout("probe", "a")])
    for _ in range(2):
        codecs = Codecs.build([layout("probe", "b", "u7")], codecs)
        assert field_of(codecs, "probe") == ["a"]
        assert "u7" in str(codecs.problems["probe"])


def test_a_codec_that_is_removed_is_gone() -> None:
    assert "probe" not in Codecs.build((), Codecs.build([layout("probe", "a")])).names


def test_javascript_without_an_engine_is_a_problem_not_a_crash() -> None:
    codecs = Codecs.build([CodecSource(name="probe", kind="javascript", text="")])
    assert "engine" in str(codecs.problems["probe"])
