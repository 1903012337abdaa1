"""The network page: how each device and each gateway is heard, what needs attention first."""

from __future__ import annotations

import math
import time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from placette.services.signal import DeviceSignal, compute
from placette.web.pages.site import Site

SPANS = (1, 7, 30)
PER_PAGE = 24
"""Devices on one page; those that need attention come first."""


async def network(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/network``; ``days`` is 1, 7 or 30, ``trouble`` a kind of trouble, ``page`` one of the list.

    ``part=network`` answers what changes.
    """
    asked = request.query_params
    days = next((span for span in SPANS if asked.get("days") == str(span)), 7)
    now = time.time_ns() // 1000
    signals = await compute(site.store, site.city, now, days)
    counts: dict[str, int] = {}
    for device in signals.devices:
        for key in device.troubles:
            counts[key] = counts.get(key, 0) + 1
    trouble = asked.get("trouble", "")
    trouble = trouble if trouble in counts else ""
    chosen = sorted((one for one in signals.devices if not trouble or trouble in one.troubles), key=_urgency)
    pages = max(1, math.ceil(len(chosen) / PER_PAGE))
    number = asked.get("page", "1")
    page = min(max(1, int(number) if number.isdecimal() and len(number) < 10 else 1), pages)
    refreshed = urlencode({"days": days, "trouble": trouble, "page": page, "part": "network"})
    return site.renderer.page(
        request,
        language,
        "parts/network.html" if asked.get("part") == "network" else "network.html",
        signals=signals,
        refreshed=f"/{language}/network?{refreshed}",
        spans=SPANS,
        days=days,
        trouble=trouble,
        counts=counts,
        devices=chosen[(page - 1) * PER_PAGE : page * PER_PAGE],
        page=page,
        pages=pages,
        members=site.fleet.by_code,
        networks={key: each.names.get(language, key) for key, each in site.city.networks.items()},
        now=now,
    )


def _urgency(device: DeviceSignal) -> tuple[bool, int, float]:
    battery = device.battery.days if device.battery else float("inf")
    return not device.troubles, -len(device.troubles), battery
