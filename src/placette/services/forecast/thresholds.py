"""The thresholds of law and practice, as dated data; which of them hold for a datastream on a day."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from functools import cache
from importlib.resources import files

import msgspec

from placette.city.model import City, Threshold
from placette.services.forecast.terms import Combined, DayLimit, Limit, Step
from placette.store import DatastreamInfo


class _File(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    threshold: tuple[Threshold, ...]


@cache
def thresholds() -> tuple[Threshold, ...]:
    """Return every row, in the file's order."""
    return msgspec.toml.decode(files(__package__).joinpath("thresholds.toml").read_bytes(), type=_File).threshold


def in_force(city: City, info: DatastreamInfo, step: Step, on: date) -> list[Threshold]:
    """Return the thresholds of a datastream's property, unit and step that hold on a day.

    Those of the city folder come last; while one with a known key holds, it takes that one's place.
    """
    known, own = (
        [
            each
            for each in rows
            if each.property == info.property_key and each.unit == info.unit and each.step == step
            if each.valid_from <= on and (each.valid_to is None or on <= each.valid_to)
        ]
        for rows in (thresholds(), city.thresholds)
    )
    replaced = {each.key for each in own}
    return [*(each for each in known if each.key not in replaced), *own]


def limits(city: City, infos: Iterable[DatastreamInfo], step: Step, on: date) -> tuple[tuple[Limit, ...], ...]:
    """Return the thresholds of each datastream as the worker needs them."""
    return tuple(tuple(Limit(each.key, each.value) for each in in_force(city, info, step, on)) for info in infos)


def day_limits(city: City, infos: Iterable[DatastreamInfo], on: date) -> tuple[tuple[DayLimit, ...], ...]:
    """Return what whole days of hourly datastreams are held against.

    A threshold of a day is held against what the property makes of its hours (mean, sum, energetic mean), one of an
    hour against the highest hour of the day.
    """
    found = []
    for info in infos:
        combine = city.properties[info.property_key or ""].combine
        whole: Combined = "sum" if combine == "sum" else "energetic" if combine == "energetic" else "mean"
        days = [DayLimit(each.key, each.value, whole) for each in in_force(city, info, "day", on)]
        hours = [DayLimit(each.key, each.value, "highest") for each in in_force(city, info, "hour", on)]
        found.append((*days, *hours) if combine != "difference" else ())
    return tuple(found)
