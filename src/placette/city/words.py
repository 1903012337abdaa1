"""Checks shared by the files of a city folder: languages, countries, time zones, texts, near misses."""

from __future__ import annotations

import re
from collections.abc import Iterable
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, localedata

from placette.city.model import Texts
from placette.city.tables import Check, Path, Reader


def texts_in(languages: tuple[str, ...]) -> Check:
    """Return a check that a text stands in every language of the city, and none in a language it does not have.

    Without any language, city.toml could not be read, and nothing is compared.
    """

    def check(reader: Reader, path: Path, texts: Texts) -> None:
        for language in languages:
            if not texts.get(language, "").strip():
                remedy = f"write the text in {language_name(language)}"
                reader.fault(path, f"{path[-1]}: no text in '{language}'", remedy)
        for language in texts:
            if languages and language not in languages:
                what = f"'{language}' is not a language of the city"
                reader.fault((*path, language), what, f"city.toml has languages = {list(languages)}")

    return check


def check_key(reader: Reader, path: Path, key: str) -> None:
    """Note a key that cannot stand in addresses and codes."""
    if not re.fullmatch(r"[a-z0-9]+([_-][a-z0-9]+)*", key):
        reader.fault(path, f"'{key}' is not a key", "use lower case letters and digits, with - or _ between them")


def check_languages(reader: Reader, path: Path, languages: tuple[str, ...]) -> None:
    """Note language codes that are not known, or stand twice."""
    for index, language in enumerate(languages):
        if not (len(language) in (2, 3) and language.islower() and localedata.exists(language)):
            reader.fault((*path, index), f"unknown language '{language}'", "use ISO 639 codes such as fr, en, it")
        elif language in languages[:index]:
            reader.fault((*path, index), f"the language '{language}' stands twice", "remove one of the two")


def check_country(reader: Reader, path: Path, country: str) -> None:
    """Note a country code that is not known."""
    if not (len(country) == 2 and country.isalpha() and country in Locale("en").territories):
        reader.fault(path, f"unknown country '{country}'", "use the two capital letters of ISO 3166, such as FR")


def check_zone(reader: Reader, path: Path, zone: str) -> None:
    """Note a time zone that the IANA data base does not have."""
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError):
        close = get_close_matches(zone, available_timezones(), 1)
        remedy = f"did you mean '{close[0]}'?" if close else "use an IANA name such as Europe/Paris"
        reader.fault(path, f"unknown time zone '{zone}'", remedy)


def language_name(language: str) -> str:
    """Return the English name of a language, or its code."""
    return str(Locale("en").languages.get(language, language))


def known_or_close(word: str, known: Iterable[str], file: str) -> str:
    """Return the remedy for an unknown word: the nearest known one, or where to add it."""
    choices = list(known)
    close = get_close_matches(word, choices, 1)
    if close:
        return f"did you mean '{close[0]}'? {file} lists what is known"
    return f"add it to {file}" + (f", or use one of {', '.join(choices[:12])}" if choices else "")
