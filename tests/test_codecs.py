"""The codecs a city runs with: loaded anew while it runs, tested by their vectors, checked before it starts."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from placette import city, codecs
from placette.access import Tokens
from placette.app import House
from placette.city.documents import Fault
from placette.codecs import CodecShelf, differences, faults_of, trials, unread_of
from placette.model.errors import BadInput, NotFound
from placette.publish.health import troubles
from placette.settings import Settings
from placette.store import Store

AIX = Path(__file__).resolve().parent.parent / "cities" / "aix"
FRAME = '[[frames]]\nfields = [{{name = "{name}", type = "{kind}"}}]\n'


def write(folder: Path, name: str, field: str, kind: str = "u8") -> None:
    place = folder / "codecs" / name
    place.mkdir(parents=True, exist_ok=True)
    (place / "layout.toml").write_text(FRAME.format(name=field, kind=kind))


def fields(shelf: CodecShelf, name: str) -> list[str]:
    return list(shelf.codecs.get(name).decode(b"\x01", None, 0).fields)


@pytest.fixture
def shelf(tmp_path: Path) -> Iterator[CodecShelf]:
    write(tmp_path, "probe", "a")
    with CodecShelf(tmp_path) as made:
        yield made


def test_built_in_codecs_need_no_city() -> None:
    with CodecShelf() as shelf:
        assert {"cayenne-lpp", "milesight-em300-th"} <= {*shelf.codecs.names}
        assert shelf.reload() is None


def test_nothing_is_loaded_while_nothing_changes(shelf: CodecShelf) -> None:
    assert shelf.reload() is None


def test_a_changed_codec_is_taken_up(shelf: CodecShelf, tmp_path: Path) -> None:
    write(tmp_path, "probe", "changed")
    changed = shelf.reload()
    assert changed is shelf.codecs
    assert fields(shelf, "probe") == ["changed"]
    shelf.check()


def test_a_broken_change_keeps_the_old_version_until_it_is_mended(shelf: CodecShelf, tmp_path: Path) -> None:
    write(tmp_path, "probe", "broken", "u7")
    shelf.reload()
    assert fields(shelf, "probe") == ["a"]
    with pytest.raises(BadInput, match="'u7' is not a type"):
        shelf.check()
    write(tmp_path, "probe", "mended")
    shelf.reload()
    shelf.check()
    assert fields(shelf, "probe") == ["mended"]


def test_a_file_that_cannot_be_read_keeps_the_old_version_too(shelf: CodecShelf, tmp_path: Path) -> None:
    (tmp_path / "codecs" / "probe" / "layout.toml").write_bytes(b"\xff")
    shelf.reload()
    assert fields(shelf, "probe") == ["a"]
    assert "not UTF-8" in "".join(shelf.problems)


def test_a_codec_of_the_city_takes_the_place_of_a_built_in_one(tmp_path: Path) -> None:
    write(tmp_path, "cayenne-lpp", "mine")
    with CodecShelf(tmp_path) as shelf:
        assert fields(shelf, "cayenne-lpp") == ["mine"]


def test_all_vectors_of_the_reference_city_and_of_the_built_in_codecs_pass() -> None:
    with CodecShelf(AIX) as shelf:
        tried = list(trials(shelf, AIX))
    assert [trial for trial in tried if trial.differences] == []
    assert {"brise-2", "canopee"} <= {trial.codec for trial in tried}


def test_only_the_codecs_named_are_tried() -> None:
    with CodecShelf(AIX) as shelf:
        assert {trial.codec for trial in trials(shelf, AIX, ("canopee",))} == {"canopee"}
        with pytest.raises(NotFound, match="no codec 'nope'"):
            list(trials(shelf, AIX, ("nope",)))


def test_a_vector_that_differs_says_how(shelf: CodecShelf, tmp_path: Path) -> None:
    lines = [
        '{"bytes": "02", "fields": {"a": 1, "b": 2}}',
        '{"bytes": "02", "error": true}',
        '{"bytes": "", "fields": {}}',
    ]
    (tmp_path / "codecs" / "probe" / "vectors.jsonl").write_text("\n".join(lines))
    said = [" ".join(trial.differences) for trial in trials(shelf, tmp_path, ("probe",))]
    assert said[0] == "a: 1 expected, 2 given b: 2 expected, nothing given"
    assert "an error was expected" in said[1]
    assert "ends at byte 0" in said[2]


@pytest.mark.parametrize(
    ("expected", "given", "said"),
    [
        ({"a": 0.3}, {"a": 0.1 + 0.2}, []),
        ({"a": 1}, {"a": 1.0}, []),
        ({"a": True}, {"a": 1}, ["a: true expected, 1 given"]),
        ({"a": {"b": [1, 2]}}, {"a": {"b": [1, 3]}}, ["a.b[1]: 2 expected, 3 given"]),
        ({"a": [1]}, {"a": [1, 2]}, ["a: [1] expected, [1,2] given"]),
        ({}, {"a": "x"}, ['a: nothing expected, "x" given']),
    ],
)
def test_differences_are_told_by_their_path(expected: object, given: object, said: list[str]) -> None:
    assert list(differences(expected, given)) == said


def test_the_check_of_a_city_names_file_and_line(tmp_path: Path) -> None:
    folder = tmp_path / "aix"
    shutil.copytree(AIX, folder)
    assert faults_of(folder) == []
    (folder / "codecs" / "canopee" / "codec.js").write_text("\n\nlet = ;")
    write(folder, "probe", "a", "u7")
    models = folder / "models.toml"
    lines = models.read_text(encoding="utf-8").splitlines()
    at = next(index for index, line in enumerate(lines) if line.startswith("kind = "))
    lines.insert(at, 'codec = "canope"')
    models.write_text("\n".join(lines), encoding="utf-8")
    found = {(fault.file, fault.line): fault for fault in faults_of(folder)}
    assert set(found) == {("codecs/canopee/codec.js", 3), ("codecs/probe/layout.toml", 2), ("models.toml", at + 1)}
    assert isinstance(found["models.toml", at + 1], Fault)
    assert "did you mean canopee" in found["models.toml", at + 1].remedy


@pytest.mark.parametrize(("asked", "faults"), [("", []), ('codec = "canopee"\n', ["codecs/canopee/codec.js"])])
def test_without_the_engine_only_a_codec_that_is_asked_for_is_a_fault(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, asked: str, faults: list[str]
) -> None:
    monkeypatch.setattr("placette.javascript.engine.find_spec", lambda _: None)
    folder = tmp_path / "aix"
    shutil.copytree(AIX, folder)
    models = folder / "models.toml"
    models.write_text(models.read_text(encoding="utf-8").replace("kind = ", f"{asked}kind = ", 1), encoding="utf-8")
    assert [fault.file for fault in faults_of(folder)] == faults
    assert [source.file for source in unread_of(folder)] == ["codecs/canopee/codec.js"]


def test_built_in_layouts_have_no_fault() -> None:
    with CodecShelf() as shelf:
        assert shelf.problems == ()
    assert [source.name for source in codecs.built_in()] == ["milesight"]


async def test_a_running_city_takes_up_a_change_and_shows_a_broken_one(tmp_path: Path) -> None:
    folder, data = tmp_path / "aix", tmp_path / "data"
    shutil.copytree(AIX, folder)
    data.mkdir()
    store = Store.open(data / "placette.duckdb")
    house = House(
        store=store, city=city.read(folder), settings=Settings(), tokens=Tokens(data), data=data, url="x", folder=folder
    )
    try:
        write(folder, "probe", "a")
        await house.reload_codecs()
        assert "probe" in house.understanding.codecs.names
        write(folder, "probe", "broken", "u7")
        with pytest.raises(BadInput):
            await house.reload_codecs()
        assert "probe" in house.understanding.codecs.names
        shown = [trouble for trouble in troubles(await house.health()) if trouble.key == "codec"]
        assert ["codecs/probe/layout.toml:2" in trouble.subject for trouble in shown] == [True]
    finally:
        house.codecs.close()
        store.close()
