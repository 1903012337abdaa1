"""Positions of French and European files → longitude and latitude (WGS 84, degrees).

Lambert's conformal conic projection with two standard parallels after IGN, *Projection cartographique conique conforme
de Lambert*, NT/G 71 (algorithms ALG0001, ALG0002, ALG0004, ALG0019): Lambert-93 and the nine conic zones. RGF93 and
ETRS89 are taken as WGS 84: they differ by less than a metre.
"""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from placette.model.errors import Unprocessable

Floats = NDArray[np.float64]

_A = 6_378_137.0
_GRS80_E = 0.081819191042816
_REACH_M = 2_000_000.0
"""Degrees taken for metres lie farther than this from any origin in use, and France nearer."""
_SAME_DATUM = re.compile(r"RGF_?(19)?93|Geodesique_Francais|ETRS|WGS_?(19)?84|GCS_WGS", re.IGNORECASE)


class Geographic(NamedTuple):
    """Longitude and latitude already, in degrees."""

    def inverse(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return ``x`` and ``y`` as they are."""
        return x, y


class WebMercator(NamedTuple):
    """EPSG:3857, the projection of web maps, in metres."""

    def inverse(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude in degrees."""
        return np.degrees(x / _A), np.degrees(2 * np.arctan(np.exp(y / _A)) - np.pi / 2)


class LambertConic(NamedTuple):
    """Lambert's conformal conic with two standard parallels: angles in degrees, false origin in metres.

    >>> longitude, latitude = LAMBERT_93.inverse(np.array([700_000.0]), np.array([6_600_000.0]))
    >>> float(longitude[0]), round(float(latitude[0]), 9)
    (3.0, 46.5)
    """

    longitude: float
    latitude: float
    parallel_1: float
    parallel_2: float
    easting: float
    northing: float
    semi_axis: float = _A
    eccentricity: float = _GRS80_E

    def constants(self) -> tuple[float, float, float]:
        """Return the exponent n, the constant C (m) and the ordinate of the pole Ys (m), by ALG0019."""
        first, second, origin = (np.radians(angle) for angle in (self.parallel_1, self.parallel_2, self.latitude))
        e = self.eccentricity
        if first == second:
            n = float(np.sin(first))
        else:
            widths = np.log(self._normal(second) * np.cos(second) / (self._normal(first) * np.cos(first)))
            n = float(widths / (_isometric(first, e) - _isometric(second, e)))
        c = float(self._normal(first) * np.cos(first) / n * np.exp(n * _isometric(first, e)))
        return n, c, self.northing + c * float(np.exp(-n * _isometric(origin, e)))

    def inverse(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return longitude and latitude in degrees, by ALG0004; NaN far outside of where the projection is used."""
        n, c, pole = self.constants()
        far = (np.abs(x - self.easting) > _REACH_M) | (np.abs(y - self.northing) > _REACH_M)
        x, y = np.where(far, np.nan, x), np.where(far, np.nan, y)
        radius = np.hypot(x - self.easting, y - pole)
        angle = np.arctan2(x - self.easting, pole - y)
        with np.errstate(divide="ignore"):
            isometric = -np.log(radius / c) / n
        return self.longitude + np.degrees(angle / n), np.degrees(_latitude(isometric, self.eccentricity))

    def _normal(self, latitude: float) -> float:
        return float(self.semi_axis / np.sqrt(1 - (self.eccentricity * np.sin(latitude)) ** 2))


Projection = Geographic | WebMercator | LambertConic

LAMBERT_93 = LambertConic(3.0, 46.5, 44.0, 49.0, 700_000.0, 6_600_000.0)
_KNOWN: dict[str, Projection] = {
    "EPSG:4326": Geographic(),
    "EPSG:4258": Geographic(),
    "EPSG:4171": Geographic(),
    "EPSG:3857": WebMercator(),
    "EPSG:2154": LAMBERT_93,
    **{
        f"EPSG:{3900 + zone}": LambertConic(
            3.0, zone, zone - 0.75, zone + 0.75, 1_700_000.0, (zone - 41) * 1_000_000.0 + 200_000.0
        )
        for zone in range(42, 51)
    },
}


def of_code(code: str) -> Projection:
    """Return the projection of an EPSG code; raises ``Unprocessable`` with those that are known.

    >>> of_code("urn:ogc:def:crs:OGC:1.3:CRS84"), of_code("EPSG:2154") is LAMBERT_93
    (Geographic(), True)
    """
    number = re.search(r"EPSG:+(?:[\d.]*:)?(\d+)$", code, re.IGNORECASE)
    name = f"EPSG:{number[1]}" if number else "EPSG:4326" if code.upper().endswith("CRS84") else code
    if name not in _KNOWN:
        raise Unprocessable(
            f"unknown coordinate system '{code[:60]}'",
            remedy=f"known: {', '.join(_KNOWN)}; save the file in one of them, e.g. with QGIS",
        )
    return _KNOWN[name]


def name_of(projection: Projection) -> str:
    """Return the first EPSG code of a projection, empty when it has none here.

    >>> name_of(LAMBERT_93), name_of(Geographic())
    ('EPSG:2154', 'EPSG:4326')
    """
    return next((code for code, each in _KNOWN.items() if each == projection), "")


def of_wkt(text: str) -> Projection:
    """Return the projection that the ``.prj`` text beside a shapefile describes; raises ``Unprocessable`` otherwise."""
    kind = re.search(r'PROJECTION\["([^"]+)"', text)
    if _SAME_DATUM.search(text):
        if kind is None and "PROJCS" not in text:
            return Geographic()
        if kind is not None and "Mercator_Auxiliary_Sphere" in kind[1]:
            return WebMercator()
        if kind is not None and kind[1].startswith("Lambert_Conformal_Conic"):
            return _conic(text)
    raise Unprocessable(
        f"cannot read coordinates of this system: {text[:60]}…",
        remedy=f"known: {', '.join(_KNOWN)}; save the file in one of them, e.g. with QGIS, or state `crs`",
    )


def _conic(text: str) -> LambertConic:
    found = {name.lower(): float(value) for name, value in re.findall(r'PARAMETER\["(\w+)",\s*([-\d.eE+]+)', text)}
    try:
        first = found["standard_parallel_1"]
        return LambertConic(
            found["central_meridian"],
            found["latitude_of_origin"],
            first,
            found.get("standard_parallel_2", first),
            found["false_easting"],
            found["false_northing"],
        )
    except KeyError as missing:
        raise Unprocessable(f"the coordinate system lacks {missing}", remedy="state `crs` in the mapping") from None


def _isometric(latitude: float, e: float) -> float:
    """ALG0001: isometric latitude of ``latitude`` (rad) on an ellipsoid of eccentricity ``e``."""
    sine = e * np.sin(latitude)
    return float(np.log(np.tan(np.pi / 4 + latitude / 2) * ((1 - sine) / (1 + sine)) ** (e / 2)))


def _latitude(isometric: Floats, e: float) -> Floats:
    """ALG0002: latitude (rad) of an isometric latitude; six rounds reach 1e-11 rad, a tenth of a millimetre."""
    latitude: Floats = 2 * np.arctan(np.exp(isometric)) - np.pi / 2
    for _ in range(6):
        sine = e * np.sin(latitude)
        latitude = 2 * np.arctan(((1 + sine) / (1 - sine)) ** (e / 2) * np.exp(isometric)) - np.pi / 2
    return latitude
