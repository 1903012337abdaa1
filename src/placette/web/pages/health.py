"""The health page: whether all is well in one sentence, what is wrong and what to do, and the figures behind it."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import Response

from placette.publish.health import troubles
from placette.web.pages.site import Site


async def health(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/health``; ``part=health`` answers what changes."""
    figures = await site.health()
    template = "parts/health.html" if request.query_params.get("part") == "health" else "health.html"
    networks = {key: network.names.get(language, key) for key, network in site.city.networks.items()}
    return site.renderer.page(
        request, language, template, health=figures, troubles=troubles(figures), networks=networks
    )
