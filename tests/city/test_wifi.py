"""What a city folder may say of counting by Wi-Fi."""

from __future__ import annotations

from pathlib import Path

import pytest

from placette import city
from placette.model.wifi import QUANTITIES, WifiOptions

NETWORK = """
[square]
kind = "wifi"
names = {{ fr = "Wi-Fi", en = "Wi-Fi" }}
{line}
"""
LEGAL = 'controller = "Ville", notice_url = "https://a.fr/n", opt_out_url = "https://a.fr/o", opt_out_env = "A_KEY"'
RATIO = """
[[calibration]]
device = "{device}"
time_class = "{time_class}"
basis = "devices"
ratio = {ratio}
lower = 1.0
upper = 3.0
sessions = 3
minutes = 90
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A small valid city."""
    city.scaffold("Petite", tmp_path / "city")
    return tmp_path / "city"


def faults(folder: Path) -> list[str]:
    return [f"{fault.what} — {fault.remedy}" for fault in city.check(folder)]


@pytest.mark.parametrize(
    ("line", "said"),
    [
        ('token_env = "A_SECRET"', None),
        ("", "'token_env' is missing"),
        ('token_env = "A_SECRET"\noptions = { case = 3 }', "the options cannot be used"),
        ('token_env = "A_SECRET"\noptions = { late_s = 999 }', "the options cannot be used"),
        ('token_env = "A_SECRET"\noptions = { salt = "x" }', "the options are: case, validator_env"),
        ('token_env = "A_SECRET"\noptions = { validator_env = "secret!" }', "'validator_env' does not hold the name"),
        ('token_env = "A_SECRET"\noptions = { case = 2 }', "case 2 asks for 'controller'"),
        ('token_env = "A_SECRET"\noptions = { case = 2, ' + LEGAL + " }", None),
        (
            'token_env = "A_SECRET"\noptions = { case = 2, ' + LEGAL.replace("https", "ftp") + " }",
            "is no https address",
        ),
        (
            'token_env = "A_SECRET"\noptions = { case = 2, ' + LEGAL.replace("A_KEY", "") + " }",
            "'opt_out_env' is missing",
        ),
    ],
)
def test_wrong_options_are_explained(folder: Path, line: str, said: str | None) -> None:
    with (folder / "networks.toml").open("a") as file:
        file.write(NETWORK.format(line=line))
    found = faults(folder)
    assert (not found) if said is None else any(said in fault for fault in found), found


def test_a_device_that_could_tell_nothing_is_explained(folder: Path) -> None:
    with (folder / "networks.toml").open("a") as file:
        file.write(NETWORK.format(line='token_env = "A_SECRET"'))
    things = (folder / "things.csv").read_text().splitlines()
    columns = dict(zip(things[0].split(","), things[1].split(","), strict=True)) | {"network": "square"}
    (folder / "things.csv").write_text("\n".join([things[0], ",".join(columns.values()), *things[2:]]))
    model = columns["model"]
    assert any(f"{model} is of a Wi-Fi network and has none of its quantities" in fault for fault in faults(folder))


@pytest.mark.parametrize(
    ("device", "time_class", "ratio", "said"),
    [
        ("{known}", "saturday", 2.0, None),
        ("NOBODY", "saturday", 2.0, "unknown device 'NOBODY'"),
        ("{known}", "sunday", 2.0, "'sunday' is no class of time"),
        ("{known}", "saturday", 4.0, "the ratio lies outside"),
    ],
)
def test_a_calibration_file_is_read_and_checked(
    folder: Path, device: str, time_class: str, ratio: float, said: str | None
) -> None:
    known = (folder / "things.csv").read_text().splitlines()[1].split(",")[0]
    text = RATIO.format(device=device.format(known=known), time_class=time_class, ratio=ratio)
    (folder / "wifi-calibration.toml").write_text(text)
    found = faults(folder)
    if said is None:
        assert found == []
        assert city.read(folder).wifi_calibrations[0].ratio == 2.0
    else:
        assert any(said in fault for fault in found), found


def test_every_option_and_quantity_is_documented() -> None:
    page = (Path(__file__).parents[2] / "docs" / "wifi.md").read_text(encoding="utf-8")
    names = (*WifiOptions.__struct_fields__, *QUANTITIES)
    assert [name for name in names if f"`{name}`" not in page] == []
