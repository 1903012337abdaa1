"""What the columns of a file mean: the mapping file of ``placette import`` (docs/import.md), read and checked.

A mapping is TOML with five parts: ``title``, ``source`` and ``licence``; ``[file]`` how it is written; ``[time]`` how
its times are to be understood; ``[things]`` which devices it speaks of; ``[[values]]`` which columns hold results.
"""

from __future__ import annotations

import re
import tomllib
from typing import Annotated, Literal

import msgspec
from msgspec import Meta

from placette.harmonise import naming, projection, time_text
from placette.harmonise.local_time import check_zone
from placette.model import units
from placette.model.entities import Origin
from placette.model.errors import BadInput, PlacetteError
from placette.model.file_format import FileFormat

NamedKey = Annotated[str, Meta(pattern="^[a-z0-9]+([_-][a-z0-9]+)*$")]
Text = Annotated[str, Meta(min_length=1)]
Columns = str | tuple[str, ...]

_PERIOD = re.compile(r"(\d{1,4}) (second|minute|hour|day|month|year)s?")
_OF_DAY = re.compile(r"([01]\d|2[0-3]):([0-5]\d)")


class Time(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[time]``: how the times of the file become instants."""

    column: Columns
    """The column of the time, or several that are read one after the other with a space between (date, hour)."""
    format: str = ""
    """``%d/%m/%Y %H:%M`` and the like, or ``epoch s``, ``epoch ms``; empty: ISO 8601. ``*`` is text of no matter."""
    zone: str = ""
    """Time zone of the clock that wrote them: ``Europe/Paris``, ``UTC``, ``+02:00``. Needed unless the times say it."""
    period: str = ""
    """What each value covers, e.g. ``1 hour``, ``1 day``; empty: the value belongs to one instant."""
    stamp: Literal["start", "end"] = "start"
    """Which end of the period the time names."""
    ambiguous: Literal["refuse", "first", "second", "in order"] = "refuse"
    """The hour that comes twice in autumn: set aside, take the first or the second, or the second once the first was
    there."""
    nonexistent: Literal["refuse", "shift"] = "refuse"
    """The hour that does not exist in spring: set aside, or read it as a clock that was not put forward."""
    together: Literal["refuse", "spread"] = "refuse"
    """Rows of one time for one datastream: set aside all but the first, or keep all, each a microsecond later than the
    one before (answers to a survey)."""
    counting_day_start: str = ""
    """``06:00`` where the rows before 06:00 stand at the end of the day before (a counting day)."""

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns of the time, as a tuple."""
        return (self.column,) if isinstance(self.column, str) else self.column

    @property
    def parsed_period(self) -> tuple[int, str] | None:
        """Number and unit of ``period``, ``None`` when there is none."""
        found = _PERIOD.fullmatch(self.period)
        return (int(found[1]), found[2]) if found else None

    @property
    def counting_day_start_us(self) -> int:
        """``counting_day_start`` in µs after midnight."""
        found = _OF_DAY.fullmatch(self.counting_day_start)
        return (int(found[1]) * 60 + int(found[2])) * 60_000_000 if found else 0


class Position(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[things] position``: numbers, or the columns that hold them (of this file, or of ``file`` beside it)."""

    longitude: float | str
    latitude: float | str
    file: str = ""
    """Another CSV file, next to this one, that knows the positions."""
    key: str = ""
    """Its column that names the Thing."""
    match: str = ""
    """What stands in that column, e.g. ``{station}``; by default the column name, or the ``{…}`` of ``code``."""


class Things(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[things]``: which Things the file speaks of. Texts may hold ``{column name}``; ``{row}`` counts from 1."""

    each: Literal["file", "column", "row"]
    """One Thing for the file, one for each column of values (``{column}``), or the one that the row names."""
    code: Text
    name: str = ""
    description: str = ""
    kind: NamedKey
    place: str = ""
    position: Position | None = None
    properties: dict[str, str] = {}
    crs: str = ""
    """``EPSG:2154`` and the like, where the positions are x and y of a projection and the file does not say so."""


class Values(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[[values]]``: columns whose numbers are results of one observed property."""

    columns: Columns
    """Names, or patterns with ``*``; ``*`` alone is every column without another meaning."""
    ignore: tuple[str, ...] = ()
    """Columns or patterns that ``columns`` does not mean."""
    observed_property: NamedKey = msgspec.field(name="property")
    thing: str = ""
    """What ``{column}`` stands for, instead of the column's name: columns with the same one belong to one Thing."""
    unit: str
    name: str = ""
    definition: str = ""
    description: str = ""
    variant: Annotated[str, Meta(pattern="^([a-z0-9]+([_-][a-z0-9]+)*)?$")] = ""
    """Tells two Datastreams of one property of one Thing apart, e.g. ``daily``."""
    where: dict[str, str] = {}
    """Only the rows in which these columns hold these texts."""
    result: Literal["number", "category"] = "number"
    """Whether the cells hold numbers, or texts that are results as they stand."""
    multiply: float = 1.0
    """Turns the file's unit into ``unit``: result = value · multiply + add."""
    add: float = 0.0

    @property
    def patterns(self) -> tuple[str, ...]:
        """``columns`` as a tuple."""
        return (self.columns,) if isinstance(self.columns, str) else self.columns

    @property
    def series_key(self) -> str:
        """The part of a Datastream's code after the Thing's code."""
        return f"{self.observed_property}-{self.variant}" if self.variant else self.observed_property


class Sensor(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """``[sensor]``: by what the values were measured; by default named after the source."""

    name: Text
    description: str = ""
    metadata: str = ""


class Mapping(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A whole mapping file."""

    title: Text
    source: Text
    licence: Text
    origin: Origin = Origin.MEASURED
    file: FileFormat = FileFormat()
    time: Time | None = None
    things: Things
    values: tuple[Values, ...] = ()
    sensor: Sensor | None = None


def read(text: str, where: str = "") -> Mapping:
    """Return the mapping that ``text`` (TOML) describes; raises ``BadInput`` with the key at fault and the remedy."""
    try:
        mapping = msgspec.convert(tomllib.loads(text), Mapping)
    except tomllib.TOMLDecodeError as error:
        raise BadInput(f"the mapping is not TOML: {error}", where, "see docs/import.md") from None
    except msgspec.ValidationError as error:
        raise BadInput(f"the mapping cannot be used: {error}", where, "see docs/import.md for every key") from None
    for at, check in _CHECKS.items():
        try:
            check(mapping)
        except PlacetteError as error:
            raise type(error)(error.what, f"{where}, {at}".removeprefix(", "), error.remedy) from None
    return mapping


def _check_time(mapping: Mapping) -> None:
    time = mapping.time
    if time is None:
        if mapping.values:
            raise BadInput("there are [[values]] but no [time]", remedy="name the column of the time in [time] column")
        return
    if not mapping.values:
        raise BadInput("there is a [time] but no [[values]]", remedy="name the columns of the results, or drop [time]")
    if time.format not in time_text.EPOCHS:
        time_text.expression(time.format)
    if time.zone:
        check_zone(time.zone)
    if time.period and (time.parsed_period is None or not time.parsed_period[0]):
        raise BadInput(f"'{time.period}' is not a period", remedy="write a number and second … year, e.g. '1 hour'")
    if time.stamp == "end" and not time.period:
        raise BadInput("stamp = 'end' needs a period", remedy="say what each value covers, e.g. period = '1 hour'")
    if time.counting_day_start and not _OF_DAY.fullmatch(time.counting_day_start):
        raise BadInput(f"'{time.counting_day_start}' is not a time of day", remedy="write it as 06:00")


def _check_things(mapping: Mapping) -> None:
    things = mapping.things
    holes = list(naming.holes(things.code))
    texts = (things.code, things.name, things.description, *things.properties.values())
    if things.each != "row" and (odd := {hole for text in texts for hole in naming.holes(text)} - {"column"}):
        raise BadInput(f"{{{odd.pop()}}} differs from row to row", remedy="say each = 'row', or write a plain text")
    if things.each == "file" and holes:
        raise BadInput(f"one Thing for the file cannot be called '{things.code}'", remedy="each = 'column' or 'row'")
    if things.each == "column" and holes != ["column"]:
        raise BadInput("each column is a Thing, so its code needs {column}", remedy="e.g. code = 'NOISE-{column}'")
    if things.each == "row" and not holes:
        raise BadInput("each row names its Thing, so code needs a {column name}", remedy="e.g. code = 'TREE-{id}'")
    if not mapping.values and things.each != "row":
        raise BadInput("without [[values]] each row must be a Thing", remedy="each = 'row'")
    if things.crs:
        projection.of_code(things.crs)
    if things.position is not None:
        _check_position(things, things.position)


def _check_position(things: Things, position: Position) -> None:
    if bool(position.file) != bool(position.key):
        raise BadInput("position needs both file and key, or neither", remedy="key names its column with the Thing")
    numbers = isinstance(position.longitude, float) + isinstance(position.latitude, float)
    if numbers == 1 or (numbers and position.file):
        raise BadInput("position mixes numbers and columns", remedy="give two numbers, or two column names")
    if position.file and things.each == "row" and not position.match and len(naming.holes(things.code)) != 1:
        raise BadInput("position does not say which Thing is which", remedy="e.g. match = '{station}'")


def _check_values(mapping: Mapping) -> None:
    for values in mapping.values:
        units.unit(values.unit)
        if not values.patterns:
            raise BadInput("[[values]] names no column", remedy="e.g. columns = ['pm10'], or columns = '*'")
        if values.result == "category" and (values.multiply != 1.0 or values.add or values.unit != "1"):
            raise BadInput(
                "a category has no unit and cannot be multiplied", remedy="unit = '1', without multiply and add"
            )


_CHECKS = {"[time]": _check_time, "[things]": _check_things, "[[values]]": _check_values}
