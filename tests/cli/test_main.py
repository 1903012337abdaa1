from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

PLACETTE = [sys.executable, "-m", "placette"]


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run([*PLACETTE, *arguments], capture_output=True, text=True, check=False)


def test_help_lists_every_command_with_a_sentence() -> None:
    said = run("--help").stdout
    for name in ("demo", "serve", "import", "city", "token", "backup", "restore", "upgrade", "basemap", "bench"):
        assert f" {name} " in said


@pytest.mark.parametrize("arguments", [("tokn",), ("serve",), ("token", "create")])
def test_a_misspelt_command_ends_with_2(arguments: tuple[str, ...]) -> None:
    done = run(*arguments)
    assert done.returncode == 2
    assert "Traceback" not in done.stderr


def test_an_error_says_what_where_and_the_remedy_and_ends_with_1(tmp_path: Path) -> None:
    done = run("backup", "--data", str(tmp_path / "nowhere"))
    assert done.returncode == 1
    assert done.stderr.startswith("placette: there is no data in")
    assert "--data" in done.stderr


def test_a_reader_who_leaves_early_meets_no_traceback() -> None:
    done = subprocess.run(  # noqa: S602  # the pipe is what is tested
        f"{' '.join(PLACETTE)} city check {Path(__file__).parent} | true",
        shell=True,
        capture_output=True,
        text=True,
        check=False,
    )
    assert "Traceback" not in done.stderr


def test_the_measure_of_this_machine_runs(tmp_path: Path) -> None:
    done = run("bench", "--rows", "20000", "--datastreams", "100", "--folder", str(tmp_path))
    assert done.returncode == 0
    assert "observations/s" in done.stdout
    assert list(tmp_path.iterdir()) == []


def test_a_new_city_is_valid(tmp_path: Path) -> None:
    assert run("city", "new", "Arles", "--target", str(tmp_path / "arles")).returncode == 0
    assert "no fault" in run("city", "check", str(tmp_path / "arles")).stdout


def test_a_faulty_city_names_file_and_line(tmp_path: Path) -> None:
    run("city", "new", "Arles", "--target", str(tmp_path / "arles"))
    with (tmp_path / "arles" / "city.toml").open("a") as out:
        out.write("\ncolour = 'blue'\n")
    done = run("city", "check", str(tmp_path / "arles"))
    assert done.returncode == 1
    assert "city.toml:" in done.stdout
