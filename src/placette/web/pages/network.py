"""The network page: how each device and each gateway is heard, what needs attention first."""

from __future__ import annotations

import time
from urllib.parse import urlencode

from starlette.requests import Request
from starlette.responses import Response

from placette.services.signal import DeviceSignal, compute
from placette.web.pages.site import Site

SPANS = (1, 7, 30)
_SHOWN = 200
"""Devices on one page; those that need attention come first."""


async def network(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/network``; ``days`` is 1, 7 or 30, ``trouble`` a kind of trouble, ``part=network`` what changes."""
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
    chosen = [device for device in signals.devices if not trouble or trouble in device.troubles]
    members = {member.code: member for member in site.fleet.members}
    refreshed = urlencode({"days": days, "trouble": trouble, "part": "network"})
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
        devices=sorted(chosen, key=_urgency)[:_SHOWN],
        total=len(chosen),
        members=members,
        networks={key: each.names.get(language, key) for key, each in site.city.networks.items()},
        now=now,
    )


def _urgency(device: DeviceSignal) -> tuple[bool, int, float]:
    battery = device.battery.days if device.battery else float("inf")
    return not device.troubles, -len(device.troubles), battery
