"""``placette codec``: list, decode, test."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from placette.cli import main

AIX = str(Path(__file__).resolve().parents[2] / "cities" / "aix")


def run(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    with pytest.raises(SystemExit) as caught:
        main(["codec", *arguments])
    out, err = capsys.readouterr()
    assert isinstance(caught.value.code, int)
    return caught.value.code, out, err


def test_decode_prints_the_fields_as_json(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "decode", "cayenne-lpp", "03 67 01 10")
    assert (code, json.loads(out)) == (0, {"temperature_3": 27.2})


def test_decode_prints_what_the_codec_warns_about(capsys: pytest.CaptureFixture[str]) -> None:
    _, out, _ = run(capsys, "decode", "canopee", "010064fff6", "--port", "10", "--city", AIX)
    assert out.endswith("warning: the battery is low\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("cayenne-lpp", "0x"), "not hexadecimal"),
        (("cayenne-lpp", "0367"), "byte 2: temperature on channel 3"),
        (("cayenne", "00"), "did you mean cayenne-lpp?"),
    ],
)
def test_decode_says_what_is_wrong(capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], said: str) -> None:
    code, _, err = run(capsys, "decode", *arguments)
    assert code == 1
    assert said in err


def test_list_names_the_codecs_of_the_city_too(capsys: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(capsys, "list", "--city", AIX)
    assert code == 0
    assert {"canopee", "cayenne-lpp", "milesight-vs133"} <= {line.split("\t")[0] for line in out.splitlines()}


def test_test_passes_on_the_reference_city(capsys: pytest.CaptureFixture[str]) -> None:
    assert run(capsys, "test", "--city", AIX)[:2] == (
        0,
        "milesight: 8 vectors\nbrise-2: 5 vectors\ncanopee: 4 vectors\nAll as expected.\n",
    )


def test_test_shows_what_differs_and_fails(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    for name, text in (("probe", '[[frames]]\nfields = [{name = "a", type = "u8"}]'), ("broken", "a =")):
        (tmp_path / "codecs" / name).mkdir(parents=True)
        (tmp_path / "codecs" / name / "layout.toml").write_text(text)
    (tmp_path / "codecs" / "probe" / "vectors.jsonl").write_text('{"bytes": "02", "fields": {"a": 1}}')
    code, out, _ = run(capsys, "test", "--city", str(tmp_path))
    assert code == 1
    assert "FAIL  probe (probe/vectors.jsonl:1)\n      a: 1 expected, 2 given" in out
    assert "FAIL  not TOML" in out
    assert out.endswith("2 failed.\n")


@pytest.mark.parametrize("arguments", [("test", "--city", AIX), ("list", "--city", AIX)])
def test_where_v8_is_missing_the_remedy_is_to_install_it(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, arguments: tuple[str, ...]
) -> None:
    monkeypatch.setattr("placette.javascript.engine.find_spec", lambda _: None)
    code, out, err = run(capsys, *arguments)
    assert code == 1
    assert "codecs in JavaScript need the V8 engine" in out
    assert "pip install 'placette[lorawan]'" in out
    assert "mend" not in out + err
