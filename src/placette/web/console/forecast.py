"""Forecast: what was measured, then what is foreseen with the width of its doubt."""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pyarrow as pa

from placette.model.times import MICROS_PER_S
from placette.publish import sheets
from placette.web.console.desk import AT, Desk, Named, Table, View
from placette.web.console.drawing import picture
from placette.web.console.plot import Band, Floats, Line, Plot
from placette.web.console.question import Question, Span, code_of
from placette.web.outlook import percent, threshold_name, threshold_source

MOST_PAST_DAYS = 14
LEAST_AHEAD_DAYS = 2
"""A forecast is shown as far ahead as the period goes back, but at least so far."""
_FANS = ((0.05, 0.95, 0.14), (0.25, 0.75, 0.22))
"""Quantiles between which a band is drawn, and its strength."""
MOST_FANS = 4
"""Datastreams whose bands are drawn; of more one would see none."""
MOST_NAMED = 4
_MEDIAN = 0.5


async def forecast(desk: Desk, language: str, question: Question) -> View:
    """Return the forecasts; a datastream without one, or without one of the model, is told with its reason."""
    words = desk.words(language)
    named = desk.named(language, question.infos)
    answer = await desk.asked("/api/forecasts", {"datastream": ",".join(str(info.id) for info in question.infos)})
    found = {} if answer is None else {one["datastream"]: one for one in answer["forecasts"]}
    notices = [words("console.fault.no_forecasts")] if answer is None else await _reasons(desk, language, named, found)
    span = Span(max(question.span.start, question.span.end - MOST_PAST_DAYS * 86_400 * MICROS_PER_S), question.span.end)
    step = "day" if found and all(one.get("step_s") == 86_400 for one in found.values()) else "hour"
    wide = await desk.wide(question.infos, span, step)
    told = {
        place: _near(found[one.info.id], max(LEAST_AHEAD_DAYS, question.span.days))
        for place, one in enumerate(named)
        if found.get(one.info.id, {}).get("time")
    }
    foreseen = {shown: words(f"console.{key}") for shown, key in ((True, "foreseen"), (False, "repeated"))}
    plot = _plot(named, wide.time.astype(np.float64), wide.value, told, step, foreseen)
    title = desk.title(language, named)
    issued = max((_seconds(one["issued"]) for one in told.values()), default=0.0)
    lede = desk.lede(language, question, step)
    if issued:
        made = words("console.issued", time=desk.figures(language).at(int(issued * 1e6), AT))
        lede = f"{made} · {words('console.past', lede=desk.lede(language, _over_span(question, span), step))}"
    frame = desk.frame(language, title, lede, question.address(f"/{language}/console"))
    zone, locale = desk.site.renderer.zone, words.locale
    return View(
        title=title,
        lede=lede,
        plot=plot,
        draw=lambda width, whole: picture(plot, frame, zone, locale, width=width, whole=whole),
        sheet=lambda: _sheet(desk, question, title, named, told),
        tables=(_table(desk, language, named, told), _chances(desk, language, named, told)) if told else (),
        notices=tuple(notices),
        explained=words("console.forecast_said") if told else "",
        empty=plot.is_empty,
    )


def _over_span(question: Question, span: Span) -> Question:
    return msgspec.structs.replace(question, span=span)


def _near(one: dict[str, Any], days: float) -> dict[str, Any]:
    """Return a forecast as far ahead as ``days``: whoever looks at a day does not want its hours squeezed."""
    count = sum(at < one["time"][0] + days * 86_400 for at in one["time"])
    chances = [chance | {"probability": chance["probability"][:count]} for chance in one.get("exceedance", ())]
    return one | {"time": one["time"][:count], "quantiles": one["quantiles"][:count], "exceedance": chances}


async def _reasons(desk: Desk, language: str, named: list[Named], found: dict[int, dict[str, Any]]) -> list[str]:
    """Return why there is no forecast, or none of the model, one sentence for each reason."""
    reasons = {one.info.id: found[one.info.id].get("reason", "") for one in named if one.info.id in found}
    if len(reasons) < len(named):
        boards = await desk.asked("/api/forecasts/scores", {}) or {}
        standings = [each for step in ("day", "hour") for each in (boards.get(step) or {}).get("standings", ())]
        reasons = {each["datastream"]: each["reason"] for each in standings} | reasons
    names: dict[str, list[str]] = {}
    for one in named:
        reason = reasons.get(one.info.id, "") or ("" if one.info.id in found else "other")
        names.setdefault(reason, []).append(one.full)
    words = desk.words(language)
    return [words(f"console.unforeseen.{reason}", names=_listed(those)) for reason, those in names.items() if reason]


def _listed(names: list[str]) -> str:
    more = "…" if len(names) > MOST_NAMED else ""
    return " ; ".join(names[:MOST_NAMED]) + more


def _seconds(value: Any) -> float:
    """Return an instant that our API tells in seconds or as ISO 8601."""
    return (
        float(value)
        if isinstance(value, int | float)
        else float(np.datetime64(str(value).rstrip("Z"), "ms").astype(np.int64)) / 1000
    )


