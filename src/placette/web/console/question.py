"""What an address of the console asks for: every choice stands in its query string, so that a link is the whole view.

Whatever cannot be used becomes a fault that the page says in words; the rest of the question is answered all the same.
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from datetime import date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

import msgspec
from starlette.datastructures import QueryParams

from placette.model.times import EARLIEST, LATEST, MICROS_PER_S, micros_of
from placette.publish.intervals import TYPICAL_US, starts
from placette.store import DatastreamInfo, Directory

MOST = 24
"""Datastreams at a time: more lines than can be told apart, more pairs than anybody reads."""
MOST_CELLS = 20_000
"""Intervals per datastream: more than two years of hours."""
VIEWS = ("overlay", "compare", "rhythm", "correlation", "forecast", "anomalies", "map")
RANGES = {"24h": 1, "7d": 7, "30d": 30, "90d": 90, "1y": 365}
"""Relative periods, days back from now."""
CUSTOM = "custom"
INTERVALS = ("auto", "raw", "hour", "day", "week", "month")
SCALES = ("own", "index", "standard")
AGAINST = ("before", "week", "month", "year", CUSTOM)
METHODS = ("pearson", "spearman")
PROFILES = ("none", "day", "week")
ORIGINS = ("measured", "modelled", "simulated")

_DAY_US = 86_400 * MICROS_PER_S
_HOURLY_DAYS = 100
"""Beyond so many days an hour is narrower than a pixel: days are drawn unless hours are asked for."""
_RAW_DAYS = 2
_CHOICES: dict[str, tuple[str, ...]] = {
    "view": VIEWS,
    "interval": INTERVALS,
    "scale": SCALES,
    "against": AGAINST,
    "method": METHODS,
    "without": PROFILES,
}
_DEFAULTS = {
    "view": "overlay",
    "range": "7d",
    "interval": "auto",
    "scale": "own",
    "against": "week",
    "method": "pearson",
    "without": "none",
}
_TEXTS = ("find", "place", "property", "kind", "origin", "x", "y")


class Fault(msgspec.Struct, frozen=True):
    """Something that was asked for and cannot be: ``key`` of its message below ``console.fault``, and what it names."""

    key: str
    values: dict[str, Any] = {}


class Span(msgspec.Struct, frozen=True):
    """A period, µs UTC, the end being outside."""

    start: int
    end: int

    @property
    def days(self) -> float:
        """Its length in days of 24 hours."""
        return (self.end - self.start) / _DAY_US


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """One view of the console. ``step`` is the interval that is drawn, ``interval`` the one that was asked for.

    ``start`` and ``end`` are the local dates or times of the address, empty for a relative ``range``.
    """

    infos: tuple[DatastreamInfo, ...]
    view: str
    range: str
    start: str
    end: str
    interval: str
    step: str
    scale: str
    band: bool
    against: str
    against_start: str
    method: str
    without: str
    x: str
    y: str
    find: str
    place: str
    property: str
    kind: str
    origin: str
    span: Span
    faults: tuple[Fault, ...]

    def fields(self, **changes: Any) -> list[tuple[str, str]]:
        """Return the address's parameters with some changed; those that say what is so anyway are left out."""
        kept = {**msgspec.structs.asdict(self), "band": "1" if self.band else ""} | changes
        streams: Iterable[str] = changes.get("datastreams", [code_of(info) for info in self.infos])
        named: tuple[str, ...] = (
            "view",
            "range",
            "start",
            "end",
            "interval",
            "scale",
            "band",
            "against",
            "against_start",
        )
        named += ("method", "without", *_TEXTS)
        own = {name: str(kept[name]) for name in named if kept[name] and str(kept[name]) != _DEFAULTS.get(name)}
        if kept["range"] != CUSTOM:
            own.pop("start", None)
            own.pop("end", None)
        if kept["against"] != CUSTOM:
            own.pop("against_start", None)
        return [*(("datastream", code) for code in streams), *own.items()]

    def address(self, path: str, **changes: Any) -> str:
        """Return the address of this view below ``path`` with some parameters changed."""
        fields = urlencode(self.fields(**changes), safe="/:")
        return f"{path}?{fields}" if fields else path


def code_of(info: DatastreamInfo) -> str:
    """Return what a link calls a datastream: its code, or its id where it has none."""
    return info.code or str(info.id)


