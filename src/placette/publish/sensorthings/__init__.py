"""The OGC SensorThings API 1.1 (OGC 18-088) over the store.

``grammar`` reads query options into the values of ``tree``, ``compile_sql`` and ``plan`` turn them into SQL by the
table of ``entities``, ``read`` and ``serialise`` answer; ``drafts``, ``make`` and ``change`` write; ``service`` is the
door.
Only what concerns this one standard may enter.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from placette.api import Gate
from placette.publish.sensorthings.service import SensorThings
from placette.store import Store


def now_us() -> int:
    """Return the server's time in µs since 1970-01-01 UTC."""
    return time.time_ns() // 1000


def app(
    store: Store,
    gate: Gate,
    clock: Callable[[], int] = now_us,
    *,
    public_url: str = "",
    forwarded: bool = False,
    mqtt: Iterable[str] = (),
) -> SensorThings:
    """Return the ASGI application to be mounted at ``/v1.1`` (and, for older clients, at ``/v1.0``).

    Addresses in answers begin with ``public_url`` when it is set, else with the request's own scheme and host;
    ``forwarded`` lets a proxy in front name them by ``X-Forwarded-Host`` and ``-Proto``. ``mqtt`` lists the brokers
    through which observations can be created, for the root document.
    """
    return SensorThings(store, gate, clock, public_url=public_url, forwarded=forwarded, mqtt=mqtt)


__all__ = ["SensorThings", "app", "now_us"]
