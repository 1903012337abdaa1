"""Anomalies: the overlay with what was out of the ordinary marked on it, and listed with its likely causes."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import msgspec
import pyarrow as pa

from placette.model.times import MICROS_PER_S, iso
from placette.publish import sheets
from placette.web.console.desk import AT, Desk, Extra, Named, Table, View
from placette.web.console.forecast import _seconds as seconds
from placette.web.console.overlay import overlay
from placette.web.console.plot import Mark
from placette.web.console.question import Question
from placette.web.pages.anomalies import SPANS

MOST_LISTED = 100
MOST_DAYS = 365
"""How far back anomalies are asked for."""
_TONES = {"fault": "brick", "event": "lavender", "undecided": "ochre"}
"""As on the page of anomalies."""


async def anomalies(desk: Desk, language: str, question: Question) -> View:
    """Return the overlay with marks and their list; where nobody looks for anomalies, the page says so."""
    words = desk.words(language)
    asked = {
        "datastream": ",".join(str(info.id) for info in question.infos),
        "start": iso(max(question.span.start, question.span.end - MOST_DAYS * 86_400 * MICROS_PER_S)),
        "end": iso(question.span.end),
    }
    answer = await desk.asked("/api/anomalies", asked)
    found: list[dict[str, Any]] = [] if answer is None else answer["anomalies"]
    named = {one.info.id: one for one in desk.named(language, question.infos)}
    found = [one for one in found if one["datastream"] in named]
    marks = tuple(_mark(desk, language, one, named) for one in found)
    view = await overlay(desk, language, question, marks)
    notices = list(view.notices)
    if answer is None:
        notices.append(words("console.fault.no_anomalies"))
    table = _table(desk, language, found, named)
    return msgspec.structs.replace(
        view,
        notices=tuple(notices),
        tables=(table, *view.tables),
        extra=Extra(layers=_evidence(desk, language, found, question)),
        sheet=(lambda: _sheet(desk, question, view.title, found)) if answer is not None else view.sheet,
        explained=("" if found or answer is None else words("console.no_anomalies") + " ")
        + words("console.anomalies_said"),
    )


def _evidence(
    desk: Desk, language: str, found: list[dict[str, Any]], question: Question
) -> tuple[tuple[str, str], ...]:
    """Return the link to the page that tells these anomalies whole, where it reaches back so far."""
    days = (time.time_ns() // 1000 - question.span.start) / (86_400 * MICROS_PER_S)
    span = next((each for each in SPANS if days <= each), SPANS[-1])
    codes = dict.fromkeys(one["code"] for one in found if one.get("code"))
    if not codes:
        return ()
    asked = urlencode({"datastream": ",".join(codes), "days": span}, safe="/,")
    return ((f"/{language}/anomalies?{asked}", desk.words(language)("console.with_evidence")),)


def _mark(desk: Desk, language: str, one: dict[str, Any], named: dict[int, Named]) -> Mark:
    words = desk.words(language)
    kind, fault = words("console.kind_" + one["kind"]), one["kind"] == "fault"
    return Mark(
        start=seconds(one["start"]),
        end=seconds(one["end"]),
        text=f"{kind}, {named[one['datastream']].name}",
        tone=_TONES[one["kind"]],
        kind=kind,
        dashed=fault,
    )


def _table(desk: Desk, language: str, found: list[dict[str, Any]], named: dict[int, Named]) -> Table:
    words, figures = desk.words(language), desk.figures(language)
    rows = []
    for one in sorted(found, key=lambda each: -seconds(each["start"]))[:MOST_LISTED]:
        about = named[one["datastream"]]
        expected = words("live.absent")
        if one.get("low") is not None and one.get("high") is not None:
            low, high = (figures.number(one[side], about.decimals) for side in ("low", "high"))
            expected = words("console.between", low=low, high=high)
        observed = one.get("observed")
        rows.append(
            (
                figures.at(round(seconds(one["start"]) * 1e6), AT),
                about.full,
                words("console.kind_" + one["kind"]),
                words("live.absent")
                if observed is None
                else figures.quantity(observed, about.info.unit, about.decimals),
                expected,
                ", ".join(_cause(words, cause["key"]) for cause in one.get("causes", ())[:2]) or words("live.absent"),
            )
        )
    heads = ("time", "series", "kind", "observed", "expected", "causes")
    left = max(0, len(found) - MOST_LISTED)
    return Table(
        caption=words("console.found_anomalies", count=len(found)),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
        wordy=(1, 2, 5),
        note=words("console.more_in_files", count=left) if left else "",
    )


def _cause(words: Any, key: str) -> str:
    known = f"anomalies.cause.{key}"
    return str(words(known)) if words.has(known) else key


def _sheet(desk: Desk, question: Question, title: str, found: list[dict[str, Any]]) -> sheets.Sheet:
    columns: dict[str, pa.Array] = {
        "datastream": pa.array([one.get("code") or str(one["datastream"]) for one in found], pa.string())
    }
    for key in ("start", "end"):
        columns[key] = pa.array([round(seconds(one[key]) * 1e6) for one in found], pa.int64()).cast(sheets.TIMES)
    columns["kind"] = pa.array([one["kind"] for one in found], pa.string())
    for key in ("score", "observed", "expected", "low", "high"):
        columns[key] = pa.array([one.get(key) for one in found], pa.float64())
    causes = [", ".join(cause["key"] for cause in one.get("causes", ())) for one in found]
    columns["causes"] = pa.array(causes, pa.string())
    return sheets.Sheet(name=desk.file(question), table=pa.table(columns), about=desk.about(title, question.span))
