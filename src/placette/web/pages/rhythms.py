"""The rhythm of one datastream, whole: strength, week, year, typical days, months, what has changed."""

from __future__ import annotations

import time

from starlette.requests import Request
from starlette.responses import Response

from placette.model.errors import NotFound
from placette.model.times import MICROS_PER_S
from placette.store import DatastreamInfo
from placette.web.fleet import property_name
from placette.web.pages.site import Site
from placette.web.rhythm_words import Voice
from placette.web.rhythms import Pen, Week

_DAY_US = 86_400 * MICROS_PER_S
RANGES = {"90d": 91, "1y": 365, "5y": 5 * 365}
USUAL = "1y"


async def rhythms(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/rhythms/{thing and property}``; ``range`` is 90d, 1y or 5y."""
    code = request.path_params["code"]
    info = site.store.directory.by_code.get(code)
    if info is None:
        raise NotFound(f"no datastream '{code[:80]}'", request.url.path, "a device's page leads to its rhythms")
    span = request.query_params.get("range", USUAL)
    span = span if span in RANGES else USUAL
    now = time.time_ns() // 1000
    answer = await site.rhythmical.of([info], now - RANGES[span] * _DAY_US, now)
    found = answer.series[0]
    pen = pen_of(site, language, info)
    name = property_name(site.city, info, language)
    voice = Voice(site.renderer.words(language), site.renderer.figures(language), pen, name)
    member = site.fleet.by_code.get(info.thing_code or "")
    return site.renderer.page(
        request,
        language,
        "rhythms.html",
        info=info,
        member=member,
        others=member.infos if member else (info,),
        place=site.city.place(info.place) if info.place else None,
        rhythm=found,
        strengths=voice.strengths(found),
        periods=voice.periods(found),
        changes=voice.changes(found),
        week=pen.week(found),
        year=pen.year(found),
        days=pen.days(found.profiles),
        pen=pen,
        range=span,
        ranges=tuple(RANGES),
        school=answer.school_holidays_known,
        api=f"/api/rhythms?datastream={info.id}&start={answer.start}",
    )


def pen_of(site: Site, language: str, info: DatastreamInfo) -> Pen:
    """Return what writes and draws a datastream's rhythm in a language."""
    known = site.city.properties.get(info.property_key or "")
    combine, decimals = (known.combine, known.decimals) if known else ("mean", 1)
    return Pen(site.renderer.words(language), site.renderer.figures(language), info.unit, combine, decimals)


async def week_of(site: Site, language: str, infos: list[DatastreamInfo]) -> Week | None:
    """Return the typical week of the last thirteen that datastreams of one property show together."""
    if not infos:
        return None
    found = await site.rhythmical.week(infos, time.time_ns() // 1000)
    return pen_of(site, language, infos[0]).week(found) if found is not None else None
