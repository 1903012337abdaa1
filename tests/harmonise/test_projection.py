"""Worked values: IGN, NT/G 71, and the constants IGN publishes for Lambert-93."""

import numpy as np
import pytest

from placette.harmonise.projection import LAMBERT_93, Geographic, LambertConic, of_code, of_wkt
from placette.model.errors import Unprocessable

WKT = (
    'PROJCS["RGF93_Lambert_93",GEOGCS["GCS_RGF_1993",DATUM["D_RGF_1993",SPHEROID["GRS_1980",6378137.0,298.257222101]],'
    'PRIMEM["Greenwich",0.0],UNIT["Degree",0.0174532925199433]],PROJECTION["Lambert_Conformal_Conic"],'
    'PARAMETER["False_Easting",700000.0],PARAMETER["False_Northing",6600000.0],PARAMETER["Central_Meridian",3.0],'
    'PARAMETER["Standard_Parallel_1",44.0],PARAMETER["Standard_Parallel_2",49.0],'
    'PARAMETER["Latitude_Of_Origin",46.5],UNIT["Meter",1.0]]'
)


def test_the_constants_of_lambert_93_are_those_ign_publishes():
    assert LAMBERT_93.constants() == pytest.approx((0.7256077650, 11_754_255.426, 12_655_612.050), rel=1e-10)


def test_the_worked_example_of_alg0019_comes_out():
    conic = LambertConic(
        *np.degrees([0.18112808800, 1.57079632679, 0.86975574400, 0.89302680000]).tolist(),
        150_000.0,
        5_400_000.0,
        6_378_388.0,
        0.08199189,
    )
    n, c, pole = conic.constants()
    assert (n, c, pole) == pytest.approx((0.771642186797, 11_565_915.829407, 5_400_000.0), rel=1e-8)


def test_the_worked_example_of_alg0004_comes_out():
    class Ntf(LambertConic):
        def constants(self):
            return 0.760405966, 11_603_796.9767, 5_657_616.674

    ntf = Ntf(np.degrees(0.04079234433), 0, 0, 0, 600_000.0, 0, eccentricity=0.0824832568)
    longitude, latitude = ntf.inverse(np.array([1_029_705.083]), np.array([272_723.849]))
    assert np.radians([longitude[0], latitude[0]]) == pytest.approx([0.145512099, 0.872664626], abs=1e-9)


@pytest.mark.parametrize("zone", range(42, 51))
def test_the_origin_of_each_conic_zone_is_its_latitude_on_3_east(zone):
    longitude, latitude = of_code(f"EPSG:39{zone}").inverse(
        np.array([1_700_000.0]), np.array([(zone - 41) * 1e6 + 200_000.0])
    )
    assert (longitude[0], latitude[0]) == pytest.approx((3, zone), abs=1e-9)


def test_lambert_93_is_known_from_the_text_beside_a_shapefile():
    assert of_wkt(WKT) == LAMBERT_93


@pytest.mark.parametrize("code", ["EPSG:4326", "urn:ogc:def:crs:EPSG::4326", "urn:ogc:def:crs:EPSG:6.6:4326", "CRS84"])
def test_degrees_stay_as_they_are(code):
    assert of_code(code) == Geographic()


@pytest.mark.parametrize(
    "read", [lambda: of_code("EPSG:27700"), lambda: of_wkt(WKT.replace("Lambert_Conformal_Conic", "Krovak"))]
)
def test_a_system_nobody_here_reads_is_refused_with_the_known_ones(read):
    with pytest.raises(Unprocessable) as refused:
        read()
    assert "EPSG:2154" in refused.value.remedy
