"""Map: the chosen datastreams where they stand, with their mean over the period and their newest value."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from placette.publish import sheets
from placette.publish.areas import Position
from placette.web.console.desk import Desk, Extra, Named, Table, View
from placette.web.console.paper import NARROW, Frame, Paper
from placette.web.console.question import Question, code_of
from placette.web.maps import Box, Sheet, bounds_of
from placette.web.readings import Reading, readings

LAYERS = frozenset({"temperature", "pm2_5", "pm2_5_dry", "pm10", "no2", "o3", "laeq"})
"""Properties that a map between stations is drawn of; ``/api/maps`` has the last word."""
_HIGH, _HIGH_NARROW = 520, 400
_TONES = 5
_PLACE = 34
"""Radius of a place under the values."""


class Spot(msgspec.Struct, frozen=True, kw_only=True):
    """A datastream on the map: ``tone`` 1 to 5 from the least to the largest of its property, 0 alone."""

    lng: float
    lat: float
    label: str
    text: str
    tone: int
    thing: str
    href: str = ""
    chosen: bool = False


async def points(desk: Desk, language: str, question: Question) -> View:
    """Return the map; datastreams without a position are in the table alone."""
    words, figures = desk.words(language), desk.figures(language)
    named = desk.named(language, question.infos)
    wide = await desk.wide(question.infos, question.span, "hour" if question.step == "raw" else question.step)
    means = [_mean(column) for column in wide.value]
    newest = readings(desk.store, question.infos)
    tones = _tones(named, means)
    spots = [
        Spot(
            lng=one.info.longitude,
            lat=one.info.latitude,
            label=one.full,
            text=figures.quantity(mean, one.info.unit, one.decimals),
            tone=tone,
            thing=one.info.thing_code or "",
            href=f"/{language}/things/{one.info.thing_code}" if one.info.thing_code else "",
        )
        for one, mean, tone in zip(named, means, tones, strict=True)
        if mean is not None and one.info.longitude is not None and one.info.latitude is not None
    ]
    title = desk.title(language, named)
    step = "hour" if question.step == "raw" else question.step
    lede = f"{words('console.mean_of')} · {desk.lede(language, question, step)}"
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    keys = dict.fromkeys(one.info.property_key for one in named)
    return View(
        title=title,
        lede=lede,
        draw=lambda width, whole: _picture(desk, language, frame, spots, width, whole),
        sheet=lambda: _sheet(desk, question, title, named, means, newest),
        tables=(_table(desk, language, named, means, newest),),
        explained=words("console.map_said"),
        empty=not spots,
        extra=Extra(
            spots=tuple(spots),
            bounds=bounds_of([(spot.lng, spot.lat) for spot in spots]) if spots else (),
            layers=tuple(
                (f"/{language}/maps/{key}", words("console.layers", what=named_of(named, key)))
                for key in keys
                if key in LAYERS
            ),
        ),
    )


def named_of(named: list[Named], key: str | None) -> str:
    """Return how the property of this key is called."""
    return next(one.property for one in named if one.info.property_key == key)


def _mean(column: Any) -> float | None:
    known = column[np.isfinite(column)]
    return float(known.mean()) if len(known) else None


def _tones(named: list[Named], means: list[float | None]) -> list[int]:
    """Return each one's fifth between the least and the largest mean of its property; 0 where it is alone."""
    found = []
    for one, mean in zip(named, means, strict=True):
        peers = [m for other, m in zip(named, means, strict=True) if m is not None and other.property == one.property]
        if mean is None or len(peers) < 2 or max(peers) == min(peers):
            found.append(0)
        else:
            found.append(1 + min(_TONES - 1, int((mean - min(peers)) / (max(peers) - min(peers)) * _TONES)))
    return found


