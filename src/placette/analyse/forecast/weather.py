"""The weather of a day to come, in units that all cities share, so that what it does is learnt elsewhere too.

Covariates mean something to other cities when the panel says what they are (``Panel.kinds``): air temperature in °C,
relative humidity in %, wind speed in m/s. From the first two follows how much water a cubic metre of air holds, which
tells the mass of air apart from the hour of day. Whatever else is known is a matter of the panel alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from placette.analyse.forecast.running import Running, mean_of
from placette.analyse.forecast.terms import DAY_S, Floats, Panel

if TYPE_CHECKING:
    from placette.analyse.forecast.features import Examples

UNITS = {"temperature": "Cel", "humidity": "%", "wind_speed": "m/s"}
"""What a kind is counted in (UCUM)."""
VAPOUR = "vapour"
"""Absolute humidity, g/m³: from temperature and humidity."""
SUBJECTS = (*UNITS, VAPOUR)
BASE_WEEKS = 4
PER_SUBJECT = 6


def told(panel: Panel, asked: Examples) -> list[Floats]:
    """Return ``PER_SUBJECT`` columns for each of ``SUBJECTS``; NaN where the panel does not have it."""
    have = {kind: panel.known[:, number] for number, kind in enumerate(panel.kinds) if kind}
    if {"temperature", "humidity"} <= set(have):
        have[VAPOUR] = vapour(have["temperature"], have["humidity"])
    none = [np.full(len(asked.lead), np.nan)] * PER_SUBJECT
    return [column for kind in SUBJECTS for column in (_columns(have[kind], panel, asked) if kind in have else none)]


def _columns(values: Floats, panel: Panel, asked: Examples) -> list[Floats]:
    """The mean of the target's day, against days before it; and how the target's hour departs from it."""
    table, day, week, none = Running.of(values[:, None]), panel.day, panel.week, asked.series * 0
    start = asked.step - panel.clock(asked.step) % DAY_S // panel.step_s
    back = [start - (asked.lead // week + 1 + k) * week for k in range(BASE_WEEKS)]
    today = table.mean(start, start + day, none)
    usual = mean_of(np.stack([table.mean(row, row + day, none) for row in back], axis=1))
    return [
        today,
        today - usual,
        today - table.mean(asked.origin - BASE_WEEKS * week, asked.origin, none),
        today - table.mean(start - day, start, none),
        today - table.mean(asked.origin - day, asked.origin, none),
        table.mean(asked.step, asked.step + 1, none) - today if day > 1 else np.full(len(none), np.nan),
    ]


def vapour(celsius: Floats, percent: Floats) -> Floats:
    """Return absolute humidity in g/m³ from °C and % (saturation: Bolton 1980, eq. 10; the gas law of water vapour).

    >>> vapour(np.array([20.0]), np.array([100.0])).round(1).tolist()
    [17.3]
    """
    saturated_hpa = 6.112 * np.exp(17.67 * celsius / (celsius + 243.5))
    return np.asarray(216.7 * saturated_hpa * percent / 100 / (celsius + 273.15))
