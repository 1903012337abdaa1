"""The scoreboard: what was forecast against what came, per place and property, beside the naive; what is shown."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.services.forecast.foreseeing import STEPS, state_of
from placette.services.forecast.terms import Board, Curve, LastDay, Standing
from placette.store import DatastreamInfo
from placette.web.figures import Figures
from placette.web.fleet import property_name
from placette.web.outlook import threshold_name
from placette.web.pages.site import Site, named
from placette.web.words import Words

SIDE = 220
"""Side of the reliability picture, in points."""
EDGE = 26
_SPARK = (132.0, 34.0)


class Chance(msgspec.Struct, frozen=True, kw_only=True):
    """How the probabilities of one threshold did on one datastream."""

    name: str
    events: str
    brier: str
    skill: str


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One datastream on the scoreboard; ``error`` and ``naive_error`` are mean absolute errors with their unit."""

    info: DatastreamInfo
    device: str
    method: str
    shown: bool
    reason: str
    history: str
    since: str
    values: str
    error: str
    naive_error: str
    better: str
    coverage: str
    day_error: str
    day_naive: str
    spark: tuple[str, str, str, str]
    chances: tuple[Chance, ...]


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """A property at a place."""

    place: str
    place_key: str
    property: str
    lines: tuple[Line, ...]


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A property at a place, over all its devices: means of errors, and how many are shown."""

    property: str
    shown: str
    day_error: str
    day_naive: str
    error: str
    naive_error: str
    better: str
    coverage: str


class Place(msgspec.Struct, frozen=True):
    """A place and the rows of its properties."""

    name: str
    key: str
    rows: tuple[Row, ...]


class Reliability(msgspec.Struct, frozen=True, kw_only=True):
    """Of one threshold: points of (forecast, came, radius) in the picture, and the same as a table."""

    name: str
    points: tuple[tuple[float, float, float], ...]
    rows: tuple[tuple[str, str, str], ...]
    calibrated: bool


class Summary(msgspec.Struct, frozen=True, kw_only=True):
    """What stands above the table; ``hours`` are the coverages of the 80 % interval by hour of day, in per cent."""

    shown: int
    naive: int
    silent: int
    issues: int
    replayed: int
    trained: str
    history: int
    cpu: str
    memory: str
    covariates: tuple[str, ...]
    without_lightgbm: bool
    hours: tuple[tuple[int, float, str], ...]
    day: str


async def forecasts(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/forecasts``; ``place=`` narrows it down, ``step=day`` tells of local days."""
    asked = request.query_params
    step = next((each for each in STEPS if each == asked.get("step")), STEPS[0])
    board = (await asyncio.to_thread(state_of, site.store, step)).board
    place = asked.get("place", "")
    writer = _Writer(site, language)
    values: dict[str, Any] = {"board": board, "step": step, "place": place, "side": SIDE, "edge": EDGE}
    if board is not None:
        values |= {
            "summary": writer.summary(board),
            "groups": writer.groups(board, place) if place else (),
            "overview": () if place else writer.overview(board),
            "curves": [one for each in board.curves if (one := writer.reliability(each)) is not None],
        }
    return site.renderer.page(request, language, "forecasts.html", **values)


