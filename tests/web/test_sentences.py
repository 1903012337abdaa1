"""Every fault, remedy and piece of evidence that a page can show has its French words, and comes back in them."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from string import Formatter

import pytest
from tests.harmonise.conftest import Directory, Entry
from tests.web.spoken import SOURCES, said

from placette.harmonise.messages import MessageReader
from placette.model.arrivals import Arrival
from placette.web.sentences import LONGEST, Sentences, forms
from placette.web.words import Words

FRENCH = Sentences(Words("fr"))
FILES = sorted((SOURCES / "web" / "messages" / "fr").glob("*.toml"))
PARTS = "parts.toml"
"""Places in files, and what libraries say inside our sentences."""
THINGS = Directory({"ROT-01/pm10": Entry(1)}, {1: Entry(1)})
NAMES = {"coap", "cayenne-lpp", "schema:latitude", "schema:longitude", "Datastream", "FeatureOfInterest"}
"""What is filled in as it is: names of formats and of their parts."""
EXAMPLES = {"": ("xyz", "xyz"), ",": ("1,234", "1\u202f234"), ".0%": ("95%", "95\u00a0%"), "02d": ("06", "06")}
EXAMPLES |= {"02x": ("9f", "9f"), ".0f": ("1000", "1\u202f000"), "g": ("2.5", "2,5")}
"""How a hole is written in a sentence, and in French, by how the source formats it."""


def rows(file: Path) -> dict[str, str]:
    found: dict[str, str] = tomllib.loads(file.read_text(encoding="utf-8"))
    return found


def holes(text: str) -> list[tuple[str, str]]:
    """Return name and format of each hole."""
    return [(field, spec or "") for _, field, spec, _ in Formatter().parse(text) if field is not None]


def test_every_sentence_of_the_sources_has_its_french_words() -> None:
    spoken = said()
    assert len(spoken) > 800, "the sources are no longer understood"
    lacking = {one.form: one.where for one in spoken if one.form not in forms("fr") and one.form not in NAMES}
    assert lacking == {}, "write them into web/messages/fr"


def test_no_words_are_left_of_what_is_no_longer_said() -> None:
    spoken = {one.form for one in said()}
    assert [form for file in FILES if file.name != PARTS for form in rows(file) if form not in spoken] == []


def test_no_sentence_stands_in_two_files() -> None:
    assert sum(len(rows(file)) for file in FILES) == len(forms("fr"))


def test_every_sentence_takes_what_its_form_takes() -> None:
    def taken(text: str) -> list[str]:
        return sorted(name or str(at) for at, (name, _) in enumerate(holes(text)))

    assert [form for form, text in forms("fr").items() if taken(form) != taken(text)] == []


def test_french_typography() -> None:
    texts = forms("fr").values()
    assert [text for text in texts if re.search(r" [:;?!%»]|« |\w[;?!]( |$)|\w'\w", text)] == []


def example(form: str) -> str:
    """A sentence of this form."""
    plain = re.sub(r":[^{}]+(?=\})", "", form.replace("{{", "\0").replace("}}", "\1"))
    return plain.replace("\0", "{{").replace("\1", "}}").format(*(EXAMPLES[spec][0] for _, spec in holes(form)))


def test_every_sentence_comes_back_in_its_own_words() -> None:
    told = {
        form: (FRENCH.tell(example(form)), text.format(*(EXAMPLES[spec][1] for _, spec in holes(form))))
        for form, text in forms("fr").items()
    }
    assert {form: pair for form, pair in told.items() if pair[0] != pair[1]} == {}


@pytest.mark.parametrize(
    ("sentence", "told"),
    [
        ("'…' has no datastream for temp", "«\u00a0…\u00a0» n’a pas de série pour temp"),
        ("not imported: it holds e-mail addresses", "non importé\u00a0: contient des adresses électroniques"),
        (
            "'latitude' has no datastream for a; temperature is no finite number",
            "«\u00a0latitude\u00a0» n’a pas de série pour a\u00a0; temperature n’est pas un nombre fini",
        ),
        (
            "codecs/a/codec.js:3: the codec ran out of time — mend the JavaScript",
            "codecs/a/codec.js:3: le codec a manqué de temps — réparer le JavaScript",
        ),
        (
            "the codec 'a' cannot be used: the codec ran out of memory (codecs/a/codec.js:1) — mend the JavaScript",
            "le codec «\u00a0a\u00a0» n’est pas utilisable\u00a0: le codec a manqué de mémoire (codecs/a/codec.js:1)"
            " — réparer le JavaScript",
        ),
        (
            "'{' is no value (line 3) — close it with a double quote",
            "«\u00a0{\u00a0» n’est pas une valeur (ligne 3) — la fermer par un guillemet double",
        ),
        ("the frame smells of goat", None),
        ("it holds " + "x" * LONGEST, None),
    ],
)
def test_sentences_inside_of_sentences(sentence: str, told: str | None) -> None:
    assert FRENCH.tell(sentence) == told
    assert Sentences(Words("en")).tell(sentence) == sentence


@pytest.mark.parametrize(
    ("folded", "told"),
    [
        ("'…' has no datastream for temp", "«\u00a0…\u00a0» n’a pas de série pour temp"),
        ("the text is not …", "le texte n’est pas en UTF-8"),
        ("the time … lies outside …–…", "le temps … est hors de 1900–2200"),
        ("'…' is one of … or Feature", "«\u00a0type\u00a0» vaut … ou Feature"),
        ("the calendar is not …: goat", "l’agenda n’est pas en UTF-8\u00a0: goat"),
        ("goat …", None),
        ("… …", None),
    ],
)
def test_a_reason_without_its_variable_parts_is_told_by_its_form(folded: str, told: str | None) -> None:
    assert FRENCH.tell(folded) == told


def left(payload: str, channel: str) -> tuple[str, str]:
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
        ('{"values": ', "devices/ROT-01/up", "ce JSON n’est pas utilisable\u00a0: les données sont coupées"),
        ('{"values": 3}', "devices/ROT-01/up", "`object` attendu, `int` reçu, à `$.values`"),
        ('{"values": {"pm10": 3}, "quality": 7}', "devices/ROT-01/up", "7 n’est pas un code de qualité"),
        ('{"values": {"pm10": 3}, "time": "noon"}', "devices/ROT-01/up", "«\u00a0noon\u00a0» n’est pas un temps"),
        ('{"values": {"pm10": 3}, "time": "9999-01-01T00:00:00Z"}', "devices/ROT-01/up", "est hors de 1900–2200"),
    ],
)
def test_what_the_intake_says_is_told_in_french(payload: str, channel: str, words: str) -> None:
    what, remedy = left(payload, channel)
    assert words in (FRENCH.tell(what) or "")
    assert FRENCH.tell(remedy)
