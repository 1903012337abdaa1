"""What every view of the console works with: the site, the values kept for a moment, and how things are called."""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from placette.city.model import City
from placette.model.times import MICROS_PER_S
from placette.publish import sheets
from placette.publish.wide import Wide, wide
from placette.store import DatastreamInfo, Store
from placette.store.series import Interval
from placette.web.console.paper import Frame
from placette.web.console.plot import Plot
from placette.web.console.question import Question, Span, code_of
from placette.web.figures import Figures, moment
from placette.web.fleet import property_name
from placette.web.pages.site import Site
from placette.web.words import Words

KEPT_S = 15
"""Page, picture and table of one view ask for the same values within a moment; newer values come soon enough."""
KEPT = 6
RATIO_LESS = frozenset({"Cel", "[degF]", "dB", "dB[SPL]", "dBm", "%", "deg", ""})
"""Units whose zero is a convention or whose values are shares: a difference in per cent of them means nothing."""

AT = "d MMM y HH:mm"
"""How a moment is written: to the minute, in both languages in this order."""

Ask = Callable[[str, Mapping[str, str]], Awaitable[bytes | None]]
"""Answers a public address of our own API, without a socket; ``None`` where there is none, else raises its error."""


Rows = tuple[tuple[str, ...], ...]


class Table(msgspec.Struct, frozen=True, kw_only=True):
    """The words of a picture: headings, and rows whose first cell names them. ``note`` says what is left out.

    ``wordy`` counts the columns, from 0, that hold words rather than figures.
    """

    caption: str
    headings: tuple[str, ...]
    rows: Rows | Callable[[], Rows]
    note: str = ""
    wordy: tuple[int, ...] = ()
    open: bool = True

    @property
    def lines(self) -> Rows:
        """The rows, made now where they are only made when they are looked at."""
        return self.rows if isinstance(self.rows, tuple) else self.rows()


class Extra(msgspec.Struct, frozen=True, kw_only=True):
    """What only some views have: a matrix of cells with its names; spots on a map, and maps that lead further."""

    matrix: tuple[tuple[Any, ...], ...] = ()
    names: tuple[Any, ...] = ()
    spots: tuple[Any, ...] = ()
    bounds: tuple[float, ...] = ()
    layers: tuple[tuple[str, str], ...] = ()


class View(msgspec.Struct, frozen=True, kw_only=True):
    """One answered question. ``draw(width, whole)`` gives its picture as SVG, ``sheet()`` its data."""

    title: str
    lede: str
    draw: Callable[[int, bool], str]
    sheet: Callable[[], sheets.Sheet]
    plot: Plot | None = None
    tables: tuple[Table, ...] = ()
    notices: tuple[str, ...] = ()
    explained: str = ""
    empty: bool = False
    extra: Extra = Extra()


class Named(msgspec.Struct, frozen=True, kw_only=True):
    """A datastream as people call it: in full, and short beside others of the same property."""

    info: DatastreamInfo
    name: str
    full: str
    property: str
    unit: str
    decimals: int
    combine: str


