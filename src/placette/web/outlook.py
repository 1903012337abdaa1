"""What tomorrow brings at a place or a device: the fan of one forecast, its peaks in words, its chances, its table."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import msgspec

from placette.model.times import MICROS_PER_S, micros
from placette.publish.columns import gather
from placette.services.forecast.derived import code_of
from placette.services.forecast.reading import Forecast, newest
from placette.services.forecast.terms import DAY_KEY
from placette.store import DatastreamInfo
from placette.web.fans import INNER, MEDIAN, OUTER, Fan, fan
from placette.web.figures import Figures
from placette.web.fleet import Member, property_name
from placette.web.pages.site import Site
from placette.web.words import Words

FIRST = ("pedestrians", "laeq", "pm2_5", "pm10", "no2", "o3", "temperature", "occupied", "fill")
"""Properties in the order in which one of them is shown without being asked for."""
PAST_S = 86_400
AHEAD_S = 2 * 86_400
Number = Callable[[float], str]
_LEAST_SHARE = 0.04
"""Contributions smaller than this share of the largest are told together with all else."""


class Choice(msgspec.Struct, frozen=True):
    """A datastream with a forecast: what it observes, and where."""

    info: DatastreamInfo
    name: str
    where: str


class Part(msgspec.Struct, frozen=True):
    """One part of a peak in words."""

    name: str
    effect: str
    more: bool


class Peak(msgspec.Struct, frozen=True, kw_only=True):
    """The highest value foreseen of a day, with its doubt and what it is made of."""

    day: str
    hour: str
    value: str
    low: str
    high: str
    base: str
    parts: tuple[Part, ...]


_LEAST_CHANCE = 0.01


class Risk(msgspec.Struct, frozen=True, kw_only=True):
    """The largest probability of passing a threshold within the time drawn, and when that is."""

    name: str
    limit: str
    source: str
    chance: str
    when: str
    exact: bool
    calibrated: bool


class Row(msgspec.Struct, frozen=True):
    """One step of the table."""

    iso: str
    time: str
    values: tuple[str, ...]


class Outlook(msgspec.Struct, frozen=True, kw_only=True):
    """Everything the part ``outlook`` shows; ``choices`` have ``chosen`` among them."""

    choices: tuple[Choice, ...]
    several: bool
    """The choices are of more than one device."""
    chosen: Choice
    forecast: Forecast
    unit: str
    issued: str
    since: str
    fan: Fan
    peaks: tuple[Peak, ...]
    risks: tuple[Risk, ...]
    rows: tuple[Row, ...]


async def outlook(site: Site, language: str, members: Sequence[Member], asked: Mapping[str, str]) -> Outlook | None:
    """Return what is foreseen for these devices, ``None`` when nothing is; ``forecast=ID`` chooses the datastream."""
    choices = _choices(site, language, members)
    if not choices:
        return None
    wanted = asked.get("forecast", "")
    chosen = next((each for each in choices if str(each.info.id) == wanted), choices[0])
    now = time.time_ns() // 1000
    found = await asyncio.to_thread(newest, site.store, site.city, [chosen.info], now)
    if not found:
        return None
    return await _outlook(site, language, choices, chosen, found[0], now)


def _choices(site: Site, language: str, members: Sequence[Member]) -> tuple[Choice, ...]:
    known = site.store.directory.by_code
    found = [
        Choice(info, property_name(site.city, info, language), member.address or member.name(language))
        for member in members
        for info in member.infos
        if info.code and (code_of(info, "hour") in known or code_of(info, "day") in known)
    ]
    rank = {key: place for place, key in enumerate(FIRST)}
    return tuple(sorted(found, key=lambda each: rank.get(each.info.property_key or "", len(rank))))


async def _outlook(
    site: Site, language: str, choices: tuple[Choice, ...], chosen: Choice, told: Forecast, now: int
) -> Outlook:
    figures, words = site.renderer.figures(language), site.renderer.words(language)
    known = site.city.properties.get(chosen.info.property_key or "")
    decimals = known.decimals if known else 1
    step = told.step_s
    ahead = AHEAD_S if step < 86_400 else 14 * 86_400
    count = max(2, sum(each < told.time[0] + ahead for each in told.time))
    past_s = PAST_S if step < 86_400 else 14 * 86_400
    past = await gather(
        site.store,
        site.city,
        [chosen.info],
        (told.time[0] - past_s) * MICROS_PER_S,
        told.time[0] * MICROS_PER_S,
        "hour" if step < 86_400 else "day",
    )
    before = (past[0].time, past[0].value) if past else ([], [])
    quantiles = told.quantiles[:count]

    def number(value: float) -> str:
        return figures.quantity(value, chosen.info.unit, decimals)

    return Outlook(
        choices=choices,
        several=len({each.info.thing_id for each in choices}) > 1,
        chosen=chosen,
        forecast=told,
        unit=figures.unit(chosen.info.unit),
        issued=figures.at(micros(told.issued), "short"),
        since=figures.date(micros(told.since)) if told.since else "",
        fan=fan(
            before,
            told.time[:count],
            quantiles,
            [(each.threshold, threshold_name(site, language, each.key)) for each in told.exceedance],
            site.renderer.zone,
            words.locale,
        ),
        peaks=_peaks(site, language, told, number),
        risks=_risks(site, language, told, count, number),
        rows=_rows(site, language, told.time[:count], quantiles, decimals),
    )


def _rows(
    site: Site, language: str, time: Sequence[int], quantiles: Sequence[Sequence[float]], decimals: int
) -> tuple[Row, ...]:
    """Return the table equal to the picture."""
    figures = site.renderer.figures(language)
    places = (MEDIAN, INNER[0], INNER[1], OUTER[0], OUTER[1])
    return tuple(
        Row(
            figures.iso(at * MICROS_PER_S),
            figures.at(at * MICROS_PER_S, "short"),
            tuple(figures.number(row[place], decimals) for place in places),
        )
        for at, row in zip(time, quantiles, strict=True)
    )


def _peaks(site: Site, language: str, told: Forecast, number: Number) -> tuple[Peak, ...]:
    """Return the peaks of today and tomorrow, as far as the forecast holds them."""
    figures, words = site.renderer.figures(language), site.renderer.words(language)
    zone = site.renderer.zone
    today = datetime.fromtimestamp(told.time[0], zone).date()
    days = {today: words("outlook.today"), today + timedelta(days=1): words("outlook.tomorrow")}
    place = dict(zip(told.time, told.quantiles, strict=True))
    found = []
    for peak in told.peaks:
        day = datetime.fromtimestamp(peak.time, zone).date()
        if day not in days:
            continue
        parts = _parts({each.key: each.effect for each in peak.contributions})
        found.append(
            Peak(
                day=days[day],
                hour=figures.clock(peak.time * MICROS_PER_S),
                value=number(peak.value),
                low=number(place[peak.time][OUTER[0]]),
                high=number(place[peak.time][OUTER[1]]),
                base=number(peak.base),
                parts=tuple(
                    Part(words(f"contribution.{key}"), ("+" if effect > 0 else "−") + number(abs(effect)), effect > 0)
                    for key, effect in parts
                ),
            )
        )
    return tuple(found)


def _parts(effects: dict[str, float]) -> list[tuple[str, float]]:
    """Return the effects worth a word, the largest first; what is small is added to all else."""
    least = _LEAST_SHARE * max((abs(value) for value in effects.values()), default=0.0)
    large = {key: value for key, value in effects.items() if abs(value) >= least and key != "other"}
    rest = sum(effects.values()) - sum(large.values())
    ordered = sorted(large.items(), key=lambda item: -abs(item[1]))
    return [*ordered, ("other", rest)] if abs(rest) >= least and rest else ordered


def _risks(site: Site, language: str, told: Forecast, count: int, number: Number) -> tuple[Risk, ...]:
    figures, words = site.renderer.figures(language), site.renderer.words(language)
    found = []
    for each in told.exceedance:
        chances = each.probability[:count]
        most = max(range(len(chances)), key=chances.__getitem__)
        at = told.time[most] * MICROS_PER_S
        found.append(
            Risk(
                name=threshold_name(site, language, each.key),
                limit=number(each.threshold),
                source=threshold_source(site, language, each.key),
                chance=percent(words, figures, chances[most]),
                when=figures.at(at, "short") if told.step_s < 86_400 else figures.date(at),
                exact=each.exact,
                calibrated=each.calibrated,
            )
        )
    return (*found, *_of_days(site, language, told, number))


def _of_days(site: Site, language: str, told: Forecast, number: Number) -> list[Risk]:
    """Return the chances of the next whole day; of the highest hour only where it may well be."""
    figures, words = site.renderer.figures(language), site.renderer.words(language)
    zone = ZoneInfo(site.city.zone)
    return [
        Risk(
            name=threshold_name(site, language, DAY_KEY.format(each.key)),
            limit=number(each.threshold),
            source=threshold_source(site, language, each.key),
            chance=percent(words, figures, each.probability[0]),
            when=figures.date(
                int(datetime.fromisoformat(each.date[0]).replace(tzinfo=zone).timestamp()) * MICROS_PER_S
            ),
            exact=each.exact,
            calibrated=each.calibrated,
        )
        for each in told.days
        if each.of != "highest" or each.probability[0] >= _LEAST_CHANCE
    ]


def threshold_name(site: Site, language: str, key: str) -> str:
    """Return the name of a threshold, the city's own or of those known; of a whole day by a key of ``DAY_KEY``."""
    plain = key.removesuffix(DAY_KEY.format(""))
    words = site.renderer.words(language)
    own = next((each.names[language] for each in site.city.thresholds if each.key == plain), "")
    name = own or words(f"threshold.{plain}")
    return words("outlook.of_day", name=name) if plain != key else name


def threshold_source(site: Site, language: str, key: str) -> str:
    """Return where a threshold comes from: in the city's own words, or of those known in the reader's language."""
    own = next((each.source for each in site.city.thresholds if each.key == key), "")
    return own or site.renderer.words(language)(f"threshold_source.{key}")


def percent(words: Words, figures: Figures, share: float) -> str:
    """Return a probability as people say it: never 0 % or 100 %, which nobody knows."""
    if share < 0.01:
        return words("outlook.less_than_one")
    return words("outlook.percent", value=figures.number(min(99.0, 100 * share)))
