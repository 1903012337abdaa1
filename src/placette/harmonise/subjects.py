"""Which Things a file speaks of: one for all, one for each column, or the one each row names."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from placette.harmonise import naming, numbers, positions
from placette.harmonise.faults import Fault
from placette.harmonise.plan import GEOMETRY, ROW, Plan, ThingSpec
from placette.harmonise.positions import Located
from placette.harmonise.projection import Geographic, Projection

Integers = NDArray[np.int64]


class Named(NamedTuple):
    """The Thing of each row (where rows name them) and the ``Fault`` of those that cannot have one."""

    thing: Integers
    fault: NDArray[np.uint8]


class Subjects:
    """The Things of one file, numbered as they come. ``positions`` are those of the file beside it, by name."""

    def __init__(
        self,
        plan: Plan,
        positions: dict[str, tuple[float, float]] | None = None,
        projection: Projection | None = None,
    ) -> None:
        self.things: list[ThingSpec] = []
        self.unplaced: list[str] = []
        """Codes of the Things whose position is not known."""
        self._settings = plan.mapping.things
        self._written = plan.mapping.file
        self._things_only = not plan.mapping.values
        self._names = plan.names
        self._keys = tuple(name for name in naming.holes(self._settings.code) if name != ROW)
        self._by_row = ROW in naming.holes(self._settings.code)
        self._positions = positions or {}
        self._projection = projection or Geographic()
        self._known: dict[tuple[str, ...], int] = {}
        self._codes: dict[str, int] = {}
        self._rows = 0
        self.of_column = self._fixed(plan)
        """The Thing of each value column, empty where rows name them."""

    def read(self, table: pa.Table) -> Named:
        """Return the Things of the rows of the next block; new ones are added to ``things``."""
        rows = table.num_rows
        if self._settings.each != "row":
            return Named(np.zeros(rows, np.int64), np.zeros(rows, np.uint8))
        first, which = self._different(table)
        found = self._lookup(table.take(pa.array(first)), first)
        self._rows += rows
        each = found[which]
        return Named(np.maximum(each, 0), np.where(each < 0, -each, Fault.NONE).astype(np.uint8))

    def _fixed(self, plan: Plan) -> tuple[int, ...]:
        """Make the Things that are known before any row is read."""
        if self._settings.each == "file":
            self._add({}, self._place_of({}))
            return (0,) * len(plan.values)
        if self._settings.each == "column":
            return tuple(self._of_column(each.thing) for each in plan.values)
        return ()

    def _of_column(self, thing: str) -> int:
        code = naming.code(self._settings.code, {"column": thing})
        if code not in self._codes:
            self._codes[code] = self._add({"column": thing}, self._place_of({"column": thing}))
        return self._codes[code]

    def _different(self, table: pa.Table) -> tuple[Integers, Integers]:
        """Return the first row of each different name in the block, and for each row which of them it is."""
        if self._by_row:
            each = np.arange(table.num_rows)
            return each, each
        return distinct([table.column(name).combine_chunks() for name in self._keys])

    def _lookup(self, table: pa.Table, first: Integers) -> Integers:
        """Return the number of the Thing of each row, or a fault as a negative number; makes the new Things."""
        texts = {name: [text or "" for text in _texts(table, name)] for name in self._names}
        rows = [{name: texts[name][row] for name in self._names} for row in range(table.num_rows)]
        for row, at in zip(rows, first.tolist(), strict=True):
            row[ROW] = str(self._rows + at + 1)
        keys = [tuple(row[name] for name in (*self._keys, *((ROW,) if self._by_row else ()))) for row in rows]
        new = [index for index, key in enumerate(keys) if key not in self._known]
        located = self._located(table.take(pa.array(new, pa.int64())), [rows[index] for index in new])
        for index, place in zip(new, located, strict=True):
            self._known[keys[index]] = self._new(rows[index], place)
        return np.array([self._known[key] for key in keys], np.int64)

    def _new(self, row: dict[str, str], place: Located) -> int:
        code = naming.code(self._settings.code, row)
        if not code:
            return -Fault.NO_THING
        if code in self._codes:
            return -Fault.SAME_CODE
        if self._things_only and not place[1]:
            return -Fault.POSITION
        self._codes[code] = self._add(row, place)
        return self._codes[code]

    def _located(self, table: pa.Table, rows: list[dict[str, str]]) -> list[Located]:
        """Return the positions of rows, from their columns or by their names."""
        position = self._settings.position
        if position is None and GEOMETRY in table.column_names:
            return positions.of_geojson(table.column(GEOMETRY), self._projection)
        if position and not position.file and isinstance(position.longitude, str):
            x, y = (
                numbers.parse(table.column(str(name)).combine_chunks(), self._written)
                for name in (position.longitude, position.latitude)
            )
            located = positions.of_columns(x.value, y.value, self._projection)
            return [(where, good and not bad) for (where, good), bad in zip(located, x.bad | y.bad, strict=True)]
        return [self._place_of(row) for row in rows]

    def _place_of(self, names: dict[str, str]) -> Located:
        """Return the position that the mapping gives, or that the file beside this one has for these names."""
        position = self._settings.position
        if position is None:
            return None, True
        if position.file:
            match = position.match or next(f"{{{name}}}" for name in naming.holes(self._settings.code) or ("column",))
            x, y = self._positions.get(naming.fill(match, names), (np.nan, np.nan))
        else:
            x, y = float(position.longitude), float(position.latitude)
        return positions.of_columns(np.array([x]), np.array([y]), self._projection)[0]

    def _add(self, names: dict[str, str], place: Located) -> int:
        settings = self._settings
        code = naming.code(settings.code, names) if names else settings.code
        name = naming.fill(settings.name, names).strip() or code
        filled = {key: naming.fill(text, names).strip() for key, text in settings.properties.items()}
        if place[0] is None:
            self.unplaced.append(code)
        self.things.append(
            ThingSpec(
                code=code,
                name=name,
                description=naming.fill(settings.description, names).strip() or name,
                kind=settings.kind,
                place=settings.place,
                location=place[0],
                properties={key: text for key, text in filled.items() if text},
            )
        )
        return len(self.things) - 1


def _texts(table: pa.Table, name: str) -> list[str | None]:
    texts: list[str | None] = table.column(name).cast(pa.string()).to_pylist()
    return texts


def distinct(columns: list[pa.Array]) -> tuple[Integers, Integers]:
    """Return the first row of each different combination, and for each row which of them it is.

    >>> first, which = distinct([pa.array(["a", "b", "a"]), pa.array([1, 1, 1])])
    >>> first.tolist(), which.tolist()
    ([0, 1], [0, 1, 0])
    """
    which = np.zeros(len(columns[0]), np.int64)
    first = which
    for column in columns:
        encoded = column.dictionary_encode()
        size = len(encoded.dictionary) + 1
        part = encoded.indices.fill_null(size - 1).cast(pa.int64()).to_numpy(zero_copy_only=False)
        _, first, which = np.unique(which * size + part, return_index=True, return_inverse=True)
    return first.astype(np.int64), which.astype(np.int64)
