"""How often a network must be heard, so that its silence can be told."""

from __future__ import annotations

from pathlib import Path

from placette import city
from placette.city.model import rhythms

AIX = Path(__file__).resolve().parents[2] / "cities" / "aix"


def test_a_network_is_as_quick_as_its_most_talkative_device() -> None:
    found = city.read(AIX)
    shortest = min(quantity.every_s for device in found.devices for quantity in found.models[device.model].quantities)
    assert rhythms(found) == {"street-mqtt": shortest}
