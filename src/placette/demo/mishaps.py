"""What goes wrong in a simulated city now and then, to be noticed: sensors that stick, lenses that get dirty.

Each happens to a device once in ``EVERY_DAYS``, at a time of its own: some four a week among forty sensors.
"""

from __future__ import annotations

import numpy as np

from placette.city import Quantity
from placette.demo.chance import Floats, Times
from placette.demo.days import DAY_US, HOUR_US, Flags
from placette.demo.site import Site

EVERY_DAYS = 75
STUCK_HOURS, DIRTY_HOURS = 26, 40
SEEN = 0.3
"""Share of the people that a counter with a dirty lens still sees."""

_TOGETHER = {
    **dict.fromkeys(("pm10", "pm2_5"), "particles"),
    **dict.fromkeys(("laeq", "la10", "la90", "lamax"), "sound"),
    **dict.fromkeys(("temperature", "humidity"), "weather"),
}
"""Properties that one sensing part reads, so that they stick together."""


def held(site: Site, quantity: Quantity, times: Times) -> Times:
    """Return of which times a device shows the values: while it sticks, of the one at which it began to."""
    part = _TOGETHER.get(quantity.property)
    if part is None:
        return times
    since = _since(site, f"{part} sticks", times)
    return np.where(since < STUCK_HOURS * HOUR_US, times - since, times)


def seen(site: Site, quantity: Quantity, times: Times, counts: Floats) -> Floats:
    """Return what a counter makes of what passes: less, as long as its lens is dirty."""
    if quantity.property != "pedestrians":
        return counts
    return np.where(_is_dirty(site, times), np.rint(SEEN * counts), counts)


def _is_dirty(site: Site, times: Times) -> Flags:
    found: Flags = _since(site, "lens", times) < DIRTY_HOURS * HOUR_US
    return found


def _since(site: Site, mishap: str, times: Times) -> Times:
    """Return how long ago a device's last mishap of this kind began, µs."""
    every = EVERY_DAYS * DAY_US
    found: Times = (times + int(site.peculiarity(mishap) * every)) % every
    return found
