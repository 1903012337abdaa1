"""What docs/networks.md tells to write in a city folder works, and its examples are read."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import msgspec
import pytest

from placette.city.model import Network
from placette.harmonise.networks import FORMATS
from placette.model.arrivals import Arrival

PAGE = (Path(__file__).resolve().parents[3] / "docs" / "networks.md").read_text()
SECTIONS = {part.partition("\n")[0]: part for part in PAGE.split("\n## ")[1:]}


def blocks(section: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", SECTIONS[section], re.DOTALL | re.MULTILINE)


def networks(section: str) -> list[Network]:
    tables = [tomllib.loads(block) for block in blocks(section, "toml")]
    return [msgspec.convert({"key": key} | table, Network) for each in tables for key, table in each.items()]


@pytest.mark.parametrize("section", [name for name in SECTIONS if blocks(name, "toml")])
def test_the_lines_for_networks_toml_can_be_used(section: str) -> None:
    for network in networks(section):
        chosen = FORMATS[network.format]
        assert chosen.check(network.options, network.topics) == []
        assert network.kind == "http" or chosen.filters(network.options, network.topics)


EXAMPLES = {
    "ChirpStack": ("json", "/api/networks/lora-http?event=up", "24E124136B502217"),
    "The Things Stack": ("json", "/api/networks/ttn-http", "24E124136B502217"),
    "InfluxDB line protocol": ("text", "/api/networks/loggers/write", "mast-7"),
    "NGSI-LD and NGSI v2": ("json", "/api/networks/platform", "urn:ngsi-ld:AirQualityObserved:rotonde"),
    "JSON of any shape": ("json", "gates/north/count", "north"),
}


@pytest.mark.parametrize("section", EXAMPLES)
def test_the_example_of_a_network_is_an_uplink(section: str) -> None:
    language, channel, device = EXAMPLES[section]
    network = networks(section)[0]
    payload = blocks(section, language)[0].encode()
    read = FORMATS[network.format].reader(network.options, network.topics)
    arrival: Any = Arrival(network=network.key, channel=channel, payload=payload, received_time=0)
    [uplink] = read(arrival)
    assert (uplink.device, uplink.fault) == (device, "")
    assert uplink.payload or uplink.fields
