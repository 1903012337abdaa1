"""thresholds.toml: a city's own rows are read, join those that are known, and what is wrong with one is explained."""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from placette import city as cities
from placette.model.errors import BadInput
from placette.services.forecast.thresholds import in_force
from placette.store import DatastreamInfo

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"
ROW = """
[[threshold]]
key = "pm10_information"
names = { fr = "PM10, seuil de la ville", en = "PM10, the city's own" }
property = "pm10"
step = "day"
value = 40
unit = "ug/m3"
kind = "information"
valid_from = 2025-01-01
valid_to = 2026-12-31
source = "Délibération du conseil municipal"
"""


def folder(at: Path, text: str) -> Path:
    made = at / "aix"
    shutil.copytree(AIX, made)
    (made / "thresholds.toml").write_text(text, encoding="utf-8")
    return made


def test_a_row_of_the_city_takes_the_place_of_a_known_one_while_it_holds(tmp_path: Path) -> None:
    city = cities.read(folder(tmp_path, ROW))
    info = cast("DatastreamInfo", SimpleNamespace(property_key="pm10", unit="ug/m3"))
    values = {each.key: each.value for each in in_force(city, info, "day", date(2026, 6, 1))}
    assert values["pm10_information"] == 40
    assert values["pm10_alert"] == 80
    later = {each.key: each.value for each in in_force(city, info, "day", date(2027, 6, 1))}
    assert later["pm10_information"] == 50
    aix = {each.key: each.value for each in in_force(cities.read(AIX), info, "day", date(2026, 6, 1))}
    assert aix["pm10_information"] == 50


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("[[threshold]]", "[[limits]]"), "unknown list 'limits'"),
        (('"pm10"', '"pm11"'), "unknown property 'pm11'"),
        (('"ug/m3"', '"mg/m3"'), "pm10 is not in 'mg/m3'"),
        (("value = 40", "value = nan"), "no number"),
        (("2026-12-31", "2024-12-31"), "ends before it begins"),
        (('"Délibération du conseil municipal"', '""'), "no source"),
        (('step = "day"', 'step = "week"'), "step"),
        (('names = { fr = "PM10, seuil de la ville", en = "PM10, the city\'s own" }', ""), "no names"),
    ],
)
def test_what_is_wrong_with_a_row_is_explained(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    with pytest.raises(BadInput, match=said):
        cities.read(folder(tmp_path, ROW.replace(*change)))