def _picture(desk: Desk, language: str, frame: Frame, spots: list[Spot], width: int, whole: bool) -> str:
    paper = Paper(width)
    if whole:
        paper.head(frame)
    high = _HIGH_NARROW if width < NARROW else _HIGH
    top = paper.y
    if spots:
        ground = Sheet(bounds_of([(spot.lng, spot.lat) for spot in spots]), width, high)
        _ground(paper, desk, language, ground, top)
        taken: list[Box] = []
        for spot in sorted(spots, key=lambda each: -each.tone):
            x, y = ground.point((spot.lng, spot.lat))
            paper.disc(x, y + top, 7 + spot.tone, "blue", 0.35 + 0.12 * spot.tone, f"{spot.label}: {spot.text}")
            box = (x + 14, y - 9, x + 22 + 7 * len(spot.text), y + 9)
            if box[2] < width and not any(_meet(box, other) for other in taken):
                taken.append(box)
                paper.text(x + 15, y + top + 4, spot.text, "ink", 13, bold=True)
    paper.y = top + high
    if whole:
        paper.foot(frame)
    return paper.svg(frame, whole=whole)


def _ground(paper: Paper, desk: Desk, language: str, ground: Sheet, top: float) -> None:
    """Draw where the places are: their names, faint, under the values."""
    right, bottom = ground.width, top + ground.height
    paper.fill(f"M0 {top:g}H{right}V{bottom:g}H0Z", "map-ground")
    for place in desk.city.places:
        x, y = ground.point((place.longitude, place.latitude))
        if _PLACE <= x <= right - _PLACE and _PLACE <= y <= ground.height - _PLACE:
            paper.disc(x, y + top, _PLACE, "stone")
            above = y + _PLACE + 18 > ground.height
            name = place.names.get(language) or next(iter(place.names.values()))
            paper.text(x, y + top + (-_PLACE - 6 if above else _PLACE + 16), name, "ink-soft", 13, anchor="middle")


def _meet(one: Box, other: Box) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _table(
    desk: Desk, language: str, named: list[Named], means: list[float | None], newest: dict[int, Reading]
) -> Table:
    words, figures = desk.words(language), desk.figures(language)
    now = time.time_ns() // 1000
    rows = []
    for one, mean in zip(named, means, strict=True):
        reading = newest.get(one.info.id)
        known = reading is not None and reading.result is not None
        rows.append(
            (
                one.full,
                words("live.absent") if mean is None else figures.quantity(mean, one.info.unit, one.decimals),
                figures.quantity(reading.result, one.info.unit, one.decimals)
                if known and reading and reading.result is not None
                else words("live.absent"),
                figures.age(reading.time, now) if reading else words("live.absent"),
            )
        )
    heads = ("series", "mean", "newest", "age")
    return Table(
        caption=words("console.on_map_table"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
    )


def _sheet(
    desk: Desk,
    question: Question,
    title: str,
    named: list[Named],
    means: list[float | None],
    newest: dict[int, Reading],
) -> sheets.Sheet:
    found = [newest.get(one.info.id) for one in named]
    positions: list[Position | None] = [
        None if one.info.longitude is None or one.info.latitude is None else (one.info.longitude, one.info.latitude)
        for one in named
    ]
    columns = {
        "datastream": pa.array([code_of(one.info) for one in named], pa.string()),
        "name": pa.array([one.full for one in named], pa.string()),
        "unit": pa.array([one.info.unit for one in named], pa.string()),
        "origin": pa.array([one.info.origin for one in named], pa.string()),
        "longitude": pa.array([p and p[0] for p in positions], pa.float64()),
        "latitude": pa.array([p and p[1] for p in positions], pa.float64()),
        "mean": pa.array(means, pa.float64()),
        "newest": pa.array([one.result if one else None for one in found], pa.float64()),
        "newest_time": pa.array([one.time if one else None for one in found], pa.int64()).cast(sheets.TIMES),
    }
    return sheets.Sheet(name=desk.file(question), table=pa.table(columns), about=desk.about(title, question.span))


def to_pick(desk: Desk, language: str, question: Question, things: list[tuple[str, bool]]) -> list[Spot]:
    """Return the devices (code, whether one of its datastreams is chosen) as spots to pick from."""
    fleet = desk.site.fleet.by_code
    found = []
    for code, chosen in things:
        member = fleet.get(code)
        if member is not None and member.position is not None:
            name = member.address or member.name(language)
            spot = Spot(
                lng=member.position[0], lat=member.position[1], label=name, text="", tone=0, thing=code, chosen=chosen
            )
            found.append(spot)
    return found
