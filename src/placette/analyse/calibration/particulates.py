"""Published corrections of optical particle counters for humidity, to be used until there is a local calibration.

Both are defaults from elsewhere: the first for European urban aerosol, the second fitted on PurpleAir sensors in the
United States. Sources: Crilley et al. (2018), Atmos. Meas. Tech. 11, 709–720 (κ-Köhler theory); Barkjohn, Gantt and
Clements (2021), Atmos. Meas. Tech. 14, 4617–4637, with the US EPA's extension for smoke (Fire and Smoke Map).
"""

from __future__ import annotations

from typing import Annotated

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec import Meta

Floats = npt.NDArray[np.float64]
Bools = npt.NDArray[np.bool_]


class KoehlerSettings(msgspec.Struct, frozen=True, kw_only=True):
    """``kappa``: hygroscopicity of the aerosol; ``density`` in g/cm3; beyond ``most_humid`` (%) growth is a guess."""

    kappa: Annotated[float, Meta(ge=0, le=1.5)] = 0.40
    density: Annotated[float, Meta(gt=0, le=5)] = 1.65
    most_humid: Annotated[float, Meta(gt=0, lt=100)] = 95.0


def growth(humidity: npt.ArrayLike, settings: KoehlerSettings | None = None) -> Floats:
    """Return by what factor wet particles weigh more at a relative humidity (%).

    >>> growth([50, 80, 90]).round(4).tolist()
    [1.2424, 1.9697, 3.1818]
    """
    chosen = settings or KoehlerSettings()
    activity = np.clip(np.asarray(humidity, np.float64), 0, chosen.most_humid) / 100
    with np.errstate(divide="ignore"):
        return 1 + (chosen.kappa / chosen.density) / (1 / activity - 1)


def dry_mass(mass: npt.ArrayLike, humidity: npt.ArrayLike, settings: KoehlerSettings | None = None) -> Floats:
    """Return the dry mass concentration (unit of ``mass``) of what was measured at a relative humidity (%)."""
    return np.asarray(mass, np.float64) / growth(humidity, settings)


def epa(mass: npt.ArrayLike, humidity: npt.ArrayLike) -> Floats:
    """Return PM2.5 (ug/m3) of a PurpleAir's ``cf_1`` reading (ug/m3) at a relative humidity (%); never below 0.

    >>> epa([20, 40, 100, 235, 300], [60, 50, 60, 50, 0]).round(3).tolist()
    [11.058, 27.64, 79.178, 200.042, 289.526]
    """
    x, h = np.broadcast_arrays(np.asarray(mass, np.float64), np.asarray(humidity, np.float64))
    smoke, fire = x / 20 - 1.5, x / 50 - 4.2
    parts = [
        0.524 * x - 0.0862 * h + 5.75,
        (0.786 * smoke + 0.524 * (1 - smoke)) * x - 0.0862 * h + 5.75,
        0.786 * x - 0.0862 * h + 5.75,
        (0.69 * fire + 0.786 * (1 - fire)) * x
        - 0.0862 * h * (1 - fire)
        + 2.966 * fire
        + 5.75 * (1 - fire)
        + 8.84e-4 * x**2 * fire,
        2.966 + 0.69 * x + 8.84e-4 * x**2,
    ]
    corrected = np.select([x < 30, x < 50, x < 210, x < 260], parts[:4], parts[4])
    return np.where(np.isnan(x) | (np.isnan(h) & (x < 260)), np.nan, np.maximum(corrected, 0))


def channels_agree(first: npt.ArrayLike, second: npt.ArrayLike) -> Bools:
    """Say where the two counters of one PurpleAir agree: within 5 ug/m3, or within 70 % of their mean (Barkjohn 2021).

    >>> channels_agree([10, 10, 100], [14, 30, 150]).tolist()
    [True, False, True]
    """
    a, b = np.asarray(first, np.float64), np.asarray(second, np.float64)
    apart = np.abs(a - b)
    with np.errstate(invalid="ignore", divide="ignore"):
        relative = apart / ((a + b) / 2)
    agrees: Bools = (apart < 5) | (relative < 0.7)
    return agrees
