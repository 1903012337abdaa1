"""What a row must be to be stored, checked for a whole group at once."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pyarrow.compute as pc

from placette.model.errors import BadObservation
from placette.model.observations import Quality
from placette.model.times import EARLIEST, LATEST, MICROS_PER_S
from placette.store.batch import NULL_TIME, Batch, Bools, Int64s
from placette.store.kinds import Kinds

Fault = tuple[Bools, str, str]
"""A mask of bad rows, what is wrong with them, and the remedy."""
_SHOWN = 10
_FLAGS = np.isin(np.arange(256), list(Quality))


def faults(batch: Batch, kinds: Kinds, now: int, max_future_s: int) -> list[Fault]:
    """Return one (mask of bad rows, what, remedy) per rule that any row breaks; an empty list when all is well.

    ``now`` is in µs UTC. Forecasts may lie ahead of now; every other row at most ``max_future_s`` seconds.
    """
    known = kinds.knows(batch.datastream_id)
    horizon = now + max_future_s * MICROS_PER_S
    rules: list[Fault] = [
        (~known, "unknown datastream", "create the datastream first, or correct the id"),
        (_not_finite(batch), "the result is NaN or infinite", "leave the row out, or send null with quality 9"),
        (_outside(batch.phenomenon_time), "the time lies outside 1900–2200", "set the device's clock"),
    ]
    rules.append((~_FLAGS[batch.quality], "unknown quality flag", "1, 2, 3, 4 or 9 (QARTOD)"))
    ahead = batch.phenomenon_time > horizon
    for name, values in (("end", batch.phenomenon_end), ("resultTime", batch.result_time)):
        if values is not None:
            given = values != NULL_TIME
            rules.append((given & _outside(values), f"the {name} lies outside 1900–2200", "set the device's clock"))
            ahead |= given & (values > horizon)
            if name == "end":
                rules.append((given & (values < batch.phenomenon_time), "the end lies before the start", "swap them"))
    if ahead.any():
        ahead &= ~kinds.is_forecast(batch.datastream_id)
        rules.append((ahead, f"the time lies more than {max_future_s} s ahead", "only forecasts lie in the future"))
    if batch.feature_id is not None:
        rules.append((~kinds.knows_features(batch.feature_id), "unknown feature of interest", "create it first"))
    return [rule for rule in rules if rule[0].any()]


def refusal(found: list[Fault], start: int, stop: int, shown: Callable[[int], str]) -> BadObservation | None:
    """Return the error for the caller whose rows are ``start:stop`` of the group, ``None`` when none of them is bad.

    ``shown`` names a row's datastream for the message. Row numbers count from 0 within the caller's own rows.
    """
    parts: list[str] = []
    remedies: list[str] = []
    bad: set[int] = set()
    for mask, what, remedy in found:
        rows = np.flatnonzero(mask[start:stop])
        if len(rows):
            listed = ", ".join(str(row) for row in rows[:_SHOWN].tolist()) + (" …" if len(rows) > _SHOWN else "")
            example = f", e.g. {shown(start + int(rows[0]))}" if what.startswith("unknown datastream") else ""
            parts.append(f"{what} in row{'s' if len(rows) > 1 else ''} {listed}{example}")
            remedies.append(remedy)
            bad.update(rows.tolist())
    if not parts:
        return None
    return BadObservation("; ".join(parts), "rows count from 0", "; ".join(remedies), tuple(sorted(bad)))


def _not_finite(batch: Batch) -> Bools:
    bad: Bools = ~np.isfinite(batch.result)
    column = batch.table.column("result")
    if column.null_count and bad.any():
        bad &= pc.is_valid(column).to_numpy()
    return bad


def _outside(values: Int64s) -> Bools:
    outside: Bools = (values < EARLIEST) | (values >= LATEST)
    return outside
