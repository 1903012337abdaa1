"""Every word of the pages: catalogues in ``messages/*.toml``, looked up by dotted key, with plurals by CLDR.

A message is a text with ``{name}`` placeholders, or a table of plural forms (``one``, ``other``…) chosen by ``count``::

    [home]
    devices = { one = "{count} capteur", other = "{count} capteurs" }

Numbers given as arguments are written as the language writes them; arguments that are markup stay markup.
"""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from babel import Locale
from babel.numbers import format_decimal
from markupsafe import Markup, escape

LANGUAGES = ("fr", "en")
"""The languages of the pages; the first one is the default."""
LOCALES = {"fr": "fr-FR", "en": "en-GB"}
"""How each language writes figures and times: a European city tells the time by twenty-four hours."""

Message = str | dict[str, str]
PLURAL_FORMS = frozenset({"zero", "one", "two", "few", "many", "other"})


def flatten(table: Mapping[str, Any], prefix: str = "") -> dict[str, Message]:
    """Return the catalogue's tables as one dictionary of dotted keys; a table of plural forms is one message.

    >>> flatten({"a": {"b": "x", "c": {"one": "y", "other": "z"}}})
    {'a.b': 'x', 'a.c': {'one': 'y', 'other': 'z'}}
    """
    found: dict[str, Message] = {}
    for name, value in table.items():
        key = f"{prefix}{name}"
        if isinstance(value, str) or (isinstance(value, dict) and "other" in value and PLURAL_FORMS.issuperset(value)):
            found[key] = value
        else:
            found |= flatten(value, f"{key}.")
    return found


@cache
def catalogue(language: str) -> dict[str, Message]:
    """Return every message of a language by its dotted key."""
    text = files("placette.web").joinpath("messages", f"{language}.toml").read_text(encoding="utf-8")
    return flatten(tomllib.loads(text))


class Words:
    """The words of one language. ``words("home.devices", count=3)`` is ``3 capteurs``."""

    def __init__(self, language: str) -> None:
        self.language = language
        self.locale = Locale.parse(LOCALES[language], sep="-")
        self._messages = catalogue(language)

    def __call__(self, key: str, **arguments: Any) -> str:
        """Return the message of this key with its placeholders filled; raises ``KeyError`` for an unknown key."""
        message = self._messages[key]
        if isinstance(message, dict):
            message = message.get(self.locale.plural_form(arguments["count"])) or message["other"]
        if not arguments:
            return message
        filled = {name: self._written(value) for name, value in arguments.items()}
        if any(isinstance(value, Markup) for value in filled.values()):
            return Markup(escape(message)).format(**filled)  # noqa: S704  # the message itself is escaped
        return message.format(**filled)

    def has(self, key: str) -> bool:
        """Return whether the catalogue has a message of this key."""
        return key in self._messages

    def first(self, *keys: str) -> str:
        """Return the message of the first key there is; raises ``KeyError`` when there is none."""
        return self(next(key for key in keys if self.has(key) or key == keys[-1]))

    def group(self, prefix: str) -> dict[str, Message]:
        """Return the messages below a dotted prefix by their last names: what an element takes as its labels."""
        start = f"{prefix}."
        return {key.removeprefix(start): text for key, text in self._messages.items() if key.startswith(start)}

    def _written(self, value: Any) -> Any:
        if isinstance(value, int | float) and not isinstance(value, bool):
            return format_decimal(value, locale=self.locale)
        return value
