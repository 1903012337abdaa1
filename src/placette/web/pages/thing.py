"""A device: what it is, where it stands, and what it says now. As a part it is the panel beside the map."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from placette.model.errors import NotFound
from placette.web.pages.site import Site
from placette.web.readings import readings


async def thing(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/things/{code}``; ``part=panel`` answers the panel."""
    code = request.path_params["code"]
    member = site.fleet.by_code.get(code)
    if member is None:
        raise NotFound(f"no device '{code[:80]}'", request.url.path, "the city page lists the devices")
    cells = site.cells(language)
    known = readings(site.store, member.infos)
    template = "parts/panel.html" if request.query_params.get("part") == "panel" else "thing.html"
    return site.renderer.page(
        request,
        language,
        template,
        member=member,
        place=site.city.place(member.place) if member.place else None,
        cells=[cells.cell(member, info, known.get(info.id)) for info in member.infos],
    )
