"""A device: what it is, where it stands, and what it says now. As a part it is the panel beside the map."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from starlette.requests import Request
from starlette.responses import Response

from placette.model.errors import NotFound
from placette.model.times import micros
from placette.web.outlook import outlook
from placette.web.pages.anomalies import marks
from placette.web.pages.explorer import explore
from placette.web.pages.site import Site
from placette.web.radio import by_lorawan, radio
from placette.web.readings import readings
from placette.web.trust import DAYS, trust, uncertainties


async def thing(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/things/{code}``; ``part=panel``, ``part=chart``, ``part=outlook`` answer those parts."""
    code = request.path_params["code"]
    member = site.fleet.by_code.get(code)
    if member is None:
        raise NotFound(f"no device '{code[:80]}'", request.url.path, "the city page lists the devices")
    asked = dict(request.query_params)
    part = asked.get("part", "")
    if part == "outlook":
        told = await outlook(site, language, [member], asked)
        return site.renderer.page(request, language, "parts/outlook.html", outlook=told)
    explorer = None if part == "panel" else await explore(site, language, [member], asked | {"device": code})
    if part == "chart":
        return site.renderer.page(request, language, "parts/explorer.html", explorer=explorer)
    cells = site.cells(language)
    known = readings(site.store, member.infos)
    doubt = await uncertainties(site.store, known)
    return site.renderer.page(
        request,
        language,
        "parts/panel.html" if part == "panel" else "thing.html",
        explorer=explorer,
        member=member,
        place=site.city.place(member.place) if member.place else None,
        radio=await radio(site.store, member, asked) if not part and by_lorawan(site.city, member) else None,
        life=None if part else await _life(site, code),
        when=micros,
        trust=await trust(site.store, member.infos, time.time_ns() // 1000) if not part else None,
        days=DAYS,
        strange=await marks(site, [member]) if not part else None,
        outlook=await outlook(site, language, [member], asked) if not part else None,
        strange_at=member.place or "",
        cells=[cells.cell(member, info, known.get(info.id), doubt.get(info.id)) for info in member.infos],
    )


async def _life(site: Site, code: str) -> Any:
    """Return what hung at this site and what happened, ``None`` for a thing that is no device of the city."""
    if site.field is None:
        return None
    try:
        return await asyncio.to_thread(site.field.whole, code, known=False)
    except NotFound:
        return None
