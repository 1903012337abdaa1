"""Schemas of municipal files that are known by their header; each is one TOML file in this folder.

A file has a schema when all of its ``needs`` and some of its other columns are there, compared without case and signs.
"""

from __future__ import annotations

import tomllib
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib.resources import files

import msgspec

from placette.importing.detect.cells import Marks
from placette.importing.detect.guess import Role
from placette.importing.detect.roles import Place, looks_like_columns
from placette.importing.detect.words import plain


class SchemaColumn(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One column: what it is for, and what it means in words."""

    role: Role
    means: str


class Schema(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One known kind of file. Texts of ``things`` hold the schema's own names of columns in braces."""

    key: str = ""
    title: str
    source: str
    needs: tuple[str, ...]
    """Columns without which a file is none of these."""
    at_least: int = 0
    """How many of all columns must be there."""
    things: dict[str, str]
    columns: dict[str, SchemaColumn]

    def column(self, name: str) -> SchemaColumn | None:
        """Return what a column of a file is, ``None`` when the schema does not know it."""
        return self._by_plain().get(plain(name))

    def _by_plain(self) -> dict[str, SchemaColumn]:
        return {plain(name): column for name, column in self.columns.items()}

    def things_of(self, names: Mapping[str, str]) -> dict[str, str]:
        """Return the texts of ``things`` with the names that the columns have in a file."""
        found = {}
        for key, text in self.things.items():
            filled = text
            for name in self.columns:
                filled = filled.replace(f"{{{name}}}", f"{{{names[plain(name)]}}}" if plain(name) in names else "")
            found[key] = filled.strip()
        return found

    def place(self, names: Mapping[str, str], texts: Mapping[str, Sequence[str]], marks: Marks) -> Place | None:
        """Return the columns of the position, ``None`` when there are none."""
        x, y = (
            [
                names[plain(name)]
                for name, column in self.columns.items()
                if column.role == role and plain(name) in names
            ]
            for role in ("x", "y")
        )
        return looks_like_columns(x[0], y[0], texts, marks) if x and y else None


def recognise(columns: Sequence[str]) -> Schema | None:
    """Return the schema of a file with these columns, ``None`` when none is known."""
    have = {plain(name) for name in columns}
    fitting = [
        schema
        for schema in known()
        if {plain(name) for name in schema.needs} <= have
        and sum(plain(name) in have for name in schema.columns) >= schema.at_least
    ]
    return max(fitting, key=lambda schema: len(schema.needs), default=None)


@cache
def known() -> tuple[Schema, ...]:
    """Return all schemas of this folder."""
    return tuple(_read())


def _read() -> Iterator[Schema]:
    for file in sorted(files(__package__).iterdir(), key=lambda each: each.name):
        if file.name.endswith(".toml"):
            read = msgspec.convert(tomllib.loads(file.read_text(encoding="utf-8")), Schema)
            yield msgspec.structs.replace(read, key=file.name.removesuffix(".toml"))
