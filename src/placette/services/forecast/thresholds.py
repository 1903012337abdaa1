"""The thresholds of law and practice, as dated data; which of them hold for a datastream on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Literal

import msgspec

from placette.services.forecast.terms import Limit, Step
from placette.store import DatastreamInfo

Kind = Literal["information", "alert", "limit", "guideline", "practice"]


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dated row of ``thresholds.toml``; ``value`` in ``unit`` (UCUM) of an hour's or a day's value.

    ``exact`` is false where the text asks more than one value can say, ``confirmed`` where its own words were not read.
    """

    key: str
    property: str
    step: Step
    value: float
    unit: str
    kind: Kind
    valid_from: date
    source: str
    valid_to: date | None = None
    exact: bool
    confirmed: bool


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: tuple[Threshold, ...]


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Return every row, in the file's order."""
    return msgspec.toml.decode(files(__package__).joinpath("thresholds.toml").read_bytes(), type=_File).threshold


def in_force(info: DatastreamInfo, step: Step, on: date) -> list[Threshold]:
    """Return the thresholds of a datastream's property, unit and step that hold on a day."""
    return [
        each
        for each in thresholds()
        if each.property == info.property_key and each.unit == info.unit and each.step == step
        if each.valid_from <= on and (each.valid_to is None or on <= each.valid_to)
    ]


def limits(infos: Iterable[DatastreamInfo], step: Step, on: date) -> tuple[tuple[Limit, ...], ...]:
    """Return the thresholds of each datastream as the worker needs them."""
    return tuple(tuple(Limit(each.key, each.value) for each in in_force(info, step, on)) for info in infos)
