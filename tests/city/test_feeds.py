"""feeds.toml: every fault on its line with its remedy, feeds as networks, and what the datastreams say of them."""

from __future__ import annotations

from pathlib import Path

import msgspec
import pytest

from placette import city
from placette.city.model import Feed
from placette.model.entities import Origin
from placette.model.feeds import KINDS

PAGE = Path(__file__).parents[2] / "docs" / "feeds.md"
GOOD = """[sky]
kind = "open-meteo"
names = { fr = "Ciel", en = "Sky" }
every_s = 3600
licence = "CC BY 4.0"
attribution = "Open-Meteo"
"""
PORTAL = """[sky]
kind = "opendatasoft"
names = { fr = "Ciel", en = "Sky" }
url = "https://data.example"
licence = "ODbL"
attribution = "A town"
options = { dataset = "d", date_field = "t", station_field = "s" }
"""

# text to replace, what to put there ("@" marks the line of the fault), what is wrong
FAULTS = [
    (GOOD, 'kind = "open-meteo"', '@kind = "openmeteo"', "the kinds of feeds are: open-meteo"),
    (GOOD, 'kind = "open-meteo"\n', "", "'kind' of sky is None"),
    (GOOD, "every_s = 3600", "@every_s = 0", "sky.every_s"),
    (GOOD, ', en = "Sky"', "", "no text in 'en'"),
    (GOOD, 'licence = "CC BY 4.0"\n', "", "'licence' is missing in sky"),
    (GOOD, '"Open-Meteo"', '@""', "sky.attribution"),
    (GOOD, "every_s", '@url = "ftp://a.example"\nevery_s', "is no web address"),
    (GOOD, "every_s", '@url = "https://me:secret@a.example"\nevery_s', "a password may not stand in an address"),
    (GOOD, "every_s", '@token = "hunter2"\nevery_s', "the secret 'token' may not stand in a file"),
    (GOOD, "every_s", '@token_env = "hunter2!"\nevery_s', "does not hold the name of an environment variable"),
    (GOOD, "every_s", '@origin = "measured"\nevery_s', "nothing of sky is measured"),
    (GOOD, "every_s", '@origin = "guessed"\nevery_s', "unknown origin 'guessed'"),
    (GOOD, "every_s", "@options = { day = 3 }\nevery_s", "unknown key 'day' in sky.options"),
    (GOOD, "every_s", "@options = { days = 99 }\nevery_s", "sky.options.days"),
    (GOOD, "[sky]", "@[Sky]", "'Sky' is not a key"),
    (GOOD, "[sky]", "@[street-mqtt]", "'street-mqtt' is a network already"),
    (GOOD, 'kind = "open-meteo"', 'kind = "openaq"', "'token_env' is missing in sky"),
    (GOOD, 'kind = "open-meteo"', 'kind = "atmo"', "'username_env' is missing in sky"),
    (GOOD, 'kind = "open-meteo"', 'kind = "gbfs"', "'url' is missing in sky"),
    (PORTAL, 'dataset = "d", ', "", "'dataset' is missing in sky.options"),
    (PORTAL, '"https://data.example"', '"https://data.example/{token}"', "'token_env' is missing in sky"),
]


@pytest.mark.parametrize(("text", "old", "new", "what"), FAULTS)
def test_each_fault_is_told_on_its_line(folder: Path, text: str, old: str, new: str, what: str) -> None:
    assert old in text
    written = text.replace(old, new, 1)
    line = written[: written.find("@")].count("\n") + 1 if new.startswith("@") else None
    (folder / "feeds.toml").write_text(written.replace("@", "", 1) if line else written)
    faults = [fault for fault in city.check(folder) if fault.file == "feeds.toml"]
    assert any(what in f"{fault.what} {fault.remedy}" for fault in faults), faults
    assert line is None or faults[0].line == line


def test_a_folder_without_the_file_has_no_feeds(folder: Path) -> None:
    (folder / "feeds.toml").unlink()
    assert city.read(folder).feeds == {}


def test_a_feed_that_is_off_needs_no_secret(folder: Path) -> None:
    text = GOOD.replace('kind = "open-meteo"', 'kind = "openaq"\nenabled = false')
    (folder / "feeds.toml").write_text(text)
    assert city.check(folder) == []


def test_a_feed_is_a_network_whose_devices_say_whose_data_it_is(folder: Path) -> None:
    (folder / "feeds.toml").write_text(GOOD)
    things = (folder / "things.csv").read_text()
    (folder / "things.csv").write_text(things.replace("street-mqtt", "sky", 1))
    found = city.read(folder)
    assert (found.networks["sky"].kind, found.networks["sky"].format) == ("feed", "open-meteo")
    streams = {stream.code: stream.properties for stream in city.entities(found).datastreams}
    of_feed, other = streams["ARLES-CNT-01/pedestrians"], streams["ARLES-AIR-01/pm10"]
    assert (of_feed["origin"], of_feed["identity"]) == ("forecast", "phenomenonTime+resultTime")
    assert (of_feed["licence"], of_feed["source"]) == ("CC BY 4.0", "Open-Meteo")
    assert (other["origin"], other["identity"]) == ("measured", "phenomenonTime")
    simulated = city.entities(found, Origin.SIMULATED).datastreams
    assert {stream.properties["origin"] for stream in simulated} == {"simulated"}


@pytest.mark.parametrize(
    ("more", "origin"), [("", "forecast"), ('since = "2020-01-01"', "modelled")], ids=["forecast", "archive"]
)
def test_the_archive_is_modelled_the_future_a_forecast(folder: Path, more: str, origin: str) -> None:
    (folder / "feeds.toml").write_text(f"{GOOD}options = {{ {more} }}\n")
    assert city.read(folder).feeds["sky"].origin == origin


def test_aix_and_new_cities_ask_nobody_for_anything(aix: Path, folder: Path) -> None:
    for place in (aix, folder):
        feeds = city.read(place).feeds
        assert feeds
        assert not any(feed.enabled for feed in feeds.values())


def test_a_feed_does_not_stand_in_networks_toml(folder: Path) -> None:
    networks = folder / "networks.toml"
    networks.write_text(networks.read_text().replace('kind = "mqtt"', 'kind = "feed"'))
    assert [fault.what for fault in city.check(folder)] == ["feeds do not stand here"]


def test_every_kind_key_and_option_is_documented() -> None:
    page = PAGE.read_text(encoding="utf-8")
    keys = [field.name for field in msgspec.structs.fields(Feed)]
    assert [key for key in keys if f"`{key}`" not in page] == []
    for kind, declared in KINDS.items():
        part = page.split(f"\n## `{kind}`")
        assert len(part) == 2, kind
        section = part[1].split("\n## ")[0]
        own = set(declared.options.__struct_fields__) - {"private", "most_mib"}
        assert [name for name in own if f"`{name}`" not in section] == [], kind
        assert not declared.url or declared.url in section, kind
    assert "`private`" in page
    assert "`most_mib`" in page
