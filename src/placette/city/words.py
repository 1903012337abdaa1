"""Checks shared by the files of a city folder: languages, countries, time zones, texts, near misses."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from zoneinfo import ZoneInfo, available_timezones

from babel import Locale, localedata

from placette.city.model import Texts
from placette.city.tables import Path, Reader


def check_texts(reader: Reader, path: Path, texts: Texts, languages: tuple[str, ...]) -> None:
    """Note every language of the city without a text, and every text in a language the city does not have.

    Without any language, city.toml could not be read, and nothing is compared.
    """
    if not languages:
        return
    for language in languages:
        if not texts.get(language, "").strip():
            reader.fault(path, f"{path[-1]}: no text in '{language}'", f"write the text in {language_name(language)}")
    for language in texts:
        if language not in languages:
            what = f"'{language}' is not a language of the city"
            reader.fault((*path, language), what, f"city.toml has languages = {list(languages)}")


def check_language(reader: Reader, path: Path, language: str) -> None:
    """Note a language code that is not known."""
    if not (len(language) in (2, 3) and language.islower() and localedata.exists(language)):
        reader.fault(path, f"unknown language '{language}'", "use ISO 639 codes such as fr, en, it")


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
