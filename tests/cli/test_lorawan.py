"""The calculators on the command line."""

from __future__ import annotations

import pytest

from placette.cli import main


def said(capsys: pytest.CaptureFixture[str], *words: str) -> str:
    with pytest.raises(SystemExit) as ended:
        main(["lorawan", *words])
    assert ended.value.code == 0
    return capsys.readouterr().out


def test_every_spreading_factor_has_a_row(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "airtime", "--bytes", "10").splitlines()
    assert [line.split()[0] for line in lines[1:7]] == ["7", "8", "9", "10", "11", "12"]
    assert "61.7 ms" in lines[1]
    assert "1482.8 ms" in lines[6]


def test_a_payload_too_long_is_pointed_out(capsys: pytest.CaptureFixture[str]) -> None:
    assert "longer than the 51 bytes" in said(capsys, "airtime", "--bytes", "60", "--spreading-factor", "12")


def test_the_battery_says_where_its_charge_goes(capsys: pytest.CaptureFixture[str]) -> None:
    lines = said(capsys, "battery", "--capacity", "2400").splitlines()
    assert "days" in lines[0]
    assert [line.split()[0] for line in lines[1:]] == ["sleep", "measure", "transmit", "receive", "self"]


def test_bounds_are_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["lorawan", "airtime", "--spreading-factor", "13"])
    assert ended.value.code == 1
    assert "spreading_factor" in capsys.readouterr().err
