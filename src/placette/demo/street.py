"""What counters, bins, parking sensors, access points and screens send, and the batteries that feed them."""

from __future__ import annotations

import numpy as np

from placette.city import Quantity
from placette.demo.chance import Floats, Times, normal, seed_of, uniform
from placette.demo.days import DAY_US, Days, Flags
from placette.demo.scene import Scene
from placette.demo.site import Site

_HOUR_US = 3_600_000_000


def pedestrians(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """People who passed since the last frame."""
    return _count(site, quantity, times, site.flow(scene, times - quantity.every_s * 500_000))


def bicycles(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Bicycles that passed since the last frame: few in rain and mistral, many along parks."""
    now = scene.weather
    weather = np.exp(-scene.at(now.rain, times)) * (1 - 0.5 * scene.at(now.mistral, times))
    share = 0.05 + 0.25 * site.character.green
    return _count(site, quantity, times, share * weather * site.flow(scene, times - quantity.every_s * 500_000))


def connections(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Open Wi-Fi sessions: a share of the people who linger. A bare number, nothing about any device."""
    expected = 0.06 * site.crowd(scene, times) * (1 + 0.15 * site.wave("connections", times, 1800))
    return np.maximum(np.rint(expected), 0)


def visits(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Sessions at a kiosk or totem since the last frame; none while it is out of service."""
    rate = 0.012 * site.crowd(scene, times - quantity.every_s * 500_000)
    return _count(site, quantity, times, rate) * online(scene, site, quantity, times)


def online(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Whether a screen is in service (1) or not (0): out for some hours now and then."""
    out = uniform(seed_of(site.seed, "outage"), times // (5 * _HOUR_US)) < 0.004
    found: Floats = np.where(out, 0.0, 1.0)
    return found


def occupied(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Whether a parking space is taken (1) or free (0): one car after another, each staying some time."""
    stay_us = int((25 + 80 * site.peculiarity("stay")) * 60_000_000)
    turn = (times + site.seed % stay_us) // stay_us
    arrival = turn * stay_us - site.seed % stay_us
    busy = scene.at(scene.places[site.device.place].flow, arrival) / site.character.scale
    demand = 0.3 + 0.6 * site.character.parking * np.minimum(1.3 * busy, 1)
    taken: Floats = (uniform(seed_of(site.seed, "car"), turn) < demand).astype(np.float64)
    return taken


def battery(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Charge left, %: some four years from full to empty, changed in time; cold shows a little less."""
    age = times / DAY_US / 365.2425 * (18 + 8 * site.peculiarity("draw")) + 80 * site.peculiarity("age")
    cold = np.maximum(5 - scene.at(scene.weather.temperature, times), 0) * 0.4
    return 100 - age % 80 - cold


def fill(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """How full a bin is, %: what people leave since it was last emptied, some day's round having missed it."""
    presence = scene.presence[site.device.place]
    since = scene.at(presence, times) - scene.at(presence, _last_emptied(scene, site, times))
    an_ordinary_day = 10 * site.character.scale
    capacity = (0.9 + 1.1 * site.peculiarity("capacity")) * an_ordinary_day
    return 100 * since / capacity + 2 + 0.8 * site.wave("echo", times, 7200)


def _last_emptied(scene: Scene, site: Site, times: Times) -> Times:
    first, last = scene.clock.wall(times[[0, -1]]) // DAY_US
    days = np.arange(first - 3, last + 1, dtype=np.int64)
    rounds = scene.clock.instant(days, 5.5 + 2 * site.peculiarity("round"))[_is_emptied(site, days)]
    found: Times = rounds[np.searchsorted(rounds, times, side="right") - 1]
    return found


def _is_emptied(site: Site, days: Days) -> Flags:
    """Return whether the round of each day reaches this bin; it never misses it twice in a row."""
    seed = seed_of(site.seed, "missed")
    missed = (uniform(seed, days) < 0.08) & (uniform(seed, days - 1) >= 0.08)
    return ~missed


def bin_temperature(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Temperature inside a bin, °C: warmer than the air where the sun shines on it."""
    now = scene.weather
    shine = scene.at(now.sun, times) * (1 - scene.at(now.cloud, times)) * (1 - 0.7 * site.character.green)
    return scene.at(now.temperature, times) + 1.5 + 9 * shine


def _count(site: Site, quantity: Quantity, times: Times, per_hour: Floats) -> Floats:
    """Return whole numbers around the expected count of one interval, as far from it as chance would have them."""
    expected = per_hour * quantity.every_s / 3600
    drawn = expected + np.sqrt(expected) * normal(seed_of(site.seed, quantity.key), times // 1_000_000)
    return np.maximum(np.rint(drawn), 0)
