"""Secrets that the city names and the environment does not hold are told before anything fails for want of them."""

from __future__ import annotations

from pathlib import Path

import pytest

from placette import city
from placette.secrets_named import unset

MORE = """
[tiny]
kind = "coap"
names = { fr = "Petits", en = "Tiny" }
token_env = "COAP_TOKEN"

[hooks]
kind = "http"
format = "chirpstack"
names = { fr = "Appels", en = "Hooks" }
"""
USER = {"PLACETTE_MQTT_USERNAME": "city"}


@pytest.mark.parametrize(
    ("environment", "said"),
    [
        (USER | {"PLACETTE_MQTT_PASSWORD": "x", "COAP_TOKEN": "y"}, []),
        (
            USER | {"COAP_TOKEN": "y"},
            ["PLACETTE_MQTT_PASSWORD is not set (networks.toml, street-mqtt): it connects without a user"],
        ),
        (
            {"COAP_TOKEN": ""},
            [
                "PLACETTE_MQTT_USERNAME and PLACETTE_MQTT_PASSWORD are not set (networks.toml, street-mqtt):"
                " it connects without a user",
                "COAP_TOKEN is not set (networks.toml, tiny): the server will not start",
            ],
        ),
    ],
)
def test_each_secret_that_is_not_there_is_named(tmp_path: Path, environment: dict[str, str], said: list[str]) -> None:
    city.scaffold("Vence", tmp_path / "vence")
    networks = tmp_path / "vence" / "networks.toml"
    networks.write_text(networks.read_text() + MORE)
    assert [str(each) for each in unset(city.read(tmp_path / "vence"), environment)] == said
