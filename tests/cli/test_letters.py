"""``placette letters`` and ``placette reharmonise`` on a stopped city; the docs run them on a living one."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest

from placette import city
from placette.cli import app, main
from placette.model.arrivals import Arrival, DeadLetter
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Store, inbox

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
NOW = time.time_ns() // 1000
CODE = "AIX-ROT-AIR-01"


def letter(payload: str, what: str) -> DeadLetter:
    arrival = Arrival(network="lorawan", channel=f"devices/{CODE}/up", payload=payload.encode(), received_time=NOW)
    return DeadLetter(arrival=arrival, what=what, where="values", remedy="mend it")


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped city with two frames that would go through now, and one that would not."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store.open(folder / "placette.duckdb")
    sync(store, city.read(AIX), Origin.SIMULATED)
    good = [letter(f'{{"values": {{"temperature": {n}}}}}', f"'AIX-{n}' was not known") for n in (20, 21)]
    inbox.keep_new_now(store, [*good, letter("{", "no JSON")])
    store.close()
    return folder


def run(data: Path, *words: str) -> int | None:
    result = app([*words, "--data", str(data), "--city", str(AIX)], exit_on_error=False, result_action="return_value")
    return result if isinstance(result, int) else None


def test_letters_are_listed_by_cause_with_what_to_do(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "letters", "list")
    first, remedy, second, _ = capsys.readouterr().out.splitlines()
    assert first.split("\t")[1:3] + first.split("\t")[4:] == ["2", "lorawan", "'…' was not known"]
    assert (remedy, second.split("\t")[4]) == ("\tmend it", "no JSON")


def test_a_letter_is_shown_whole(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "letters", "show", "3")
    assert json.loads(capsys.readouterr().out)["payload"] == "{"


def test_a_cause_is_replayed_and_the_rest_stays(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "letters", "list")
    cause = capsys.readouterr().out.split("\t")[0]
    run(data, "letters", "replay", "--cause", cause)
    assert capsys.readouterr().out == "2 replayed, 2 observations, 0 still unusable\n"
    run(data, "letters", "replay")
    assert capsys.readouterr().out == "0 replayed, 0 observations, 1 still unusable\n"
    run(data, "letters", "replay", "3", "--codec", "cayenne")
    assert capsys.readouterr().out == "0 replayed, 0 observations, 0 still unusable\n"


def test_letters_are_dismissed_and_brought_back(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, "letters", "dismiss", "1", "2")
    run(data, "letters", "list", "--state", "dismissed")
    run(data, "letters", "dismiss", "--network", "lorawan", "--restore")
    said = capsys.readouterr().out
    assert said.startswith("2 dismissed\n")
    assert said.endswith("2 brought back\n")


def test_letters_are_exported_to_a_file_or_the_terminal(
    data: Path, tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    run(data, "letters", "export", str(tmp_path / "all.ndjson"))
    run(data, "letters", "export", "--state", "replayed")
    assert [json.loads(line)["id"] for line in (tmp_path / "all.ndjson").read_text().splitlines()] == [3, 2, 1]
    assert b"3 letters: " in capfdbinary.readouterr().out


def test_nothing_to_read_again_is_told(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = city.read(AIX).devices[0].model
    run(data, "reharmonise", "--model", model, "--dry-run")
    assert capsys.readouterr().out.startswith("0 frames: 0 values would change")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["letters", "dismiss", "--city", str(AIX)], "nothing says which letters"),
        (["letters", "show", "99", "--city", str(AIX)], "there is no dead letter 99"),
        (["letters", "list"], "no server runs on"),
        (["reharmonise", "--city", str(AIX)], "name a codec or a device model"),
        (["reharmonise", "--codec", "nothing", "--city", str(AIX)], "there is no codec 'nothing'"),
    ],
)
def test_what_cannot_be_done_is_explained(
    data: Path, words: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main([*words, "--data", str(data)])
    assert (ended.value.code, said in capsys.readouterr().err) == (1, True)


def test_without_data_nothing_is_made(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["letters", "list", "--data", str(tmp_path / "none"), "--city", str(AIX)])
    assert "there is no data in" in capsys.readouterr().err
    assert not (tmp_path / "none").exists()
