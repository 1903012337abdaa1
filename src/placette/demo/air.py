"""What hives and sound-level meters read: pollutants, heat, noise.

Levels are near those of AtmoSud's station Aix École d'Art in 2017–2020 (means: NO₂ 22, PM10 19, PM2.5 11 µg/m³), and
for noise near those of European city centres (day 60–70 dB, night 45–55 dB).
"""

from __future__ import annotations

import numpy as np

from placette.city import Quantity
from placette.demo.chance import Floats, Times, normal, seed_of, uniform
from placette.demo.scene import Scene
from placette.demo.site import Site

_DAY_S = 86_400.0


def no2(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Nitrogen dioxide, µg/m³: traffic, less with wind and sun, more in still winter nights."""
    now = scene.weather
    mixing = 0.55 + scene.at(now.wind, times) / 4
    fresh = (2 + 34 * site.traffic(scene, times)) * (1 + 0.8 * scene.at(now.stagnant, times)) / mixing
    background = 8 - 4 * scene.at(now.summer, times) + 7 * scene.at(now.stagnant, times)
    value = (background + fresh) * (1 - 0.3 * scene.at(now.sun, times))
    return np.maximum(value * (1 + 0.12 * site.wave("no2", times, 1500)), 0.5)


def o3(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Ozone, µg/m³: made by sun in summer, eaten by fresh nitrogen oxide."""
    now = scene.weather
    earlier = times - 7_200_000_000
    summer = scene.at(now.summer, times)
    light = scene.at(now.sun, earlier) * (1 - 0.6 * scene.at(now.cloud, earlier))
    value = 44 + 14 * summer + 62 * light * (0.35 + 0.65 * summer) + 8 * scene.at(now.mistral, times)
    value -= 0.75 * (no2(scene, site, quantity, times) - 8)
    return np.maximum(value + 3 * site.wave("o3", times, 3600), 1)


def pm10(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Particles below 10 µm, µg/m³: still air, traffic, dust from the south; washed out by rain."""
    now = scene.weather
    dust = np.maximum(scene.at(_dust(scene, site), times), 0)
    still = 1 + 1.1 * scene.at(now.stagnant, times)
    value = (11 + 9 * site.traffic(scene, times)) * still / (0.75 + scene.at(now.wind, times) / 10) + 30 * dust
    value *= 1 - 0.5 * np.minimum(scene.at(now.rain, times), 1)
    found: Floats = np.maximum(value * (1 + 0.1 * site.wave("pm", times, 2400)), 1)
    return found


def pm2_5(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Particles below 2.5 µm, µg/m³: a share of PM10 that is larger in winter, when wood burns."""
    share = 0.68 - 0.2 * scene.at(scene.weather.summer, times) + 0.04 * site.wave("share", times, 5400)
    return pm10(scene, site, quantity, times) * share


def _dust(scene: Scene, site: Site) -> Floats:
    """Return the same Saharan episodes for all sites: they follow the warm side of the weather's slow waves."""
    anomaly = scene.warmth - (6.6 + 17.4 * scene.weather.summer)
    found: Floats = (anomaly - 2.6) / 3
    return found


def temperature(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Air temperature, °C: stone keeps the night warm, trees cool the day, and it is cooler higher up.

    The night's difference of 3 K between open ground and a wholly built one, in still and clear air, is that of towns
    of this size (Oke 1973, Atmos. Environ. 7, 769); clouds leave a third of it, the mistral a fifth. The differences
    between devices of one kind (± 0.15 K) are those of calibrated thermometers.
    """
    now, ground = scene.weather, site.terrain
    night = 1 - np.minimum(scene.at(now.sun, times) / 0.25, 1)
    still = (1 - 0.65 * scene.at(now.cloud, times)) * (1 - 0.8 * scene.at(now.mistral, times))
    shade = ground.green * scene.at(now.sun, times) * (0.5 + 1.3 * scene.at(now.summer, times))
    value = scene.at(now.temperature, times) - 0.0065 * ground.height
    value += (3.0 * night + 0.9 * (1 - night)) * (ground.built - 0.4) * still - shade
    return value + 0.3 * (site.peculiarity("offset") - 0.5) + 0.12 * site.wave("temperature", times, 900)


def humidity(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Relative humidity, %: higher under trees, lower over warm stone."""
    local = 5 * site.terrain.green - 3 * (site.terrain.built - 0.4) + 1.2 * site.wave("humidity", times, 1800)
    return np.clip(scene.at(scene.weather.humidity, times) + local, 8, 100)


def laeq(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Equivalent continuous sound level, dB(A): the energy of background, traffic, people and wind, and rare sirens."""
    siren = 5 * (_siren(site, times) > 0)
    return _level(scene, site, times, 1.0) + siren + 0.6 * site.wave("laeq", times, 600)


def la90(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Level exceeded 90 % of the time, dB(A): what is left between two cars and two voices."""
    return _level(scene, site, times, 0.16) - 1.5 + 0.4 * site.wave("la90", times, 1200)


def la10(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Level exceeded 10 % of the time, dB(A)."""
    return _level(scene, site, times, 1.0) + 2.6 + 0.6 * site.wave("laeq", times, 600)


def lamax(scene: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
    """Maximum level, dB(A)."""
    peak = 11 + 2.5 * np.abs(normal(seed_of(site.seed, "peak"), times // 60_000_000))
    return _level(scene, site, times, 1.0) + peak + 14 * _siren(site, times)


def _level(scene: Scene, site: Site, times: Times, share: float) -> Floats:
    cars = 10**4.6 * (1 + 75 * share * site.traffic(scene, times))
    voices = 10**4.1 * (1 + share * site.crowd(scene, times) / 7)
    wind = 10 ** (2.6 + 2.6 * scene.at(scene.weather.mistral, times)) + 10 ** (
        4 + 1.5 * np.minimum(scene.at(scene.weather.rain, times) / 4, 1)
    )
    near = min(site.character.traffic * site.terrain.traffic, 1.0)
    found: Floats = 10 * np.log10(cars * (0.3 + 0.7 * near) + voices + wind)
    return found


def _siren(site: Site, times: Times) -> Floats:
    """Return how loud a siren or a horn passes, 0 to 1; 0 in all but some ten-minute spans a day."""
    chance = uniform(seed_of(site.seed, "siren"), times // 600_000_000)
    return np.maximum(chance - 0.985, 0) / 0.015
