"""What may be told of the counts: suppressed where few, as observations of the sensor's datastreams.

A count below ``smallest`` is published as "no result" with that bound; when one kind of address is below it, only the
sum of the kinds is told, since the other kind would give it away. People are that count times a ratio anybody can work
out, so they are not told of a count that is not.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import pairwise
from typing import Any

import msgspec

from placette.harmonise.wifi import rate
from placette.harmonise.wifi.days import DWELL_MINUTES, DayCount
from placette.harmonise.wifi.sketches import Estimate
from placette.harmonise.wifi.slots import SlotCount
from placette.model.observations import ObservationRow, Quality
from placette.model.wifi import SLOT_US, Calibration, WifiOptions

DWELL_CLASSES = (
    f"≤{DWELL_MINUTES[0]} min",
    *(f"{low}–{high} min" for low, high in pairwise(DWELL_MINUTES)),
    f">{DWELL_MINUTES[-1]} min",
)
_MINUTES = SLOT_US / 60e6
Untold = dict[str, Any]
"""Why a count is not told, as ``parameters`` of its observation."""


def slot_rows(
    count: SlotCount,
    streams: Mapping[str, int],
    chosen: WifiOptions,
    calibration: Calibration | None,
    now: int,
) -> Iterator[ObservationRow]:
    """Yield the observations of one interval; ``streams`` gives the datastream of each quantity the sensor has."""
    for name, value in _values(count, chosen, calibration).items():
        if name in streams:
            yield _row(streams[name], count, value, chosen.smallest, now)


def day_rows(count: DayCount, streams: Mapping[str, int], smallest: int, now: int) -> Iterator[ObservationRow]:
    """Yield the observations of one day: dwell classes and flows, null where fewer than ``smallest``."""
    tables: dict[str, dict[str, float]] = {
        "dwell": dict(zip(DWELL_CLASSES, map(float, count.dwell), strict=True)),
        "flows": {other: both.value for other, both in count.flows.items()},
    }
    for name, table in tables.items():
        if name in streams:
            told = {key: round(value) if value >= smallest else None for key, value in table.items()}
            yield ObservationRow(
                streams[name],
                count.start,
                result_json=msgspec.json.encode(told).decode(),
                phenomenon_end=count.end,
                result_time=now,
                quality=Quality.GOOD,
                extra=_extra({"fewerThan": smallest}),
            )


def _values(count: SlotCount, chosen: WifiOptions, calibration: Calibration | None) -> dict[str, Estimate | Untold]:
    """Return each quantity's estimate, or why another one would give it away or be given away by it."""
    by_rate = rate.count(count.frames, _MINUTES, chosen.probes_per_minute) if chosen.probes_per_minute else None
    people = _people(count, calibration, chosen.smallest, by_rate) if calibration else None
    if count.imputed:
        found: dict[str, Estimate | Untold | None] = {"visitors": count.visitors, "people": people}
        return {name: value for name, value in found.items() if value is not None}
    kinds_are_told = min(count.fixed.value, count.randomised.value) >= chosen.smallest
    in_sum = {"toldInSum": "devices"}
    values: dict[str, Estimate | Untold] = {
        "devices": count.devices,
        "fixed": count.fixed if kinds_are_told else in_sum,
        "randomised": count.randomised if kinds_are_told else in_sum,
        "bluetooth": count.bluetooth,
    }
    optional = {"visitors": count.visitors, "by_rate": by_rate, "people": people}
    return values | {name: value for name, value in optional.items() if value is not None}


def _people(
    count: SlotCount, calibration: Calibration, smallest: int, by_rate: Estimate | None
) -> Estimate | Untold | None:
    """Return the calibrated count; its interval is that of the ratio, the sketch's own error being far smaller."""
    by_frames = calibration.basis == "frames"
    if by_frames and count.imputed:
        return None
    heard = by_rate if by_frames else count.visitors or count.devices
    if heard is not None and heard.value < smallest:
        return {"fewerThan": smallest, "of": "devices"}
    basis = float(sum(count.frames)) if by_frames else (count.visitors or count.devices).value
    return Estimate(basis * calibration.ratio, basis * calibration.lower, basis * calibration.upper)


def _row(stream: int, count: SlotCount, value: Estimate | Untold, smallest: int, now: int) -> ObservationRow:
    common: dict[str, Any] = {"phenomenon_end": count.end, "result_time": now}
    if not isinstance(value, Estimate) or value.value < smallest:
        why = {"fewerThan": smallest} if isinstance(value, Estimate) else value
        return ObservationRow(stream, count.start, quality=Quality.MISSING, extra=_extra(why), **common)
    doubtful = count.partial or count.imputed
    told: dict[str, Any] = {"lower": round(value.lower, 1), "upper": round(value.upper, 1), "level": 0.95}
    told |= {"partial": True} if count.partial else {}
    told |= {"imputed": True} if count.imputed else {}
    return ObservationRow(
        stream,
        count.start,
        float(round(value.value)),
        quality=Quality.SUSPECT if doubtful else Quality.GOOD,
        extra=_extra(told),
        **common,
    )


def _extra(parameters: dict[str, Any]) -> str:
    return msgspec.json.encode({"parameters": parameters}).decode()
