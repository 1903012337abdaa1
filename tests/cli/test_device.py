"""``placette device``, ``label`` and ``city export`` on a stopped city; the docs run them on a living one."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from placette import city
from placette.cli import app, main
from placette.fieldwork import FieldWork
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.store import Store

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
CODE = "AIX-ROT-AIR-01"
NEW = (
    "device", "install", "70B3D57ED0000001", "--model", "hive", "--network", "street-mqtt", "--place", "rotonde",
    "--longitude", "5.4454", "--latitude", "43.5263",
)  # fmt: skip


@pytest.fixture
def data(tmp_path: Path) -> Path:
    """A stopped city."""
    folder = tmp_path / "data"
    folder.mkdir()
    store = Store.open(folder / "placette.duckdb")
    found = city.read(AIX)
    sync(store, found, Origin.MEASURED)
    FieldWork(store, found, found.devices, Origin.MEASURED).settle()
    store.close()
    return folder


def run(data: Path, *words: str) -> None:
    app([*words, "--data", str(data), "--city", str(AIX)], exit_on_error=False, result_action="return_value")


def test_a_device_is_installed_replaced_and_retired(data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    run(data, *NEW)
    said = capsys.readouterr().out
    assert said.endswith("70B3D57ED0000001 is installed at rotonde\n")
    code = said.split(":")[0]
    run(data, "device", "replace", code, "70B3D57ED0000002", "--note", "battery dead")
    run(data, "device", "list", "--place", "rotonde", "--state", "replaced")
    assert capsys.readouterr().out.splitlines()[-1].split("\t")[:2] == [code, "replaced"]
    run(data, "device", "retire", code)
    run(data, "device", "list", "--state", "retired")
    assert code in capsys.readouterr().out
    run(data, "device", "list", "--state", "silent")
    assert capsys.readouterr().out == "There are none.\n"


def test_the_folder_gets_what_the_field_declared_and_can_be_read_with_it(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    run(data, *NEW)
    code = capsys.readouterr().out.split(":")[0]
    run(data, "city", "export")
    folder = tmp_path / "aix"
    shutil.copytree(AIX, folder)
    (folder / "things.csv").write_text(capsys.readouterr().out)
    assert city.check(folder) == []
    found = next(device for device in city.read(folder).devices if device.code == code)
    assert (found.network_id, found.place) == ("70B3D57ED0000001", "rotonde")


def test_a_label_is_written(data: Path, tmp_path: Path) -> None:
    file = tmp_path / "label.svg"
    run(data, "label", CODE, "-o", str(file), "--language", "fr")
    assert "Ruche" in file.read_text()


@pytest.mark.parametrize(
    "words",
    [("device", "retire", "AIX-0"), ("label", "AIX-0"), (*NEW[:4], "unicorn", *NEW[5:])],
)
def test_what_cannot_be_done_is_explained(
    data: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...]
) -> None:
    with pytest.raises(SystemExit, match="1"):
        main([*words, "--data", str(data), "--city", str(AIX)])
    assert "placette:" in capsys.readouterr().err
