"""What the rows and columns of a file are: values of one Thing, Things side by side, rows that name Things, answers."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Literal

import msgspec

from placette.importing.detect import cells, clock, roles, survey, words
from placette.importing.detect.cells import Marks
from placette.importing.detect.clock import Times
from placette.importing.detect.guess import SURE, Column, Guess, Role
from placette.importing.detect.roles import Place
from placette.importing.detect.sample import Sample
from placette.importing.detect.schemas import Schema
from placette.importing.detect.words import plain

_MOST_KEPT = 60


class Layout(msgspec.Struct, kw_only=True):
    """What was found; ``keys`` name the Thing of a row, ``conditions`` tell the rows of a long table apart."""

    kind: Literal["series", "columns", "long", "inventory", "survey", "nothing"]
    columns: list[Column]
    things: dict[str, str]
    keys: tuple[str, ...] = ()
    conditions: tuple[str, ...] = ()
    place: Place | None = None
    facts: dict[str, Guess] = msgspec.field(default_factory=dict)
    timeless: bool = False


def of(
    sample: Sample, marks: Marks, times: Times | None, units: Mapping[str, str], title: str, *, again: bool
) -> Layout:
    """Return what the rows and columns of a file are.

    ``units`` are those of the city's properties; ``again`` says that times come more than once.
    """
    if times is not None and roles.is_survey(sample.texts):
        return _survey(sample, marks, times, title)
    place = roles.place(sample.texts, marks)
    taken = set(times.columns if times else ()) | ({place.x, place.y} if place else set())
    personal = {
        name: why
        for name, texts in sample.texts.items()
        if name not in taken and (why := roles.personal(name, texts, survey=False))
    }
    taken |= set(personal)
    unique = roles.subject(sample.texts, marks, taken, unique=True)
    inventory = sample.has_geometry or (unique is not None and place is not None)
    if times is None or inventory:
        found = _inventory(sample, marks, taken, place, unique, title)
    else:
        long = roles.parameter({name: cell for name, cell in sample.texts.items() if name not in taken}, marks)
        named = roles.subject(sample.texts, marks, taken | set(long or ()), unique=False)
        if named is not None and not again and not long and named.confidence < SURE:
            named = None
        found = _measured(sample, marks, taken, (long, named, again), units, title)
        found.place = place if found.kind == "long" else None
    axes: tuple[tuple[str, Role], ...] = ((place.x, "x"), (place.y, "y")) if place else ()
    position = [roles.plain_column(name, role, sample.texts[name], 0.9, "a position") for name, role in axes]
    at = (
        []
        if times is None or found.timeless
        else [
            roles.plain_column(name, "time", sample.texts[name], times.guess.confidence, times.guess.evidence)
            for name in times.columns
        ]
    )
    hidden = [roles.plain_column(name, "personal", (), 0.9, f"not imported: {why}") for name, why in personal.items()]
    return _in_order(sample, found, [*at, *position, *hidden])


def _in_order(sample: Sample, found: Layout, more: list[Column]) -> Layout:
    known = {each.name: each for each in [*found.columns, *more]}
    extra = [each for each in found.columns if each.where]
    order = [
        known.get(name) or roles.plain_column(name, "unused", texts, 0.6, "without a meaning that is known")
        for name, texts in sample.texts.items()
    ]
    found.columns = [each for each in order if not each.where] + extra
    return found


def _survey(sample: Sample, marks: Marks, times: Times, title: str) -> Layout:
    columns = survey.questions(sample.texts, marks, set(times.columns))
    at = [
        roles.plain_column(name, "time", sample.texts[name], times.guess.confidence, times.guess.evidence)
        for name in times.columns
    ]
    found = Layout(
        kind="survey", columns=columns, things={"code": f"SURVEY-{_code(title)}", "name": title, "kind": "survey"}
    )
    found.facts["layout"] = Guess(
        "survey",
        0.85,
        "the header is that of a survey: each question becomes a datastream; columns about persons stay out",
    )
    return _in_order(sample, found, at)


def _inventory(
    sample: Sample, marks: Marks, taken: set[str], place: Place | None, unique: roles.Named | None, title: str
) -> Layout:
    """Return a list of Things: each row is one, its other columns are properties."""
    if not sample.has_geometry and place is None and unique is None:
        found = Layout(
            kind="nothing", columns=[], things={"code": _code(title), "name": title, "kind": "device"}, timeless=True
        )
        found.facts["layout"] = Guess("", 0.1, "neither a time nor an identifier nor a position was found")
        return found
    kept = [
        name
        for name, texts in sample.texts.items()
        if name not in taken and (unique is None or name != unique.key) and any(texts)
    ][:_MOST_KEPT]
    columns = [
        roles.plain_column(name, "keep", sample.texts[name], 0.8, "kept as a property of the Thing") for name in kept
    ]
    prefix = _code(title)
    things = {"code": f"{prefix}-{{row}}", "name": "", "kind": words.kind_of([title, *sample.texts], ())}
    if unique is not None:
        columns.append(
            roles.plain_column(unique.key, "identifier", sample.texts[unique.key], unique.confidence, unique.evidence)
        )
        things |= {"code": f"{prefix}-{{{unique.key}}}", "name": f"{{{unique.name}}}"}
    found = Layout(
        kind="inventory",
        columns=columns,
        things=things,
        place=place,
        timeless=True,
        keys=(unique.key,) if unique else (),
    )
    sure = 0.85 if sample.has_geometry or place else 0.5
    why = (
        "each row has a position"
        if sample.has_geometry or place
        else "there is no time; each row has a name of its own"
    )
    found.facts["layout"] = Guess("inventory", sure, f"{why}: each row becomes a Thing")
    code = Guess(
        things["code"],
        unique.confidence if unique else 0.5,
        unique.evidence
        if unique
        else "no column identifies the rows: they are numbered, so another order would make other Things",
    )
    found.facts["code"] = code
    return found


def _measured(
    sample: Sample,
    marks: Marks,
    taken: set[str],
    found: tuple[tuple[str, str] | None, roles.Named | None, bool],
    units: Mapping[str, str],
    title: str,
) -> Layout:
    """Return the layout of a file of measurements."""
    long, named, again = found
    keys = (named.key,) if named else ()
    identity = _identity(sample, named)
    things = {"code": _code(title), "name": title, "kind": ""}
    if named:
        things |= {"code": f"{{{named.key}}}", "name": f"{{{named.name}}}"}
    if long:
        columns, conditions = _parameters(sample, long, units)
        layout = Layout(kind="long", columns=[*identity, *columns], things=things, conditions=conditions, keys=keys)
        layout.facts["layout"] = Guess("long", 0.85, f"'{long[0]}' says what each value of '{long[1]}' is")
    else:
        values = _values(sample, marks, taken | {each.name for each in identity}, units)
        known = sum(each.confidence >= 0.4 for each in values)
        side_by_side = not named and len(values) >= 2 and known < 0.3 * len(values)
        if side_by_side:
            values = _side_by_side(values, title)
            things |= {"code": f"{_code(title)}-{{column}}", "name": "{column}"}
        kind: Literal["series", "columns", "long"] = "long" if named else "columns" if side_by_side else "series"
        layout = Layout(kind=kind, columns=[*identity, *_apart(values)], things=things, keys=keys)
        layout.facts["layout"] = _why(kind, again, named)
    kinds = [each.observed_property for each in layout.columns if each.role == "value"]
    if not kinds:
        layout.kind, layout.timeless = "nothing", True
        layout.facts["layout"] = Guess("", 0.1, "there is a time, but no column of numbers beside it")
    things["kind"] = words.kind_of([title], kinds)
    if named:
        layout.facts["code"] = Guess(things["code"], named.confidence, named.evidence)
    return layout


def _identity(sample: Sample, named: roles.Named | None) -> list[Column]:
    """Return the columns that say what a row speaks of."""
    if named is None:
        return []
    found: list[tuple[str, Role]] = [(named.key, "identifier")]
    if named.name != named.key:
        found.append((named.name, "name"))
    return [
        roles.plain_column(name, role, sample.texts[name], named.confidence, named.evidence) for name, role in found
    ]


def _values(sample: Sample, marks: Marks, taken: set[str], units: Mapping[str, str]) -> list[Column]:
    """Return the columns of numbers; one that is empty in the sample counts by its name."""
    return [
        roles.value(name, texts, units)
        for name, texts in sample.texts.items()
        if name not in taken
        and (cells.numeric(texts, marks) >= 0.8 if any(texts) else words.property_of(name)[1])
        and not roles.is_serial(name, texts, marks)
        and not clock.is_part(name)
    ]


def _why(kind: str, again: bool, named: roles.Named | None) -> Guess:
    if kind == "long" and named:
        return Guess("long", 0.85, f"the same times come again for other texts of '{named.key}': rows name their Thing")
    if kind == "columns":
        return Guess("columns", 0.75, "the columns have no names of properties: each is a Thing that measures the same")
    sure = 0.4 if again else 0.85
    why = "times come again, but no column says of which Thing" if again else "each time stands once"
    return Guess("series", sure, f"{why}: the columns are properties of one Thing")


def _parameters(
    sample: Sample, long: tuple[str, str], units: Mapping[str, str]
) -> tuple[list[Column], tuple[str, ...]]:
    """Return one column of values for each text of a column such as ``Param``."""
    said, held = long
    unit_column = next((name for name in sample.texts if plain(name) in words.vocabulary()["roles"]["unit"]), "")
    columns = []
    for text in Counter(sample.texts[said]):
        rows = [at for at, cell in enumerate(sample.texts[said]) if cell == text]
        stated = Counter(sample.texts[unit_column][at] for at in rows).most_common(1)[0][0] if unit_column else ""
        found = roles.value(f"{text} ({stated})" if stated else text, [sample.texts[held][at] for at in rows], units)
        columns.append(msgspec.structs.replace(found, name=held, where={said: text}))
    columns.append(roles.plain_column(said, "condition", sample.texts[said], 0.9, "says what is measured"))
    return columns, (said,)


def _side_by_side(values: list[Column], title: str) -> list[Column]:
    """Return columns that are Things: what they measure, their names or the file's name may say."""
    stated = Counter(each.unit for each in values if each.multiply != 1.0 or each.unit not in ("", "1"))
    key, _ = words.property_of(title)
    usual = words.usual_unit(key)
    unit = stated.most_common(1)[0][0] if stated and not usual else usual
    sure, why = (0.6, f"the name of the file mentions {key}") if key else (0.2, "nothing says what is measured")
    return [
        msgspec.structs.replace(
            each,
            observed_property=key or "value",
            unit=unit or "1",
            multiply=1.0,
            add=0.0,
            confidence=sure,
            evidence=why,
            thing="",
        )
        for each in values
    ]


