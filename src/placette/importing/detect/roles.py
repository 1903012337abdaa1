"""What each column is for and what the rows of the file are: Things, values of Things, answers."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from placette.importing.detect import words
from placette.importing.detect.cells import Marks, number, numeric
from placette.importing.detect.guess import Column, Guess, Role
from placette.importing.detect.words import mentions, plain, says

Texts = Mapping[str, Sequence[str]]

_EMAIL = re.compile(r"[^@\s]+@[^@\s]+\.\w{2,}")
_PHONE = re.compile(r"(\+33|0)[\s.]?[1-9]([\s.-]?\d{2}){4}")
_IP = re.compile(r"(\d{1,3}\.){3}\d{1,3}")
_MAC = re.compile(r"([0-9a-f]{2}[:-]){5}[0-9a-f]{2}", re.IGNORECASE)
_CONTENT = (
    (_EMAIL, "e-mail addresses"),
    (_PHONE, "telephone numbers"),
    (_IP, "network addresses"),
    (_MAC, "addresses of devices (MAC)"),
)
_PERSONAL = {
    "name": "names of persons",
    "address": "e-mail addresses",
    "phone": "telephone numbers or devices",
    "network": "network addresses",
    "birth": "dates of birth",
    "address_home": "home addresses",
    "free": "free text, in which people write anything",
}
_SHOWN = 5


class Place(NamedTuple):
    """Columns of a position and the coordinate system their numbers look like."""

    x: str
    y: str
    crs: Guess


def personal(name: str, texts: Sequence[str], survey: bool) -> str:
    """Return why a column is not proposed for import, empty when it may be.

    >>> personal("contact", [], False), personal("c", ["jo@aix.fr"], False), personal("pm10", ["12"], False)
    ('it is called like names of persons', 'it holds e-mail addresses', '')
    """
    filled = [text for text in texts if text][:500]
    for pattern, what in _CONTENT:
        if filled and sum(bool(pattern.fullmatch(text.strip())) for text in filled) > 0.3 * len(filled):
            return f"it holds {what}"
    kind = words.personal(name)
    if kind and (survey or kind != "free"):
        return f"it is called like {_PERSONAL[kind]}"
    long = sum(len(text) > 40 for text in filled)
    if survey and filled and long > 0.2 * len(filled) and len(set(filled)) > 0.5 * len(filled):
        return f"it holds {_PERSONAL['free']}"
    return ""


def place(columns: Texts, marks: Marks) -> Place | None:
    """Return the columns of longitude and latitude, ``None`` when there are none."""
    found: dict[str, str] = {}
    for axis in ("longitude", "latitude"):
        for name in columns:
            if axis not in found and says(plain(name), words.vocabulary()["roles"][axis]):
                found[axis] = name
    if len(found) < 2:
        return None
    x, y = (
        [value for text in columns[found[axis]] if (value := number(text, marks)) is not None]
        for axis in ("longitude", "latitude")
    )
    crs = looks_like(x, y)
    return Place(found["longitude"], found["latitude"], crs) if crs else None


def looks_like(x: Sequence[float], y: Sequence[float]) -> Guess | None:
    """Return the coordinate system that numbers look like.

    >>> looks_like([5.45], [43.53]).value, looks_like([897_000.0], [6_272_000.0]).value, looks_like([1e9], [1e9])
    ('EPSG:4326', 'EPSG:2154', None)
    """
    if not x or not y:
        return None
    if max(map(abs, x)) <= 180 and max(map(abs, y)) <= 90:
        return Guess("EPSG:4326", 0.9, "the numbers lie within ±180 and ±90: degrees")
    if min(x) > 0 and max(x) < 1_300_000 and min(y) > 6_000_000 and max(y) < 7_200_000:
        return Guess("EPSG:2154", 0.9, "the numbers lie where Lambert-93 has France")
    if min(x) > 1_000_000 and max(x) < 2_500_000:
        for zone in range(42, 51):
            if (zone - 41) * 1_000_000 < min(y) and max(y) < (zone - 40) * 1_000_000:
                return Guess(f"EPSG:{3900 + zone}", 0.8, f"the numbers lie where the conic zone {zone} has France")
    return None


def first_positions(geometries: Sequence[str]) -> tuple[list[float], list[float]]:
    """Return x and y of the first position of some geometries (GeoJSON texts)."""
    x, y = [], []
    for text in geometries[:200]:
        shape = msgspec.json.decode(text)
        value = shape.get("coordinates") if isinstance(shape, dict) else None
        while isinstance(value, list) and value and isinstance(value[0], list):
            value = value[0]
        if isinstance(value, list) and len(value) >= 2:
            x.append(float(value[0]))
            y.append(float(value[1]))
    return x, y


class Named(NamedTuple):
    """The columns that say what a row speaks of."""

    key: str
    name: str
    confidence: float
    evidence: str


def subject(columns: Texts, marks: Marks, taken: set[str], *, unique: bool) -> Named | None:
    """Return the column that identifies the Thing of a row: different in every row (``unique``), or coming again."""
    best: list[tuple[float, str, int, int]] = []
    roles = words.vocabulary()["roles"]
    for name, texts in columns.items():
        filled = [text for text in texts if text]
        if name in taken or len(filled) < 0.95 * len(texts) or not filled:
            continue
        share = len(set(filled)) / len(filled)
        right = share > 0.999 if unique else share < 0.5
        score = 2 * says(plain(name), roles["identifier"]) + 1.5 * says(plain(name), roles["name"])
        bare = plain(name)
        score += 0.5 * (bare.endswith((" id", " code")) or bare.startswith(("id ", "code ", "num ", "ident")))
        is_text = numeric(texts, marks) < 0.5
        if right and (score or (is_text and not unique)) and not says(bare, roles["serial"]):
            if not unique and len(set(filled)) == 1 and not score:
                continue
            score += 0.2 * is_text + (0.4 if not unique else 0) * (len(set(filled)) > 1)
            best.append((score, name, len(set(filled)), len(filled)))
    if not best:
        return None
    score, key, different, rows = max(best, key=lambda each: each[0])
    label = next(
        (
            name
            for name in columns
            if name not in taken and says(plain(name), roles["name"]) and numeric(columns[name], marks) < 0.5
        ),
        key,
    )
    return Named(key, label, 0.9 if score >= 1.5 else 0.65, f"{different:,} different texts in {rows:,} rows")


def value(name: str, texts: Sequence[str], city: Mapping[str, str]) -> Column:
    """Return what a column of numbers measures; ``city`` holds the units of the city's properties by key."""
    key, sure = words.property_of(name)
    unit = words.unit_of(name)
    shown = samples(texts)
    if unit is not None:
        confidence = (0.95 if sure else 0.75) if key else 0.4
        why = f"the name says {unit.text}" + ("" if key else ", but not of what")
        return Column(
            name=name,
            role="value",
            confidence=confidence,
            evidence=why,
            samples=shown,
            observed_property=key or _slug(name),
            unit=unit.code,
            multiply=unit.multiply,
            add=unit.add,
        )
    if not key:
        return Column(
            name=name,
            role="value",
            confidence=0.2,
            evidence="the name tells neither what nor in which unit",
            samples=shown,
            observed_property=_slug(name),
            unit="1",
        )
    unit_code = city.get(key) or words.usual_unit(key)
    exact = unit_code.startswith("{")
    confidence = (0.8 if sure else 0.6) if exact else (0.72 if sure else 0.5)
    why = f"the name means {key}; no unit is stated, {unit_code} is the usual one"
    return Column(
        name=name,
        role="value",
        confidence=confidence,
        evidence=why,
        samples=shown,
        observed_property=key,
        unit=unit_code,
    )


