"""quality.toml: a city's own numbers over the defaults, and every fault with its line."""

from __future__ import annotations

from pathlib import Path

import pytest

from placette import city
from placette.city.documents import Fault
from placette.city.quality import defaults, read_quality
from placette.model import units

UNITS = {"temperature": "Cel", "pm10": "ug/m3", "rain": "mm"}


def read(folder: Path, text: str) -> tuple[dict[str, object], list[Fault]]:
    (folder / "quality.toml").write_text(text, encoding="utf-8")
    faults: list[Fault] = []
    return dict(read_quality(folder, UNITS, faults)), faults


def test_a_folder_without_the_file_has_the_defaults(tmp_path: Path) -> None:
    faults: list[Fault] = []
    assert read_quality(tmp_path, {}, faults) == defaults()
    assert faults == []


def test_a_city_changes_single_numbers_and_keeps_the_others(tmp_path: Path) -> None:
    text = '[temperature]\nsuspect = [-30, 38]\noff = ["flat", "rate"]\n[rain]\nfail = [0, 500]\n'
    found, faults = read(tmp_path, text)
    assert faults == []
    own = found["temperature"]
    assert (own.suspect, own.fail, own.flat, own.rate) == ((-30, 38), defaults()["temperature"].fail, None, None)
    assert found["rain"].unit == "mm"


@pytest.mark.parametrize(
    ("text", "line", "what"),
    [
        ("[temprature]\nfail = [0, 1]\n", 1, "unknown property 'temprature'"),
        ("[temperature]\nfail = [60, -50]\n", 2, "fail of temperature is empty: [60.0, -50.0]"),
        ("[temperature]\nsuspect = [-70, 45]\n", 2, "suspect of temperature reaches beyond fail"),
        ("[temperature]\nspike = [0, 45]\n", 2, "spike of temperature begins at 0.0"),
        ('[temperature]\n\noff = ["flatt"]\n', 3, "unknown test 'flatt'"),
        ("[temperature]\nrates = 3\n", 2, "unknown key 'rates' in temperature"),
        ('[temperature]\nrate = "fast"\n', 2, "temperature.rate"),
        ('[temperature]\nunit = "degrees"\n', 2, "unknown unit 'degrees'"),
    ],
)
def test_a_fault_is_told_with_its_line(tmp_path: Path, text: str, line: int, what: str) -> None:
    _, faults = read(tmp_path, text)
    assert [(fault.file, fault.line) for fault in faults] == [("quality.toml", line)]
    assert faults[0].what.startswith(what)
    assert faults[0].remedy


def test_the_defaults_hold_for_every_property_of_aix_and_every_number_has_its_reason() -> None:
    folder = Path(__file__).parents[2] / "cities" / "aix"
    aix = city.read(folder)
    sent = {quantity.property for model in aix.models.values() for quantity in model.quantities}
    assert {key for key in sent if aix.quality[key].unit != aix.properties[key].unit} == set()
    for key, checks in defaults().items():
        units.unit(checks.unit)
        numbers = {
            name
            for name in ("fail", "suspect", "spike", "rate", "flat", "neighbour", "counts")
            if getattr(checks, name)
        }
        assert numbers - {"suspect"} <= checks.why.keys() | {"rate"}, key


def test_the_defaults_are_sound(tmp_path: Path) -> None:
    source = Path(city.__file__).parent / "quality.toml"
    (tmp_path / "quality.toml").write_bytes(source.read_bytes())
    faults: list[Fault] = []
    assert read_quality(tmp_path, {}, faults) == defaults()
    assert faults == []