def _plot(
    named: list[Named],
    past: Floats,
    values: Floats,
    told: dict[int, dict[str, Any]],
    step: str,
    foreseen: dict[bool, str],
) -> Plot:
    """Lay measured and foreseen values over one time."""
    ahead = [np.array(one["time"], np.float64) for one in told.values()]
    x = np.unique(np.concatenate([past, *ahead])) if ahead else past
    units = list(dict.fromkeys(one.unit for one in named))[:2]
    lines, bands = [], []
    for place, one in enumerate(named):
        how: dict[str, Any] = {"axis": units.index(one.unit) if one.unit in units else 0, "style": place}
        about: dict[str, Any] = {"unit": one.unit, "decimals": one.decimals, "group": place}
        lines.append(Line(name=one.name, values=_over(x, past, values[place]), **about, **how))
        if place in told:
            times, levels = np.array(told[place]["time"], np.float64), _levels(told[place])
            name = f"{one.name}, {foreseen[told[place].get('shown', True)]}"
            lines.append(Line(name=name, values=_over(x, times, levels[_MEDIAN]), faint=True, **about, **how))
            for low, high, strength in _FANS if len(told) <= MOST_FANS else ():
                if low in levels and high in levels:
                    under, over = (_over(x, times, levels[level]) for level in (low, high))
                    bands.append(Band(low=under, high=over, strength=strength, **how))
    begun = min((float(each[0]) for each in ahead), default=None)
    return Plot(x=x, lines=tuple(lines), bands=tuple(bands), axes=tuple(units), step=step, now=begun)


def _over(x: Floats, times: Floats, values: Floats) -> Floats:
    column = np.full(len(x), np.nan)
    column[np.searchsorted(x, times)] = values
    return column


def _levels(one: dict[str, Any]) -> dict[float, Floats]:
    """Return each quantile's column by its level."""
    table = np.array(one["quantiles"], np.float64)
    return {round(float(level), 4): table[:, place] for place, level in enumerate(one["levels"])}


def _table(desk: Desk, language: str, named: list[Named], told: dict[int, dict[str, Any]]) -> Table:
    """Return the highest hour of each forecast with its range, the whole in words."""
    words, figures = desk.words(language), desk.figures(language)
    rows = []
    for place, one in told.items():
        levels = _levels(one)
        median = levels[_MEDIAN]
        peak = int(np.nanargmax(median))
        low, high = (levels.get(level, median)[peak] for level in (0.05, 0.95))
        about = named[place]
        rows.append(
            (
                about.full,
                figures.at(int(one["time"][peak] * 1e6), AT),
                figures.quantity(float(median[peak]), about.info.unit, about.decimals),
                words(
                    "console.between",
                    low=figures.number(float(low), about.decimals),
                    high=figures.number(float(high), about.decimals),
                ),
            )
        )
    heads = ("series", "peak", "median", "ninety")
    return Table(
        caption=words("console.peaks"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
    )


def _chances(desk: Desk, language: str, named: list[Named], told: dict[int, dict[str, Any]]) -> Table:
    """Return for each threshold when it is likeliest to be passed, and how likely."""
    words, figures = desk.words(language), desk.figures(language)
    rows = []
    for place, one in told.items():
        about = named[place]
        for chance in one.get("exceedance", ()):
            key, chances = chance["key"], chance["probability"]
            likely = int(np.argmax(chances)) if chances else 0
            value = figures.quantity(chance["threshold"], about.info.unit, about.decimals)
            named_by = threshold_name(desk.site, language, key), threshold_source(desk.site, language, key)
            rows.append(
                (
                    about.full,
                    " · ".join((named_by[0], value, named_by[1])),
                    percent(words, figures, chances[likely]) if chances else "",
                    figures.at(int(one["time"][likely] * 1e6), AT),
                )
            )
    heads = ("series", "threshold", "chance", "peak")
    return Table(
        caption=words("console.chances"),
        headings=tuple(words(f"console.head.{each}") for each in heads),
        rows=tuple(rows),
        wordy=(1,),
    )


def _sheet(
    desk: Desk, question: Question, title: str, named: list[Named], told: dict[int, dict[str, Any]]
) -> sheets.Sheet:
    parts = []
    for place, one in told.items():
        about = named[place]
        size = len(one["time"])
        issued = round(_seconds(one["issued"]) * 1e6)
        fixed = {"datastream": code_of(about.info), "name": about.full, "unit": about.info.unit, "origin": "forecast"}
        columns = {key: pa.repeat(value, size) for key, value in fixed.items()}
        columns["issued"] = pa.array([issued] * size, pa.int64()).cast(sheets.TIMES)
        columns["time"] = pa.array([round(at * 1e6) for at in one["time"]], pa.int64()).cast(sheets.TIMES)
        columns |= {f"q{level:g}": pa.array(column) for level, column in _levels(one).items()}
        parts.append(pa.table(columns))
    table = (
        pa.concat_tables(parts, promote_options="default") if parts else pa.table({"time": pa.array([], sheets.TIMES)})
    )
    return sheets.Sheet(name=desk.file(question), table=table, about=desk.about(title, question.span))