def read(asked: QueryParams, directory: Directory, zone: ZoneInfo, now: int) -> Question:
    """Return the question of an address; ``now`` is µs UTC."""
    faults: list[Fault] = []
    infos = _infos(asked, directory, faults)
    chosen = {name: _choice(asked, name, values, faults) for name, values in _CHOICES.items()}
    texts = {name: asked.get(name, "")[:120] for name in _TEXTS}
    kind, start, end, span = _period(asked, zone, now, faults)
    step = _step(chosen["interval"], span, faults)
    if step == "day" and kind != CUSTOM:  # a day that has only had its night would look like a fall
        midnight = starts(now, now + 1, "day", zone)[0]
        span = Span(starts(midnight - round(span.days) * _DAY_US, midnight, "day", zone)[0], midnight)
    return Question(
        infos=infos,
        range=kind,
        start=start,
        end=end,
        span=span,
        step=step,
        band=asked.get("band", "") not in ("", "0"),
        against_start=asked.get("against_start", "")[:30],
        faults=tuple(faults),
        **chosen,
        **texts,
    )


def _infos(asked: QueryParams, directory: Directory, faults: list[Fault]) -> tuple[DatastreamInfo, ...]:
    found: dict[int, DatastreamInfo] = {}
    unknown: list[str] = []
    texts = [text.strip() for value in asked.getlist("datastream") for text in value.split(",") if text.strip()]
    for text in texts[:1000]:
        info = directory.by_code.get(text)
        if info is None and text.isascii() and text.isdecimal() and len(text) < 19:
            info = directory.by_id.get(int(text))
        if info is None:
            unknown.append(text[:60])
        else:
            found[info.id] = info
    if unknown:
        more = {"names": ", ".join(unknown[:3]), "count": len(unknown)}
        faults.append(Fault("unknown", more))
    if len(found) > MOST:
        faults.append(Fault("many", {"count": len(found), "most": MOST}))
    return tuple(found.values())[:MOST]


def _choice(asked: QueryParams, name: str, values: tuple[str, ...], faults: list[Fault]) -> str:
    value = asked.get(name) or _DEFAULTS[name]
    if value in values:
        return value
    faults.append(Fault("choice", {"value": value[:40]}))
    return _DEFAULTS[name]


def _period(asked: QueryParams, zone: ZoneInfo, now: int, faults: list[Fault]) -> tuple[str, str, str, Span]:
    """Return the kind of period, its two texts and its instants."""
    kind = asked.get("range") or (CUSTOM if asked.get("start") else _DEFAULTS["range"])
    if kind not in RANGES and kind != CUSTOM:
        faults.append(Fault("choice", {"value": kind[:40]}))
        kind = _DEFAULTS["range"]
    if kind == CUSTOM:
        start, end = asked.get("start", "")[:30], asked.get("end", "")[:30]
        first, last = moment(start, zone), moment(end, zone, whole_day=True)
        last = now if last is None and not end else last
        if first is None or last is None:
            faults.append(Fault("time", {"value": (start if first is None else end) or "…"}))
        elif first >= last:
            faults.append(Fault("order", {"start": start, "end": end}))
        else:
            return kind, start, end, Span(first, last)
        kind = _DEFAULTS["range"]
    last = _last(now, asked.get("interval") == "raw")
    return kind, "", "", Span(last - RANGES[kind] * _DAY_US, last)


def _last(now: int, raw: bool) -> int:
    """Return where a relative period ends: with the last full hour, since half an hour of counts looks like a fall."""
    hour = TYPICAL_US["hour"]
    return (math.ceil if raw else math.floor)(now / hour) * hour


def moment(text: str, zone: ZoneInfo, whole_day: bool = False) -> int | None:
    """Return the instant (µs UTC) of a local date or time, ``None`` when it is none; a day may mean its end.

    >>> moment("2026-07-01", ZoneInfo("Europe/Paris"))
    1782856800000000
    """
    try:
        if len(text) == len("2026-07-01"):
            day = date.fromisoformat(text) + timedelta(days=1 if whole_day else 0)
            local = datetime(day.year, day.month, day.day, tzinfo=zone)
        else:
            local = datetime.fromisoformat(text)
            local = local if local.tzinfo else local.replace(tzinfo=zone)
        instant = micros_of(local)
    except (ValueError, OverflowError):
        return None
    return instant if EARLIEST <= instant < LATEST else None


def _step(interval: str, span: Span, faults: list[Fault]) -> str:
    """Return the interval to draw: the one asked for, or the finest that can be drawn."""
    step = interval
    if interval == "auto":
        step = "hour" if span.days <= _HOURLY_DAYS else "day"
    if step != "raw" and (span.end - span.start) // TYPICAL_US[step] > MOST_CELLS:
        coarser = next(
            (name for name in ("day", "week", "month") if (span.end - span.start) // TYPICAL_US[name] <= MOST_CELLS),
            "month",
        )
        if interval != "auto":
            faults.append(Fault("fine", {"step": step, "coarser": coarser}))
        step = coarser
    return step
