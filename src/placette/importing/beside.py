"""Positions that stand in another file, next to the one that is imported."""

from __future__ import annotations

from pathlib import Path

import msgspec
import numpy as np

from placette.connect import files
from placette.harmonise import numbers
from placette.harmonise.mapping import Mapping
from placette.model.errors import BadInput


def positions_beside(file: Path, mapping: Mapping) -> dict[str, tuple[float, float]]:
    """Return x and y by name, from the file that ``[things] position`` names; empty when it names none.

    Raises ``NotFound`` or ``BadInput`` when that file or one of its columns is not there, or a position is no number.
    """
    position = mapping.things.position
    if position is None or not position.file:
        return {}
    path = file.parent / position.file
    wanted = (position.key, str(position.longitude), str(position.latitude))
    written = msgspec.structs.replace(mapping.file, kind=None, member="", separator="", skip_lines=0, columns=())
    found: dict[str, tuple[float, float]] = {}
    with files.opened(path, written) as source:
        for name in wanted:
            if name not in source.columns:
                raise BadInput(
                    f"there is no column '{name}'", str(path), f"its columns are: {', '.join(source.columns)}"
                )
        for block in source.blocks(wanted):
            x, y = (numbers.parse(block.table.column(name).combine_chunks(), written) for name in wanted[1:])
            if (x.bad | y.bad).any():
                line = block.lines([int(np.flatnonzero(x.bad | y.bad)[0])])[0]
                raise BadInput("the position is not a number", f"{path}, line {line}", "correct it")
            names = [str(name).strip() for name in block.table.column(position.key).to_pylist()]
            found |= dict(zip(names, zip(x.value.tolist(), y.value.tolist(), strict=True), strict=True))
    return found