class Desk:
    """The console of one site. ``ask`` reaches our own API; ``clock`` gives seconds."""

    def __init__(self, site: Site, ask: Ask, clock: Callable[[], float] = time.monotonic) -> None:
        self.site = site
        self.ask = ask
        self._clock = clock
        self._kept: OrderedDict[Any, tuple[float, asyncio.Future[Wide]]] = OrderedDict()

    @property
    def store(self) -> Store:
        """The store."""
        return self.site.store

    @property
    def city(self) -> City:
        """The city."""
        return self.site.city

    def words(self, language: str) -> Words:
        """Return the words of a language."""
        return self.site.renderer.words(language)

    def figures(self, language: str) -> Figures:
        """Return what writes figures in a language."""
        return self.site.renderer.figures(language)

    async def wide(self, infos: tuple[DatastreamInfo, ...], span: Span, step: str) -> Wide:
        """Return values that are at most ``KEPT_S`` old; whoever asks for the same at once waits for the same."""
        key = (tuple(info.id for info in infos), span.start, span.end, step)
        now = self._clock()
        kept = self._kept.get(key)
        if kept is None or now - kept[0] > KEPT_S:
            interval: Interval = step  # type: ignore[assignment]  # question.py checked it
            made = asyncio.ensure_future(wide(self.store, self.city, infos, span.start, span.end, interval))
            kept = self._kept[key] = now, made
            self._kept.move_to_end(key)
            while len(self._kept) > KEPT:
                self._kept.popitem(last=False)
        try:
            return await asyncio.shield(kept[1])
        except Exception:
            self._kept.pop(key, None)
            raise

    async def asked(self, path: str, parameters: Mapping[str, str]) -> Any:
        """Return what an address of our own API answers, decoded; ``None`` where this server has no such address."""
        body = await self.ask(path, parameters)
        return None if body is None else msgspec.json.decode(body)

    def named(self, language: str, infos: tuple[DatastreamInfo, ...]) -> list[Named]:
        """Return how to call these datastreams: where they are, and what they are unless all are the same."""
        same = len({info.property_key or info.property_name for info in infos}) == 1
        places = [self._where(language, info) for info in infos]
        found = []
        for info, where in zip(infos, places, strict=True):
            known = self.city.properties.get(info.property_key or "")
            what = property_name(self.city, info, language)
            if places.count(where) > 1 and same:
                where = f"{where} ({(info.thing_code or str(info.id)).split('-', 1)[-1]})"  # noqa: PLW2901
            found.append(
                Named(
                    info=info,
                    name=where if same and len(infos) > 1 else f"{what}, {where}",
                    full=f"{what}, {where}",
                    property=what,
                    unit=self.figures(language).unit(info.unit),
                    decimals=known.decimals if known else 1,
                    combine=known.combine if known else "mean",
                )
            )
        return found

    def _where(self, language: str, info: DatastreamInfo) -> str:
        member = self.site.fleet.by_code.get(info.thing_code or "")
        place = self.city.place(info.place or "")
        where = (member.address if member else "") or info.thing_name
        if place and member and not member.address:
            where = f"{place.names.get(language, place.key)} · {info.thing_code}"
        return where

    def title(self, language: str, named: list[Named]) -> str:
        """Return what is shown in a few words: the one datastream, or their properties."""
        if len(named) == 1:
            return named[0].full
        properties = list(dict.fromkeys(one.property for one in named))
        words = self.words(language)
        listed = ", ".join(properties[:3]) + ("…" if len(properties) > 3 else "")
        return words("console.title_of", what=listed, count=len(named))

    def lede(self, language: str, question: Question, step: str | None = None) -> str:
        """Return the period, the interval and where the values come from."""
        step = step or question.step
        period = self.period(language, question.span, fine=step in ("raw", "hour"))
        return f"{period} · {self.words(language)(f'console.step_{step}')} · {self.origins(language, question.infos)}"

    def origins(self, language: str, infos: tuple[DatastreamInfo, ...]) -> str:
        """Return whether these values were measured, modelled or simulated."""
        words = self.words(language)
        found = dict.fromkeys(info.origin for info in infos)
        return ", ".join(words(f"origin.{each}") if words.has(f"origin.{each}") else each for each in found)

    def period(self, language: str, span: Span, *, fine: bool = True) -> str:
        """Return a period in words: whole days by their dates, others by their times."""
        figures, words, zone = self.figures(language), self.words(language), self.site.renderer.zone
        first, last = (moment(at).astimezone(zone) for at in (span.start, span.end))
        whole = all((at.hour, at.minute) == (0, 0) for at in (first, last)) or not fine
        if whole:
            until = moment(span.end - 1).astimezone(zone).date()
            if until == first.date():
                return figures.day(until)
            return words("console.from_to", start=figures.day(first.date()), end=figures.day(until))
        return words("console.from_to", start=figures.at(span.start, AT), end=figures.at(span.end, AT))

    def frame(self, language: str, title: str, lede: str, address: str) -> Frame:
        """Return what a picture says of itself once it has left the page."""
        words, city = self.words(language), self.city
        made = self.figures(language).at(time.time_ns() // 1000, "long")
        source = words("console.source", source=city.licence.attribution, licence=city.licence.name)
        return Frame(
            title=f"{title} — {city.name}",
            lede=lede,
            foot=(f"{source} {city.licence.url}", words("console.exported", time=made)),
            address=address,
        )

    def about(self, title: str, span: Span) -> dict[str, str]:
        """Return what a Parquet file says of itself."""
        return sheets.about(self.city, title, span.start, span.end, time.time_ns() // 1000)

    def file(self, question: Question) -> str:
        """Return the name of a file: what, how looked at, from when to when."""
        zone = self.site.renderer.zone
        first, last = (
            moment(at).astimezone(zone).date().isoformat()
            for at in (question.span.start, question.span.end - MICROS_PER_S)
        )
        code = code_of(question.infos[0]).replace("/", "-") if question.infos else "nothing"
        more = f"-and-{len(question.infos) - 1}-more" if len(question.infos) > 1 else ""
        return f"{self.city.key}-{question.view}-{code}{more}-{first}-to-{last}"