def _apart(values: list[Column]) -> list[Column]:
    """Give columns of one property and one Thing a variant each, save the first."""
    seen: set[tuple[str, str]] = set()
    found = []
    for each in values:
        if each.thing or each.observed_property == "value":
            found.append(each)
            continue
        again = (each.observed_property, "") in seen and not _alike(values)
        seen.add((each.observed_property, ""))
        variant = plain(each.name).replace(" ", "-") if again else ""
        found.append(msgspec.structs.replace(each, variant=variant))
    return found


def _alike(values: list[Column]) -> bool:
    return (
        len(values) > 1
        and len({each.observed_property for each in values}) == 1
        and all(each.evidence.startswith("the name of the file") for each in values)
    )


def of_schema(schema: Schema, sample: Sample, marks: Marks) -> Layout:
    """Return the layout that a known schema gives."""
    columns = []
    for name, texts in sample.texts.items():
        row = schema.column(name)
        if row is None:
            columns.append(roles.plain_column(name, "unused", texts, 0.6, f"not in the schema {schema.key}"))
        else:
            columns.append(roles.plain_column(name, row.role, texts, 0.97, row.means))
    names = {plain(name): name for name in sample.texts}
    place = schema.place(names, sample.texts, marks)
    things = schema.things_of(names)
    found = Layout(kind="inventory", columns=columns, things=things, place=place, timeless=True)
    found.facts["schema"] = Guess(schema.key, 0.97, f"the header is that of {schema.title}")
    found.facts["layout"] = Guess("inventory", 0.97, "the schema says that each row is a Thing")
    found.facts["code"] = Guess(things["code"], 0.97, "the schema names the identifier")
    return found


def _code(title: str) -> str:
    return plain(title).replace(" ", "-").upper()[:40].strip("-") or "FILE"
