"""Simulated weather of the lower Provence: years and days of heat, mistral, autumn downpours.

Every value is a pure function of time. Levels are near the climate of Aix-en-Provence (January about 7 °C, July about
24 °C, some 550 mm of rain a year, most of it in autumn); no single day is a real one.
"""

from __future__ import annotations

import msgspec
import numpy as np

from placette.demo import sun
from placette.demo.chance import Floats, Times, seed_of, smooth
from placette.demo.days import DAY_US, fraction_of_year

_HOUR_S = 3600.0
_DAY_S = 86_400.0


class Weather(msgspec.Struct, frozen=True):
    """The weather of the whole city at some times.

    Temperature °C, humidity %, wind m/s, rain mm/h; ``mistral``, ``cloud``, ``summer`` and ``stagnant`` (calm, clear
    and dark: the air does not mix) go from 0 to 1; ``sun`` is the sine of the sun's elevation, 0 at night.
    """

    temperature: Floats
    humidity: Floats
    wind: Floats
    rain: Floats
    mistral: Floats
    cloud: Floats
    summer: Floats
    stagnant: Floats
    sun: Floats


def weather(seed: int, times: Times, longitude: float, latitude: float) -> Weather:
    """Return the weather at ``times`` (µs since 1970-01-01 UTC) over a city at this position (degrees)."""
    summer = _summer(times)
    height = np.maximum(np.sin(np.radians(sun.elevation(times, longitude, latitude))), 0)
    mistral = _mistral(seed, times, summer)
    rain = _rain(seed, times, summer) * (1 - mistral)
    clouds = 1.5 * _wave(seed, "cloud", times, 2.5 * _DAY_S) + 0.8 * _wave(seed, "scud", times, 9 * _HOUR_S)
    cloud = np.maximum(1 / (1 + np.exp(-(clouds - 0.2 - 1.1 * summer - mistral))), np.minimum(rain / 0.5, 1))
    clear = 1 - cloud
    solar_hour = (times / 3.6e9 + longitude / 15) % 24
    swing = 0.92 * _cosine(solar_hour, 15, 24) + 0.16 * _cosine(solar_hour, 14.5, 12)
    spell = 2.8 * _wave(seed, "spell", times, 4.5 * _DAY_S) + 1.1 * _wave(seed, "air mass", times, 1.1 * _DAY_S)
    wet = np.minimum(rain, 1)
    day_mean = 6.6 + 17.4 * summer + spell - 2.4 * mistral - 1.5 * wet
    amplitude = (4.6 + 3.4 * summer) * (0.35 + 0.65 * clear) * (1 - 0.4 * mistral)
    temperature = day_mean + amplitude * swing + 0.25 * _wave(seed, "gusts", times, 1200)
    breeze = 2.2 * summer * height * (1 - mistral)
    wind = 1.3 + breeze + 9 * mistral * (0.65 + 0.35 * height) + 0.5 * np.abs(_wave(seed, "wind", times, 2700))
    humidity = 71 - 9 * summer - 1.9 * amplitude * swing - 24 * mistral + 17 * wet
    humidity += 6 * _wave(seed, "moisture", times, 1.7 * _DAY_S)
    dark = 1 - np.minimum(height / 0.25, 1)
    return Weather(
        temperature=temperature,
        humidity=np.clip(humidity, 14, 100),
        wind=wind,
        rain=rain,
        mistral=mistral,
        cloud=cloud,
        summer=summer,
        stagnant=dark * clear * (1 - 0.55 * summer) * np.clip(1 - (wind - 1.2) / 3, 0, 1),
        sun=height,
    )


def daily_rain(seed: int, first: int, last: int) -> Floats:
    """Return the rain of each UTC day from ``first`` to before ``last`` (days since 1970-01-01), mm."""
    quarter_hours = np.arange(first * 96, last * 96, dtype=np.int64)
    times = quarter_hours * (DAY_US // 96)
    summer = _summer(times)
    mistral = _mistral(seed, times, summer)
    rain = _rain(seed, times, summer) * (1 - mistral)
    total: Floats = rain.reshape(-1, 96).sum(axis=1) / 4
    return total


def _summer(times: Times) -> Floats:
    found: Floats = 0.5 + 0.5 * np.cos(2 * np.pi * (fraction_of_year(times) - 0.553))
    return found


def _mistral(seed: int, times: Times, summer: Floats) -> Floats:
    found: Floats = np.clip(1.4 * (_wave(seed, "mistral", times, 3.1 * _DAY_S) - 0.15 - 0.35 * summer), 0, 1)
    return found


def _rain(seed: int, times: Times, summer: Floats) -> Floats:
    system = _wave(seed, "front", times, 1.3 * _DAY_S)
    shower = 0.55 * _wave(seed, "shower", times, 5 * _HOUR_S) + 0.3 * _wave(seed, "cell", times, 0.8 * _HOUR_S)
    autumn = np.exp(-(((fraction_of_year(times) - 0.8) / 0.09) ** 2))
    excess = np.maximum(system + shower - 1.22 - 0.42 * summer + 0.3 * autumn, 0)
    found: Floats = np.minimum(2.4 * excess**1.4, 45)
    return found


def _wave(seed: int, name: str, times: Times, period_s: float) -> Floats:
    return smooth(seed_of(seed, name), times, period_s)


def _cosine(hour: Floats, peak: float, period: float) -> Floats:
    found: Floats = np.cos(2 * np.pi * (hour - peak) / period)
    return found
