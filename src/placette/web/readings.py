"""The newest value of datastreams, as the pages show it: figure, unit, age, quality, origin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec
import pyarrow as pa

from placette.city.model import City
from placette.store import DatastreamInfo, Store
from placette.web.figures import Figures
from placette.web.fleet import Member
from placette.web.words import Words


class Reading(msgspec.Struct, frozen=True):
    """The newest observation: ``time`` in µs UTC; ``text`` is JSON where the result is no number."""

    time: int
    result: float | None
    text: str | None
    quality: int


class Cell(msgspec.Struct, frozen=True, kw_only=True):
    """A reading ready to be written: ``shown`` is its figure or word, ``shown_unit`` what stands behind the figure.

    ``uncertainty`` is the expanded one of the reading (k = 2). The rest feeds the live element.
    """

    info: DatastreamInfo
    reading: Reading | None
    shown: str
    shown_unit: str
    unit: str
    unit_one: str
    decimals: int
    binary: bool
    uncertainty: float | None
    labels: dict[str, Any]


def readings(store: Store, infos: Iterable[DatastreamInfo]) -> dict[int, Reading]:
    """Return the newest observation of each datastream that has one, by its id."""
    table = store.latest.of(info.id for info in infos)
    times = table.column("phenomenon_time").cast(pa.int64()).to_pylist()
    columns = [table.column(name).to_pylist() for name in ("datastream_id", "result", "result_json", "quality")]
    return {
        key: Reading(when, number, text, flag) for when, key, number, text, flag in zip(times, *columns, strict=True)
    }


class Cells:
    """Writes readings of one language."""

    def __init__(self, city: City, words: Words, figures: Figures) -> None:
        self._city = city
        self._words = words
        self._figures = figures
        self._quality = {flag: words(f"quality.{flag}") for flag in ("3", "4")}

    def cell(
        self, member: Member, info: DatastreamInfo, reading: Reading | None, uncertainty: float | None = None
    ) -> Cell:
        """Return the reading of one datastream of a device, ready to be written."""
        known = self._city.properties.get(info.property_key or "")
        decimals = known.decimals if known else 1
        binary = info.unit == "1" and decimals == 0 and known is not None
        unit, unit_one = (self.unit(member, info, number) for number in (2, 1))
        labels: dict[str, Any] = {"absent": self._words("live.absent"), "quality": self._quality}
        if binary:
            labels |= {
                side: self._words.first(f"binary.{info.property_key}.{side}", f"binary.{side}") for side in _SIDES
            }
        result = reading.result if reading else None
        shown_unit = "" if binary or result is None else self.unit(member, info, result)
        shown = self._shown(reading, decimals, labels if binary else None)
        return Cell(
            info=info,
            reading=reading,
            shown=shown,
            shown_unit=shown_unit,
            unit=unit,
            unit_one=unit_one,
            decimals=decimals,
            binary=binary,
            uncertainty=uncertainty,
            labels=labels,
        )

    def unit(self, member: Member, info: DatastreamInfo, value: float) -> str:
        """Return the unit of this value; a count carries the time it was counted over, without it it says nothing."""
        known = self._city.properties.get(info.property_key or "")
        unit = self._figures.unit(info.unit, value)
        every_s = member.every_s.get(info.property_key or "")
        if known and known.combine == "sum" and every_s:
            return f"{unit} / {self._figures.span(every_s)}".strip()
        return unit

    def _shown(self, reading: Reading | None, decimals: int, sides: dict[str, Any] | None) -> str:
        if reading is None or (reading.result is None and reading.text is None):
            return self._words("live.absent")
        if reading.result is None:
            return str(msgspec.json.decode(reading.text or "null"))
        if sides:
            return str(sides["on" if reading.result else "off"])
        return self._figures.number(reading.result, decimals)


_SIDES = ("on", "off")
