"""The chart of a place: which property, which devices, which time; drawn, tabulated and addressed from one answer."""

from __future__ import annotations

import time
from urllib.parse import urlencode

import msgspec
from babel.dates import format_datetime, format_skeleton

from placette.model.errors import NotFound
from placette.model.times import MICROS_PER_S, iso
from placette.publish.columns import Series, gather
from placette.publish.intervals import starts
from placette.store import DatastreamInfo
from placette.store.series import Interval
from placette.web.charts import Chart, chart
from placette.web.figures import moment
from placette.web.fleet import OBJECTIVE_ORDER, Member
from placette.web.pages.rhythms import week_of
from placette.web.pages.site import Site
from placette.web.rhythms import Week

Stream = tuple[DatastreamInfo, Member]
Offered = dict[str, list[Stream]]
"""Per property the datastreams that observe it, with their devices."""

_DAY_US = 86_400 * MICROS_PER_S
RANGES: dict[str, tuple[int, Interval]] = {
    "24h": (_DAY_US, "hour"),
    "7d": (7 * _DAY_US, "hour"),
    "1y": (365 * _DAY_US, "day"),
}
"""What can be asked for: how far back, and the interval that is drawn."""
MOST_LINES = 6
"""Lines that one chart can carry and still be read; beyond, one chooses a device."""
LEADING = ("pedestrians", "laeq", "temperature", "pm2_5")
"""Properties shown first, when a place has them and the reader has not chosen."""


class Row(msgspec.Struct, frozen=True):
    """One interval of the table: its time in words and as ISO 8601, and the figures."""

    time: str
    iso: str
    values: tuple[str, ...]


