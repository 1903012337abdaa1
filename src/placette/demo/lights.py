"""Street lights: lit from dusk to dawn, dimmed from 23:00 to 05:00, metered; one lamp dead, one lit by day.

A lamp's life is a line of instants between which its level stays the same, from its installation on. Power is read
from that line, energy is the integral along it: both agree at every time.
"""

from __future__ import annotations

from datetime import date
from functools import lru_cache

import msgspec
import numpy as np

from placette.city import Quantity
from placette.demo import sun
from placette.demo.chance import Floats, Times
from placette.demo.days import DAY_US, Clock, Days, Flags
from placette.demo.scene import Scene
from placette.demo.site import Site

DUSK = -3.0
"""Elevation of the sun at which lamps are switched, degrees: some quarter of an hour after sunset."""
DIM_FROM, DIM_TO, DIM_LEVEL = 23.0, 5.0, 0.4

_EPOCH_ORDINAL = date(1970, 1, 1).toordinal()
_LONG_AGO = date(2025, 1, 1).toordinal() - _EPOCH_ORDINAL
"""When a lamp without an installation date is taken to have been installed."""
_STANDBY_W, _DEAD_W = 0.6, 1.1
_GEAR = 0.08
"""Share of the power that the control gear takes whatever the level."""


class Life(msgspec.Struct, frozen=True):
    """A lamp's line: from each of ``starts`` on it is commanded to ``level`` (0 to 1) and takes ``power`` (W)."""

    starts: Times
    level: Floats
    power: Floats
    energy: Floats
    """Meter reading at each start, kWh."""


def dimming(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Commanded level, %: a dead lamp is commanded like the others."""
    life = _life(scene, site, times)
    return 100 * life.level[_segment(life, times)]


def power(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Active power, W, with the mains voltage's little ups and downs."""
    life = _life(scene, site, times)
    return life.power[_segment(life, times)] * (1 + 0.012 * site.wave("mains", times, 1800))


def energy(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Meter reading since installation, kWh."""
    life = _life(scene, site, times)
    here = _segment(life, times)
    return life.energy[here] + life.power[here] * (times - life.starts[here]) / 3.6e12


def _segment(life: Life, times: Times) -> Times:
    found: Times = np.maximum(np.searchsorted(life.starts, times, side="right") - 1, 0)
    return found


def _life(scene: Scene, site: Site, times: Times) -> Life:
    installed = site.device.installed
    first = installed.toordinal() - _EPOCH_ORDINAL if installed else _LONG_AGO
    last = int(times.max()) // DAY_US + 2
    return _lives(scene.clock, site, first, -(-last // 32) * 32)


@lru_cache(maxsize=4096)
def _lives(clock: Clock, site: Site, first: int, last: int) -> Life:
    """Return the life over these days; rounding their end up lets many calls share one."""
    days = np.arange(first, max(last, first + 1), dtype=np.int64)
    horizon = DUSK + 0.8 * (site.peculiarity("photocell") - 0.5)
    dawn, dusk = sun.rise_and_set(days, site.device.longitude, site.device.latitude, horizon)
    dim_from, dim_to = clock.instant(days, DIM_FROM), clock.instant(days, DIM_TO)
    dim_to, dim_from = np.minimum(dim_to, dawn), np.maximum(dim_from, dusk)
    starts = np.maximum.accumulate(np.stack([dim_to, dawn, dusk, dim_from], axis=1).ravel())
    level = np.tile([1.0, 0.0, 1.0, DIM_LEVEL], len(days))
    nominal = 45 + 15 * round(5 * site.peculiarity("lamp"))
    takes = np.where(level > 0, nominal * (_GEAR + (1 - _GEAR) * level), _STANDBY_W)
    night = np.repeat(days, 4) - np.tile([1, 1, 0, 0], len(days))
    takes = np.where((level > 0) & _is_dead(site, night), _DEAD_W, takes)
    takes = np.where((level == 0) & _burns_by_day(site, night), nominal, takes)
    # Before its first day the lamp is not there: level and power 0 since ever.
    starts = np.concatenate([starts[:1], starts])
    level, takes = np.concatenate([[0.0], level]), np.concatenate([[0.0], takes])
    steps = takes[:-1] * np.diff(starts) / 3.6e12
    return Life(starts=starts, level=level, power=takes, energy=np.concatenate([[0.0], np.cumsum(steps)]))


def _is_dead(site: Site, nights: Days) -> Flags:
    """Return whether the lamp is dead on each night: a few lamps die every other month and are mended after twelve."""
    return _is_prone(site, nights, "dead", share=0.1, every=60, lasting=12)


def _burns_by_day(site: Site, days: Days) -> Flags:
    """Return whether the lamp stays lit by day: a few photocells stick for six days every other month."""
    return _is_prone(site, days, "stuck", share=0.1, every=55, lasting=6)


def _is_prone(site: Site, days: Days, fault: str, *, share: float, every: int, lasting: int) -> Flags:
    phase = round(every * site.peculiarity(f"{fault} phase"))
    found: Flags = ((days + phase) % every < lasting) & (site.peculiarity(fault) < share)
    return found
