"""What a city says of the formats of its networks is checked, with file and line."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from placette import city
from placette.model.errors import BadInput
from placette.understanding import faults_of, formats

NETWORKS = """
[one]
kind = "http"
format = "influx"
names = { fr = "Un", en = "One" }
options = { device = "unit" }
[two]
kind = "mqtt"
host = "broker"
names = { fr = "Deux", en = "Two" }
format = "json"
topics = ["gates/{device}"]
options = { time = "at", time_unit = "s" }
[three]
kind = "coap"
names = { fr = "Trois", en = "Three" }
[four]
kind = "http"
names = { fr = "Quatre", en = "Four" }
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    city.scaffold("Vence", tmp_path / "vence")
    (tmp_path / "vence" / "things.csv").write_text(
        "id,model,place,longitude,latitude,network\nA,counter,centre,0,0,two\n"
    )
    (tmp_path / "vence" / "networks.toml").write_text(NETWORKS)
    return tmp_path / "vence"


def test_what_is_right_has_no_fault(folder: Path) -> None:
    found = city.read(folder)
    assert faults_of(folder, found) == []
    assert formats(found).keys() - found.feeds.keys() == {"one", "two", "three"}


@pytest.mark.parametrize(
    ("old", "new", "line", "what"),
    [
        ("influx", "influxdb", 4, "the format 'influxdb' of 'one' is not known"),
        ('"influx"', '"hive"', 4, "the format 'hive' of 'one' does not come by http"),
        ('"json"', '"open-meteo"', 11, "the format 'open-meteo' of 'two' does not come by mqtt"),
        ("{ device =", "{ devise =", 6, "'one': the options cannot be used: Object contains unknown field `devise`"),
        ('"s" }', '"hour" }', 13, "'two': the options cannot be used: Invalid enum value 'hour' - at `$.time_unit`"),
        ('topics = ["gates/{device}"]', "", 7, "nothing says which topics 'two' shall follow"),
        ('"Three" }', '"Three" }\noptions = { oscor = true }', 17, "'three': the options cannot be used: Object"),
        ('"Four" }', '"Four" }\noptions = { qos = 1 }', 20, "'four' takes frames of ours, which have no options"),
    ],
)
def test_each_fault_is_told_with_its_line(folder: Path, old: str, new: str, line: int, what: str) -> None:
    networks = folder / "networks.toml"
    networks.write_text(NETWORKS.replace(old, new))
    found = city.read(folder)
    (fault,) = faults_of(folder, found)
    assert (fault.file, fault.line) == ("networks.toml", line)
    assert fault.what.startswith(what)
    assert fault.remedy
    with pytest.raises(BadInput, match=re.escape(what)):
        formats(found)


def test_all_faults_come_at_once(folder: Path) -> None:
    (folder / "networks.toml").write_text(NETWORKS.replace("influx", "flux").replace('"json"', '"yaml"'))
    assert [fault.line for fault in faults_of(folder, city.read(folder))] == [4, 11]
