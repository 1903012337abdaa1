"""The time columns of a file → instants and periods in UTC, with the hours that clocks skip or repeat kept in sight."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from placette.harmonise import local_time, time_text
from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Time
from placette.harmonise.repeats import Repeats
from placette.model.errors import BadInput
from placette.model.times import EARLIEST, LATEST

Micros = NDArray[np.int64]
Mask = NDArray[np.bool_]

_DAY_US = 86_400_000_000
_FIXED_US = {"second": 1_000_000, "minute": 60_000_000, "hour": 3_600_000_000}
_MONTHS = {"month": 1, "year": 12}


class Moments(NamedTuple):
    """One per row: ``start`` and ``end`` in µs UTC (``end`` absent for instants) and the ``Fault`` that bars the row.

    ``twice`` and ``skipped`` mark the rows whose local hour came twice or does not exist, whatever was decided.
    """

    start: Micros
    end: Micros | None
    fault: NDArray[np.uint8]
    twice: Mask
    skipped: Mask


class Clock:
    """Reads the times of one file.

    For ``ambiguous = "in order"`` it remembers which repeated hours were seen, and whether the file begins with the
    oldest rows or with the newest.
    """

    def __init__(self, time: Time) -> None:
        self._time = time
        self._seen = Repeats()
        self._steps_onward = 0

    def read(self, table: pa.Table, group: NDArray[np.int64]) -> Moments:
        """Return the moments of the rows; ``group`` numbers what the rows speak of, so that hours can be counted.

        Raises ``BadInput`` when neither the times nor the mapping say the zone.
        """
        walls = self._walls(table)
        walls = walls._replace(wall=self._real_day(walls.wall))
        if not self._time.zone and not walls.has_offset[walls.good].all():
            raise BadInput(
                "the times do not say their zone", "[time]", 'declare it, e.g. zone = "Europe/Paris" or "UTC"'
            )
        fault = np.where(walls.good, Fault.NONE, Fault.TIME).astype(np.uint8)
        if self._calendar_us is None:
            at, twice, skipped = self._instants(walls, group, fault)
            start = at - self._length_us if self._time.stamp == "end" else at
            end = start + self._length_us if self._length_us else None
        else:
            start, end = self._days(walls)
            twice = skipped = np.zeros(len(start), np.bool_)
        outside = (start < EARLIEST) | (start >= LATEST)
        fault[(fault == Fault.NONE) & outside] = Fault.OUTSIDE
        return Moments(start, end, fault, twice, skipped)

    def _walls(self, table: pa.Table) -> time_text.Walls:
        columns = [table.column(name).combine_chunks() for name in self._time.columns]
        rows = table.num_rows
        if len(columns) == 1 and pa.types.is_temporal(columns[0].type) and not pa.types.is_time(columns[0].type):
            stamps = columns[0]
            aware = pa.types.is_timestamp(stamps.type) and stamps.type.tz is not None
            good = stamps.is_valid().to_numpy(zero_copy_only=False)
            wall = stamps.cast(pa.timestamp("us", "UTC" if aware else None), safe=False).cast(pa.int64()).fill_null(0)
            return time_text.Walls(wall.to_numpy(), good, np.zeros(rows, np.int64), np.full(rows, aware))
        texts = [pc.utf8_trim_whitespace(column.cast(pa.string())).fill_null("") for column in columns]
        joined = texts[0] if len(texts) == 1 else pc.binary_join_element_wise(*texts, " ")
        return time_text.parse(joined, self._time.format)

    def _real_day(self, wall: Micros) -> Micros:
        """Move the rows that stand at the end of a counting day to the calendar day they belong to."""
        return wall + np.where(wall % _DAY_US < self._time.counting_day_start_us, _DAY_US, 0)

    def _instants(
        self, walls: time_text.Walls, group: NDArray[np.int64], fault: NDArray[np.uint8]
    ) -> tuple[Micros, Mask, Mask]:
        """Return the instants the times name, and mark in ``fault`` those that nobody has decided."""
        named = walls.wall - walls.offset
        none = np.zeros(len(named), np.bool_)
        if not self._time.zone or walls.has_offset.all():
            return named, none, none
        first, second = local_time.to_utc(walls.wall, self._time.zone)
        local = walls.good & ~walls.has_offset
        twice, skipped = local & (first < second), local & (first > second)
        take_second = np.full(len(first), self._time.ambiguous == "second") & twice
        if self._time.ambiguous == "in order":
            self._steps_onward += _steps_onward(walls.wall[local], group[local])
            rows = np.flatnonzero(twice)
            order, again = self._seen.find(group[rows], walls.wall[rows])
            take_second[rows[order]] = again if self._steps_onward >= 0 else ~again
        if self._time.ambiguous == "refuse":
            fault[twice] = Fault.AMBIGUOUS
        if self._time.nonexistent == "refuse":
            fault[skipped] = Fault.NONEXISTENT
        return np.where(walls.has_offset, named, np.where(take_second, second, first)), twice, skipped

    @property
    def _length_us(self) -> int:
        """Length of a period of fixed length, µs; 0 for instants."""
        period = self._time.parsed_period
        return period[0] * _FIXED_US.get(period[1], 0) if period else 0

    @property
    def _calendar_us(self) -> tuple[int, str] | None:
        period = self._time.parsed_period
        return period if period and period[1] not in _FIXED_US else None

    def _days(self, walls: time_text.Walls) -> tuple[Micros, Micros]:
        """Return the instants between which local days, months or years lie.

        A day begins at the first of two midnights and, where midnight is skipped, at the change itself.
        """
        zone = self._time.zone or "UTC"
        local = np.where(walls.has_offset, local_time.to_wall(walls.wall - walls.offset, zone), walls.wall)
        other = self._moved(local, -1 if self._time.stamp == "end" else 1)
        start, end = (other, local) if self._time.stamp == "end" else (local, other)
        return local_time.to_utc(start, zone).first, local_time.to_utc(end, zone).first

    def _moved(self, wall: Micros, direction: int) -> Micros:
        """Return the wall clock one period later or earlier, at most on the last day of a shorter month."""
        number, unit = self._time.parsed_period or (0, "day")
        if unit == "day":
            return wall + direction * number * _DAY_US
        months = wall.view("datetime64[us]").astype("datetime64[M]")
        into = wall - months.astype("datetime64[us]").view(np.int64)
        target = months + direction * number * _MONTHS[unit]
        longest = (target + 1).astype("datetime64[us]").view(np.int64) - target.astype("datetime64[us]").view(np.int64)
        day = np.minimum(into // _DAY_US, longest // _DAY_US - 1)
        moved: Micros = target.astype("datetime64[us]").view(np.int64) + day * _DAY_US + into % _DAY_US
        return moved


def _steps_onward(wall: Micros, group: NDArray[np.int64]) -> int:
    """Return how many more steps from row to row of a group lead to a later time than to an earlier one."""
    order = np.argsort(group, kind="stable")
    steps = np.sign(np.diff(wall[order]))
    return int(steps[np.diff(group[order]) == 0].sum())