class Explorer(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the chart's part of the page shows."""

    choices: tuple[tuple[str, tuple[DatastreamInfo, ...]], ...]
    property: DatastreamInfo
    device: str
    devices: tuple[Member, ...]
    range: str
    lines: tuple[Stream, ...]
    picture: Chart | None
    bars: bool
    banded: bool
    unit: str
    decimals: int
    source: str
    csv: str
    headings: tuple[str, ...]
    rows: tuple[Row, ...]
    names: tuple[str, ...]
    origin: str
    since: int | None
    week: Week | None = None


async def explore(site: Site, language: str, members: list[Member], asked: dict[str, str]) -> Explorer | None:
    """Return the chart of these devices that ``property``, ``device`` and ``range`` ask for; ``None`` without any."""
    offered = _offered(members)
    if not offered:
        return None
    key = asked.get("property") or next((k for k in LEADING if k in offered), next(iter(offered)))
    if key not in offered:
        raise NotFound(f"nothing observes '{key[:40]}' here", "property", "choose one of the list")
    span = asked.get("range", "24h") if asked.get("range") in RANGES else "24h"
    having = offered[key]
    chosen = [(info, m) for info, m in having if m.code == asked.get("device")] or having[:MOST_LINES]
    back, interval = RANGES[span]
    end = time.time_ns() // 1000
    if interval == "day":  # a day that has only had its night would look like a fall
        end = starts(end, end + 1, "day", site.renderer.zone)[0]
    start = end - back
    found = await gather(site.store, site.city, [info for info, _ in chosen], start, end, interval)
    empty = _leading(found)
    if span == "1y" and empty:
        start = found[0].time[empty] * MICROS_PER_S
        found = await gather(site.store, site.city, [info for info, _ in chosen], start, end, interval)
    shown = _explorer(site, language, offered, chosen, having, span, found, (start, end, interval))
    return msgspec.structs.replace(shown, week=await week_of(site, language, [info for info, _ in chosen]))


def _leading(found: list[Series]) -> int:
    """Return how many intervals at the beginning nobody has a value in, 0 when nobody has any at all."""
    counts = list(zip(*(one.count for one in found), strict=True))
    return next((number for number, at_once in enumerate(counts) if any(at_once)), 0)


def _explorer(
    site: Site,
    language: str,
    offered: Offered,
    chosen: list[Stream],
    having: list[Stream],
    span: str,
    found: list[Series],
    asked: tuple[int, int, Interval],
) -> Explorer:
    words, figures = site.renderer.words(language), site.renderer.figures(language)
    info = chosen[0][0]
    known = site.city.properties.get(info.property_key or "")
    combine, decimals = (known.combine, known.decimals) if known else ("mean", 1)
    bars = combine in ("sum", "difference")
    banded = not bars and len(chosen) == 1
    names = _names(language, chosen)
    value = words(f"chart.value.{combine}")
    csv, source = _addresses(chosen, asked)
    return Explorer(
        choices=_by_objective(offered),
        property=info,
        device=chosen[0][1].code if len(chosen) == 1 and len(having) > 1 else "",
        devices=tuple(member for _, member in having),
        range=span,
        lines=tuple(chosen),
        picture=chart(
            found[0].time if found else [],
            [one.value for one in found],
            band=(found[0].min, found[0].max) if banded and found else None,
            bars=bars,
            zone=site.renderer.zone,
            locale=words.locale,
        ),
        bars=bars,
        banded=banded,
        unit=figures.unit(info.unit),
        decimals=decimals,
        source=source,
        csv=csv,
        headings=(value, words("chart.min"), words("chart.max")) if banded else names,
        rows=_rows(site, language, found, banded, decimals, asked[2]),
        names=(value,) if banded else names,
        origin=info.origin,
        since=asked[0] if span == "1y" and asked[1] - asked[0] < RANGES["1y"][0] else None,
    )


def _addresses(chosen: list[Stream], asked: tuple[int, int, Interval]) -> tuple[str, str]:
    """Return where the same columns are to be had as CSV and as JSON."""
    parameters = {
        "datastream": ",".join(str(info.id) for info, _ in chosen),
        "start": iso(asked[0]),
        "end": iso(asked[1]),
        "interval": asked[2],
    }
    return f"/api/series?{urlencode(parameters | {'format': 'csv'})}", f"/api/series?{urlencode(parameters)}"


def _names(language: str, chosen: list[Stream]) -> tuple[str, ...]:
    """Return what to call each line: where its device stands, with its number where two stand there."""
    names = [member.address or member.name(language) for _, member in chosen]
    return tuple(
        f"{name} ({member.code.rsplit('-', 1)[-1]})" if names.count(name) > 1 else name
        for name, (_, member) in zip(names, chosen, strict=True)
    )


def _rows(
    site: Site, language: str, found: list[Series], banded: bool, decimals: int, interval: Interval
) -> tuple[Row, ...]:
    """Return the table equal to the chart, the newest interval first."""
    if not found:
        return ()
    words, figures = site.renderer.words(language), site.renderer.figures(language)
    columns = [found[0].value, found[0].min, found[0].max] if banded else [one.value for one in found]
    written = [[words("live.absent") if v is None else figures.number(v, decimals) for v in one] for one in columns]
    return tuple(
        Row(_when(site, language, seconds, interval), figures.iso(seconds * MICROS_PER_S), values)
        for seconds, values in zip(found[0].time, zip(*written, strict=True), strict=True)
    )[::-1]


def _offered(members: list[Member]) -> Offered:
    """Return per property the datastreams of the place that observe it, in the fleet's order."""
    offered: Offered = {}
    for member in members:
        for info in member.infos:
            offered.setdefault(info.property_key or info.property_name, []).append((info, member))
    return offered


def _by_objective(
    offered: Offered,
) -> tuple[tuple[str, tuple[DatastreamInfo, ...]], ...]:
    grouped: dict[str, list[DatastreamInfo]] = {objective: [] for objective in OBJECTIVE_ORDER}
    for having in offered.values():
        info, member = having[0]
        grouped[member.objective].append(info)
    return tuple((objective, tuple(infos)) for objective, infos in grouped.items() if infos)


def _when(site: Site, language: str, seconds: int, interval: Interval) -> str:
    locale = site.renderer.words(language).locale
    at = moment(seconds * MICROS_PER_S)
    if interval == "hour":
        return str(format_datetime(at, "EEE d MMM HH:mm", tzinfo=site.renderer.zone, locale=locale))
    return str(format_skeleton("yMMMEd", at, tzinfo=site.renderer.zone, locale=locale))