def _slug(name: str) -> str:
    return re.sub(r"[^a-z0-9]+", "_", plain(name)).strip("_") or "value"


def samples(texts: Sequence[str]) -> tuple[str, ...]:
    """Return some different cells to show."""
    return tuple(text[:60] for text in list(dict.fromkeys(text for text in texts if text))[:_SHOWN])


def plain_column(name: str, role: Role, texts: Sequence[str], confidence: float, evidence: str) -> Column:
    """Return a column that holds no result."""
    shown = () if role == "personal" else samples(texts)
    return Column(name=name, role=role, confidence=confidence, evidence=evidence, samples=shown)


def is_serial(name: str, texts: Sequence[str], marks: Marks) -> bool:
    """Return whether a column merely counts the rows."""
    if not says(plain(name), words.vocabulary()["roles"]["serial"]) and name != "(column 1)":
        return False
    numbers = [number(text, marks) for text in texts[:200]]
    return all(one is not None and one == (numbers[0] or 0) + at for at, one in enumerate(numbers))


def parameter(columns: Texts, marks: Marks) -> tuple[str, str] | None:
    """Return the columns of a long table that say what is measured, and the value; ``None`` when it has none."""
    roles = words.vocabulary()["roles"]
    said = next(
        (
            name
            for name, texts in columns.items()
            if says(plain(name), roles["parameter"]) and numeric(texts, marks) < 0.1 and len(set(texts)) <= 40
        ),
        "",
    )
    held = next(
        (
            name
            for name, texts in columns.items()
            if says(plain(name), roles["value"]) and name != said and numeric(texts, marks) > 0.9
        ),
        "",
    )
    return (said, held) if said and held else None


def is_survey(columns: Texts) -> bool:
    """Return whether the header is that of an export of answers (LimeSurvey, Kobo) or many columns are questions."""
    names = [plain(name) for name in columns]
    limesurvey = {"submitdate", "startlanguage", "lastpage"} & {part for name in names for part in name.split()}
    kobo = {name for name in columns if name in ("_uuid", "_submission_time", "_id", "_submitted_by", "__version__")}
    asked = sum(name.rstrip(' "').endswith("?") for name in columns)
    form = {"sessionid", "recordid", "respondent id", "survey version", "responseid", "id reponse", "age00"} & set(
        names
    )
    return len(limesurvey) >= 2 or len(kobo) >= 2 or asked >= 3 or len(form) >= 2 or mentions(" ".join(names), ())


def looks_like_columns(x: str, y: str, columns: Texts, marks: Marks) -> Place | None:
    """Return the position that two columns hold, ``None`` when their numbers look like no coordinate system."""
    first, second = ([value for text in columns[name] if (value := number(text, marks)) is not None] for name in (x, y))
    crs = looks_like(first, second)
    return Place(x, y, crs) if crs else None