class _Writer:
    """Writes a scoreboard in one language."""

    def __init__(self, site: Site, language: str) -> None:
        self._site = site
        self._language = language
        self._words: Words = site.renderer.words(language)
        self._figures: Figures = site.renderer.figures(language)

    def summary(self, board: Board) -> Summary:
        figures, words = self._figures, self._words
        methods = [each.method for each in board.standings]
        hours = tuple(
            (hour, round(100 * share, 1), self._percent(share))
            for hour, share in enumerate(board.coverage_by_hour)
            if share is not None
        )
        last = max((each.last_day.start for each in board.standings if each.last_day), default=0)
        return Summary(
            shown=sum(each.shown for each in board.standings),
            naive=methods.count("naive"),
            silent=methods.count("none"),
            issues=board.issues,
            replayed=board.replayed,
            trained=figures.at(board.trained, "short") if board.trained else "",
            history=round(board.history_steps / (24 if hours else 1)),
            cpu=figures.seconds(board.cpu_s),
            memory=figures.size(board.memory_mib * 2**20),
            covariates=tuple(words(f"contribution.{key}") for key in board.covariates),
            without_lightgbm=board.without_lightgbm,
            hours=hours,
            day=figures.day(datetime.fromtimestamp(last, UTC).date()) if last else "",
        )

    def groups(self, board: Board, place: str) -> list[Group]:
        """Return the standings by place and property, in the order of the fleet."""
        standings = {each.datastream: each for each in board.standings}
        names = {each.key: named(each.names, self._language) for each in self._site.city.places}
        found: dict[tuple[str, str], list[Line]] = {}
        for member in self._site.fleet.members:
            if place and member.place != place:
                continue
            for info in member.infos:
                if info.id in standings:
                    title = property_name(self._site.city, info, self._language)
                    line = self._line(info, member.address or member.name(self._language), standings[info.id])
                    found.setdefault((member.place or "", title), []).append(line)
        return [
            Group(place=names.get(key, ""), place_key=key, property=title, lines=tuple(lines))
            for (key, title), lines in found.items()
        ]

    def overview(self, board: Board) -> list[Place]:
        """Return one row per property of each place."""
        standings = {each.datastream: each for each in board.standings}
        found: dict[str, dict[str, list[tuple[DatastreamInfo, Standing]]]] = {}
        for member in self._site.fleet.members:
            for info in member.infos:
                if info.id in standings:
                    title = property_name(self._site.city, info, self._language)
                    found.setdefault(member.place or "", {}).setdefault(title, []).append((info, standings[info.id]))
        names = {each.key: named(each.names, self._language) for each in self._site.city.places}
        return [
            Place(names.get(key, ""), key, tuple(self._row(title, rows) for title, rows in properties.items()))
            for key, properties in found.items()
        ]

    def _row(self, title: str, rows: list[tuple[DatastreamInfo, Standing]]) -> Row:
        quantity = self._quantity(rows[0][0])
        several = [each for _, each in rows]
        days = [each.last_day for each in several if each.last_day is not None]
        coverage = _mean(each.coverage for each in several)
        return Row(
            property=title,
            shown=self._words("board.shown_of", count=sum(each.shown for each in several), of=len(several)),
            day_error=quantity(_mean(each.error for each in days)),
            day_naive=quantity(_mean(each.naive_error for each in days)),
            error=quantity(_mean(each.error for each in several)),
            naive_error=quantity(_mean(each.naive_error for each in several)),
            better=self._better(_mean(each.loss for each in several), _mean(each.naive_loss for each in several)),
            coverage="–" if coverage is None else self._percent(coverage),
        )

    def _quantity(self, info: DatastreamInfo) -> Callable[[float | None], str]:
        known = self._site.city.properties.get(info.property_key or "")
        decimals = max(1, known.decimals if known else 1)
        return lambda value: "–" if value is None else self._figures.quantity(value, info.unit, decimals)

    def reliability(self, curve: Curve) -> Reliability | None:
        """Return the picture of a threshold; ``None`` where it never came and was never expected."""
        if all(chance < 0.01 and came == 0 for chance, came, _ in curve.bins):
            return None
        most = max(count for _, _, count in curve.bins)
        return Reliability(
            name=threshold_name(self._site, self._language, curve.key),
            points=tuple(
                (_across(chance), _up(came), round(2.5 + 5.5 * (count / most) ** 0.5, 1))
                for chance, came, count in curve.bins
            ),
            rows=tuple(
                (self._percent(chance), self._percent(came), self._figures.number(count))
                for chance, came, count in curve.bins
            ),
            calibrated=bool(curve.forecast),
        )

    def _line(self, info: DatastreamInfo, device: str, standing: Standing) -> Line:
        quantity = self._quantity(info)
        day = standing.last_day
        return Line(
            info=info,
            device=device,
            method=standing.method,
            shown=standing.shown,
            reason=standing.reason,
            history=self._words("board.days", count=standing.history_days),
            since=self._figures.date(standing.since) if standing.since else "",
            values=self._figures.number(standing.values),
            error=quantity(standing.error),
            naive_error=quantity(standing.naive_error),
            better=self._better(standing.loss, standing.naive_loss),
            coverage="–" if standing.coverage is None else self._percent(standing.coverage),
            day_error=quantity(day.error if day else None),
            day_naive=quantity(day.naive_error if day else None),
            spark=_spark(day) if day else ("", "", "", ""),
            chances=tuple(
                Chance(
                    name=threshold_name(self._site, self._language, each.key),
                    events=self._words("board.events", count=each.events, of=self._figures.number(each.count)),
                    brier=self._figures.number(each.brier, 3),
                    skill="–" if each.skill is None else self._percent(each.skill),
                )
                for each in standing.thresholds
                if each.events or each.brier > 0.0005
            ),
        )

    def _better(self, loss: float | None, naive_loss: float | None) -> str:
        """Return by how much the pinball loss is below that of the naive, in per cent with its sign."""
        if loss is None or not naive_loss:
            return "–"
        saved = 100 * (1 - loss / naive_loss)
        return ("+" if saved > 0 else "−" if saved < 0 else "") + self._words(
            "outlook.percent", value=self._figures.number(abs(saved))
        )

    def _percent(self, share: float) -> str:
        sign = "−" if share < 0 else ""
        return sign + self._words("outlook.percent", value=self._figures.number(100 * abs(share)))


def _mean(values: Iterable[float | None]) -> float | None:
    """Return the mean of what is there."""
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None


def _across(share: float) -> float:
    return round(EDGE + share * (SIDE - EDGE - 6), 1)


def _up(share: float) -> float:
    return round(SIDE - EDGE - share * (SIDE - EDGE - 6), 1)


def _spark(day: LastDay) -> tuple[str, str, str, str]:
    """Return the paths of one small picture: band of 80 %, naive, forecast, what came."""
    columns = (day.low, day.high, day.naive, day.median, day.actual)
    known = [value for column in columns for value in column if value is not None]
    if not known:
        return "", "", "", ""
    low, rise = min(known), max(max(known) - min(known), 1e-9)
    wide, high = _SPARK

    def point(place: int, value: float) -> str:
        return f"{place * wide / max(1, len(day.actual) - 1):.1f} {2 + (1 - (value - low) / rise) * (high - 4):.1f}"

    def line(column: list[float | None]) -> str:
        path, down = "", False
        for place, value in enumerate(column):
            if value is not None:
                path += ("L" if down else "M") + point(place, value)
            down = value is not None
        return path

    pairs = [(place, a, b) for place, (a, b) in enumerate(zip(day.low, day.high, strict=True)) if None not in (a, b)]
    upper = [point(place, b) for place, _, b in pairs if b is not None]
    lower = [point(place, a) for place, a, _ in reversed(pairs) if a is not None]
    band = "M" + "L".join(upper + lower) + "Z" if pairs else ""
    return band, line(day.naive), line(day.median), line(day.actual)
