"""The catalogues: complete in both languages, nothing unused, nothing written elsewhere, French typography."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from pathlib import Path
from string import Formatter

import pytest

from placette.publish.health import Health, NetworkHealth, troubles
from placette.web.words import LANGUAGES, Words, catalogue

ROOT = Path(__file__).resolve().parents[2]
WEB = ROOT / "src" / "placette" / "web"
ELEMENTS = ROOT / "components" / "src"
TEMPLATES = sorted((WEB / "templates").rglob("*.html"))
SOURCES = [*TEMPLATES, *WEB.rglob("*.py")]
JINJA = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)
LETTERS = re.compile(r"[^\W\d_]{2,}")
NAMES = {"Placette", "SensorThings", "GeoJSON", "OpenAPI"}
"""Proper names, the same in every language."""
SPOKEN = {"alt", "aria-label", "aria-description", "placeholder", "title", "content"}

FIXED = re.compile(r"""(?:\bt|words)\(\s*f?["']([a-z0-9_.-]+)["']""")
COMPOSED = re.compile(r"""["']([a-z_]+\.(?:[a-z_]+\.)*)(?:["']\s*~|\{)""")
GROUPED = re.compile(r"""t\.group\(["']([a-z.]+)["']\)""")
EITHER = re.compile(r"""["']([a-z_]+\.[a-z_.]+)["'] if |else ["']([a-z_]+\.[a-z_.]+)["']""")


def placeholders(message: str | dict[str, str]) -> set[str]:
    """Return the names a message takes."""
    texts = message.values() if isinstance(message, dict) else [message]
    return {name for text in texts for _, name, _, _ in Formatter().parse(text) if name}


def texts(language: str) -> list[str]:
    """Return every text of a language, each plural form for itself."""
    forms = ([one] if isinstance(one, str) else one.values() for one in catalogue(language).values())
    return [text for some in forms for text in some]


def used() -> tuple[set[str], set[str]]:
    """Return the keys that sources name, and the prefixes whose keys are put together at run time."""
    keys, prefixes = {"format.hour"}, {"unit."}
    for source in SOURCES:
        text = source.read_text(encoding="utf-8")
        keys.update(FIXED.findall(text))
        keys.update(key for pair in EITHER.findall(text) for key in pair if key)
        prefixes.update(COMPOSED.findall(text))
        prefixes.update(f"{group}." for group in GROUPED.findall(text))
        prefixes.update(re.findall(r"""["']([a-z]+\.[a-z]+_)["'] ~""", text))
    return keys, prefixes


def test_both_languages_have_the_same_keys() -> None:
    french, english = (catalogue(language).keys() for language in LANGUAGES)
    assert french ^ english == set()


def test_both_languages_take_the_same_placeholders() -> None:
    differing = [
        key for key in catalogue("fr") if placeholders(catalogue("fr")[key]) != placeholders(catalogue("en")[key])
    ]
    assert differing == []


def test_every_key_that_is_named_exists() -> None:
    keys, _ = used()
    assert {key for key in keys if not key.endswith((".", "_", ".html"))} - catalogue("fr").keys() == set()


def test_every_key_is_used() -> None:
    keys, prefixes = used()
    unused = [key for key in catalogue("fr") if key not in keys and not key.startswith(tuple(prefixes))]
    assert unused == []


def test_french_has_its_non_breaking_spaces() -> None:
    assert [text for text in texts("fr") if re.search(r" [:;?!%»]|« |\w[;?!]|\d (?:°C|dB|h)\b", text)] == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_apostrophes_are_typographic(language: str) -> None:
    assert [text for text in texts(language) if re.search(r"\w'\w", text)] == []


class Texts(HTMLParser):
    """Gathers what a reader would see or hear in a template from which Jinja's own parts were taken."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str] = []
        self._raw = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._raw = tag if tag in ("script", "style") else ""
        technical = tag == "meta" and dict(attrs).get("name") in ("viewport", "color-scheme")
        self.found += [value for name, value in attrs if name in SPOKEN and value and not technical]

    def handle_data(self, data: str) -> None:
        if not self._raw:
            self.found.append(data)


@pytest.mark.parametrize("template", TEMPLATES, ids=lambda path: path.name)
def test_no_template_has_words_of_its_own(template: Path) -> None:
    seen = Texts()
    seen.feed(JINJA.sub(" ", template.read_text(encoding="utf-8")))
    words = [word for text in seen.found for word in LETTERS.findall(text) if word not in NAMES]
    assert words == []


@pytest.mark.parametrize("source", sorted(ELEMENTS.rglob("*.ts")), ids=lambda path: path.name)
def test_no_element_has_words_of_its_own(source: Path) -> None:
    text = re.sub(r"/\*.*?\*/|//[^\n]*", "", source.read_text(encoding="utf-8"), flags=re.DOTALL)
    written = re.findall(r"html`(.*?)`", text, re.DOTALL)
    written += re.findall(r'(?:textContent|innerText|title) = "([^"]+)"', text)
    found = Texts()
    found.feed(re.sub(r"\$\{.*?\}|\\u[0-9a-f]{4}", " ", " ".join(written), flags=re.DOTALL))
    assert [word for part in found.found for word in LETTERS.findall(part)] == []


def test_every_trouble_has_its_words() -> None:
    worst = Health(
        version="1",
        now=10**15,
        started_at=0,
        observations=0,
        datastreams=0,
        stored_per_second=0,
        lag_s=99,
        last_commit=None,
        queued_rows=9,
        queue_rows=10,
        file_bytes=0,
        disk_free_bytes=1,
        disk_bytes=100,
        schema_version=1,
        dead_letters=3,
        codec_problems=("codecs/a/codec.js:1: it loops",),
        networks=(
            NetworkHealth(key="a", connected=False),
            NetworkHealth(key="b", connected=True, last_frame=1, expected_s=60),
        ),
    )
    found = {trouble.key for trouble in troubles(worst)}
    found |= {"disk_low", "old_backup"}
    known = {key.split(".")[1] for key in catalogue("fr") if key.startswith("trouble.")}
    assert found == known


def test_plurals_follow_the_language() -> None:
    assert [Words("fr")("home.devices", count=count) for count in (0, 1, 2)] == ["0 capteur", "1 capteur", "2 capteurs"]
    assert [Words("en")("home.devices", count=count) for count in (0, 1, 2)] == ["0 sensors", "1 sensor", "2 sensors"]


def test_markup_given_to_a_message_stays_markup_and_the_rest_is_escaped() -> None:
    from markupsafe import Markup

    written = Words("fr")("summary.busiest", place=Markup("<b>x</b>"))
    assert written == ", <b>x</b> en tête"
    assert isinstance(written, Markup)
