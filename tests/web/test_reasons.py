"""Frequent reasons are told in the reader's language; those of a real intake are among them."""

from __future__ import annotations

import pytest
from tests.harmonise.conftest import Directory, Entry

from placette.harmonise.messages import MessageReader
from placette.model.arrivals import Arrival
from placette.web.reasons import _KNOWN, teller
from placette.web.words import LANGUAGES, Words

THINGS = Directory({"ROT-01/pm10": Entry(1)}, {1: Entry(1)})


def left(payload: str, channel: str = "devices/ROT-01/up") -> tuple[str, str]:
    """The reason and the remedy of a frame that a real reader set aside."""
    arrival = Arrival(network="mqtt", channel=channel, payload=payload.encode(), received_time=1_750_000_000_000_000)
    [letter] = MessageReader().read([arrival], THINGS).dead  # type: ignore[arg-type]
    return letter.what, letter.remedy


@pytest.mark.parametrize(
    ("payload", "channel", "words"),
    [
        ('{"values": {"pm1O": 3}}', "devices/ROT-01/up", "«\u00a0ROT-01\u00a0» n’a pas de série pour pm1O"),
        ('{"values": {"pm10": 3, "x": 1}}', "devices/ROT-01/up", "n’a pas de série pour x"),
        ('{"values": {}}', "devices/ROT-01/up", "la trame ne contient aucune valeur"),
        ("{}", "some/topic", "rien ne sait lire ce canal"),
        ('{"values": ', "devices/ROT-01/up", "ce JSON n’est pas utilisable\u00a0: "),
    ],
)
def test_what_the_intake_says_is_told_in_french(payload: str, channel: str, words: str) -> None:
    tell = teller(Words("fr"))
    what, remedy = left(payload, channel)
    assert words in (tell(what) or "")
    assert remedy == "send some" or tell(remedy)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_known_reason_has_its_words(language: str) -> None:
    words = Words(language)
    assert [key for key in _KNOWN if not words.has(f"reason.{key}")] == []


def test_a_rare_reason_is_not_guessed_at() -> None:
    assert teller(Words("fr"))("the frame smells of goat") is None
