"""Detection on every table and map of the real data: what it must have understood of each, as its producer says."""

# ruff: noqa: E501  # one file of the table is one line

from __future__ import annotations

from functools import cache

import pytest

from placette.harmonise import mapping
from placette.importing import import_file
from placette.importing.detect import SURE, Known, detect, mapping_text

PARIS = Known("Europe/Paris", {})
USUAL = {"separator": ",", "decimal": ".", "encoding": "utf-8", "missing": "", "header": "1"}
SUMMER_THERE, OURS, ELSEWHERE, NO_CHANGE = (
    "is there",
    "local wall clock",
    "local clock of elsewhere",
    "no change of clocks",
)

# file: what differs from USUAL; `zone` is a value that was stated somewhere, `evidence` a part of the sentence that must be said
FILES: dict[str, dict[str, str]] = {
    "air/atmosud_FR00019_marseille_hourly_2021_2023.csv.gz": {"time": "timestamp", "evidence": SUMMER_THERE},
    "air/atmosud_aix_ecole_dart_daily_2017_2020.csv.gz": {"time": "timestamp", "period": "1 day"},
    "air/atmosud_aix_ecole_dart_hourly_pm_2017_2020.csv.gz": {"time": "timestamp", "evidence": OURS, "ambiguous": "first"},
    "air/atmosud_avignon_mairie_daily_2017_2020.csv.gz": {"time": "timestamp", "period": "1 day"},
    "air/atmosud_marseille_longchamp_daily_2017_2020.csv.gz": {"time": "timestamp", "period": "1 day"},
    "air/atmosud_marseille_saint_louis_hourly_pm_2017_2020.csv.gz": {"time": "timestamp", "evidence": OURS},
    "air/beijing_12stations_2013_2015.csv.xz": {"time": "year + month + day + hour", "evidence": SUMMER_THERE},
    "air/beijing_us_embassy_pm25_2010_2014.csv.xz": {"time": "year + month + day + hour", "missing": "NA", "evidence": SUMMER_THERE},
    "air/london_4sites_2009_polar_data.csv.gz": {"time": "date", "evidence": SUMMER_THERE, "layout": "long", "position": "EPSG:4326"},
    "air/london_marylebone_1998_2005_openair_mydata.csv.gz": {"time": "date", "evidence": SUMMER_THERE},
    "air/london_marylebone_daily_1997_rmweather.csv.gz": {"time": "date", "period": "1 day", "layout": "long"},
    "air/valencia_centre_hourly_2019.csv.gz": {"time": "datetime", "evidence": SUMMER_THERE},
    "benchmark/madrid_m_dense/m_dense_hourly.csv.gz": {"time": "timestamp", "evidence": SUMMER_THERE, "layout": "columns"},
    "benchmark/uci_air_quality/AirQualityUCI.csv.gz": {
        "time": "Date + Time", "format": "%d/%m/%Y %H.%M.%S", "separator": ";", "decimal": ",", "missing": "-200  -200,0",
        "evidence": SUMMER_THERE,
    },
    "bins/edinburgh_enevo_collections_20160603_20160724.csv.gz": {"time": "collected_at", "layout": "long", "evidence": NO_CHANGE},
    "calendar/vacances_scolaires_france.csv.gz": {"layout": ""},
    "commerce/affinity_city_monthly.csv.xz": {"time": "year + month + day_endofmonth"},
    "commerce/employment_city_weekly.csv.xz": {"time": "year + month + day_endofweek", "missing": ".", "period": "7 days"},
    "commerce/geoids_city.csv.xz": {"layout": "inventory", "position": "EPSG:4326"},
    "commerce/googlemobility_city_daily.csv.xz": {"time": "year + month + day", "missing": "."},
    "commerce/montpellier_osm_commerces_2013.geojson.xz": {"layout": "inventory", "position": "EPSG:4326"},
    "commerce/womply_city_weekly.csv.xz": {"time": "year + month + day_endofweek"},
    "gis/INSEE_MTP_DemandeursEmplIRIS_2009.csv.gz": {"encoding": "windows-1252", "header": "8"},
    "gis/INSEE_MTP_EntreprisesIRIS_2009.csv.gz": {"encoding": "windows-1252", "header": "8"},
    "gis/INSEE_MTP_PopSalIRIS_2008.csv.gz": {"encoding": "windows-1252", "header": "8"},
    "gis/INSEE_MTP_RevenusFiscIRIS_2009.csv.gz": {"encoding": "windows-1252", "header": "8", "separator": ";", "decimal": ","},
    "gis/aix_en_provence_13001.geojson": {"layout": "inventory", "position": "EPSG:4326"},
    "gis/communes_13.geojson.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "gis/etalab_communes_13.json.gz": {"layout": "inventory"},
    "gis/montpellier_arbres_alignement_shp.zip": {"layout": "inventory", "position": "EPSG:2154", "encoding": "windows-1252"},
    "gis/montpellier_batiments_publics.geojson.xz": {"layout": "inventory", "position": "EPSG:4326"},
    "gis/montpellier_comptages_vehicules.csv.gz": {"time": "DDEBUT,D", "format": "%d/%m/%y", "encoding": "windows-1252", "missing": "*"},
    "gis/montpellier_filaire_voies_shp.zip": {"layout": "inventory", "position": "EPSG:2154", "encoding": "windows-1252", "missing": "*"},
    "gis/montpellier_quartiers.geojson.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "gis/montpellier_sous_quartiers.geojson.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "heat/berlin_netatmo_cws_2023_05_hourly.csv.xz": {"time": "time", "layout": "long", "evidence": NO_CHANGE},
    "heat/berlin_netatmo_cws_2023_05_stations.csv.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "heat/berlin_uco_23stations_hourly_2019.csv.xz": {"time": "date", "layout": "columns", "evidence": SUMMER_THERE},
    "heat/berlin_uco_stations.csv": {"layout": "inventory", "position": "EPSG:4326"},
    "heat/bern_Met_Zoll_HW18.csv.gz": {"time": "Datum_Zeit (UTC +2h)", "format": "%d.%m.%Y %H:%M", "zone": "+02:00", "period": "10 minutes"},
    "heat/bern_Met_Zoll_HW191.csv.gz": {"time": "Datum_Zeit (UTC +2h)", "format": "%d.%m.%Y %H:%M", "zone": "+02:00"},
    "heat/bern_Metadata_Logger.csv": {"layout": "inventory", "position": "EPSG:4326", "missing": "-"},
    "heat/bern_loggers_10min_hw1.csv.xz": {"time": "time (UTC)", "zone": "UTC", "layout": "columns"},
    "heat/bern_loggers_10min_hw2.csv.xz": {"time": "time (UTC)", "zone": "UTC", "layout": "columns"},
    "heat/meteofrance_dept13_hourly_RR1_T_2023_11_12.csv.gz": {"time": "timestamp", "layout": "long", "evidence": NO_CHANGE},
    "heat/meteofrance_postes_04_13_83_84.csv": {"layout": "inventory", "position": "EPSG:4326"},
    "heritage/cinemas_france_cnc.csv.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "heritage/montpellier_Fontaines.geojson.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "heritage/montpellier_FontainesPublic.geojson.gz": {"layout": "inventory", "position": "EPSG:2154"},
    "heritage/montpellier_Monuments.geojson.gz": {"layout": "inventory", "position": "EPSG:4326"},
    "heritage/montpellier_MonumentsHist.geojson.gz": {"layout": "inventory", "position": "EPSG:2154"},
    "heritage/toulouse_merimee.geojson.xz": {"layout": "inventory", "position": "EPSG:4326"},
    "lighting/montpellier_eclairage_public_kml.zip": {"layout": "inventory", "position": "EPSG:4326"},
    "lighting/montpellier_eclairage_public_shp.zip": {"layout": "inventory", "position": "EPSG:2154"},
    "lowcost/epa_airnowtech_reference.csv.gz": {
        "time": "Date (UTC) + Time (UTC)", "format": "%m/%d/%Y %H:%M", "zone": "UTC", "layout": "long", "missing": "*"},
    "lowcost/epa_toco_toucan_RT01_raw.csv.xz": {"time": "Time", "format": "%m/%d/%Y %H:%M", "zone": "-05:00", "header": "7"},
    "lowcost/epa_toco_toucan_RT02_raw.csv.xz": {"time": "Time", "format": "%m/%d/%Y %H:%M", "zone": "-05:00", "header": "7"},
    "lowcost/epa_toco_toucan_RT03_raw.csv.xz": {"time": "Time", "format": "%m/%d/%Y %H:%M", "zone": "-05:00", "header": "7"},
    "lowcost/purpleair_vs_aqs_daily_2021_2023.csv.xz": {"time": "DAILY", "period": "1 day", "layout": "long"},
    "noise/dublin_airport_weather_hourly_2015_2021.csv.xz": {"time": "datetime", "missing": "999", "evidence": SUMMER_THERE},
    "noise/dublin_laeq_hourly_2015_2019.csv.xz": {"time": "datetime", "evidence": ELSEWHERE, "layout": "columns"},
    "noise/noisemonitor_freq.csv.xz": {"time": "datetime", "format": "%m/%d/%Y %H:%M"},
    "noise/noisemonitor_laeq1m.csv.xz": {"time": "datetime", "period": "1 minute"},
    "noise/noisemonitor_laeq1s.csv.xz": {"time": "datetime", "period": "1 second", "evidence": NO_CHANGE},
    "pedestrian/auckland_hourly_2019_2024.csv.gz": {
        "time": "date + hour", "format": "%Y-%m-%d %H:%M-*", "counting day": "06:00", "layout": "columns", "evidence": SUMMER_THERE},
    "pedestrian/auckland_locations.csv": {"layout": "inventory", "position": "EPSG:4326"},
    "pedestrian/brooklyn_bridge_hourly_weather_events.csv.gz": {"time": "hour_beginning", "format": "%m/%d/%Y %I:%M:%S %p"},
    "pedestrian/leeds_daily_weather.csv.gz": {"time": "date", "format": "%d/%m/%Y", "period": "1 day"},
    "pedestrian/leeds_hourly_to_2015.csv.xz": {"time": "Date + Hour", "format": "%Y-%m-%d %H", "layout": "long", "evidence": SUMMER_THERE},
    "pedestrian/melbourne_2012_2015.csv.xz": {"time": "date + hour", "layout": "long", "evidence": ELSEWHERE},
    "pedestrian/melbourne_7sensors_2016_2017.csv.gz": {"time": "Date_Time", "layout": "long", "evidence": ELSEWHERE},
    "pedestrian/melbourne_sensor_locations_2016.csv": {"layout": "inventory", "position": "EPSG:4326"},
    "reference/basque.csv": {"time": "year", "period": "1 year", "layout": "long"},
    "reference/california_prop99.csv": {"time": "Year", "period": "1 year", "layout": "columns"},
    "reference/crowdqc_reference_flags.csv.gz": {"time": "time", "zone": "UTC", "layout": "long", "position": "EPSG:4326"},
    "reference/meuse.txt": {"missing": "NA"},
    "survey/isd_v1_soundscape_survey.csv.xz": {"time": "start_time", "layout": "survey"},
    "survey/oecd_regional_wellbeing_2016.csv.gz": {"layout": "inventory", "missing": ".."},
    "water/eto_example_daily.csv.zip": {"time": "date", "period": "1 day"},
    "water/eto_example_daily_results.csv.zip": {"time": "date", "period": "1 day"},
    "water/pyet_graz_klima_daily.csv.gz": {"time": "time", "period": "1 day"},
    "wifi/brno_probe_requests_occupancy_a.csv.xz": {"time": "datetime", "evidence": NO_CHANGE},
}  # fmt: skip
"""`*` in missing: the producer states none, and a guess is allowed as long as it is offered as one."""

MISTAKEN: dict[str, set[str]] = {
    # the hour is missing in two of three years, and one sensor of many has it in the third: taken for made regular
    "pedestrian/melbourne_2012_2015.csv.xz": {"evidence"},
}
"""What is not understood, kept in sight here; every other fact of every file is."""


pytestmark = pytest.mark.slow


@cache
def understand(file):
    return detect(file, PARIS)


def facts_of(folder, name):
    """Return what was expected and found of one file, for each fact."""
    understood = understand(folder / name)
    wanted = {key: text for key, text in (USUAL | FILES[name]).items() if key in understood.facts or key in FILES[name]}
    found = {key: understood.facts["zone"].evidence if key == "evidence" else understood.value(key) for key in wanted}
    right = {
        key: text in found[key] if key == "evidence" else text in ("*", found[key]) for key, text in wanted.items()
    }
    return wanted, found, right


@pytest.mark.parametrize("name", FILES)
def test_what_the_producer_states_of_a_real_file_is_understood(shared_data, name):
    wanted, found, right = facts_of(shared_data, name)
    wrong = {key: (wanted[key], found[key]) for key, good in right.items() if not good}
    assert set(wrong) == MISTAKEN.get(name, set()), wrong


@pytest.mark.parametrize(
    "name", [name for name, each in FILES.items() if "time" in each or each.get("layout") == "inventory"]
)
def test_the_mapping_proposed_for_a_real_file_can_be_used(shared_data, name):
    understood = understand(shared_data / name)
    assert mapping.read(mapping_text(understood)).things.code


@pytest.mark.parametrize("name", [name for name, each in FILES.items() if "evidence" in each])
def test_a_zone_without_proof_is_never_sure(shared_data, name):
    understood = understand(shared_data / name)
    proven = "local wall clock" in understood.facts["zone"].evidence
    assert (understood.facts["zone"].confidence >= SURE) == proven


@pytest.mark.parametrize(
    ("name", "things", "values"),
    [
        ("lighting/montpellier_eclairage_public_shp.zip", 29_969, 0),
        ("lighting/montpellier_eclairage_public_kml.zip", 29_969, 0),
        ("gis/montpellier_arbres_alignement_shp.zip", 23_972, 0),
        ("commerce/montpellier_osm_commerces_2013.geojson.xz", 953, 0),
        ("survey/isd_v1_soundscape_survey.csv.xz", 1, 200_000),
    ],
)
def test_business_files_of_a_town_are_imported_by_what_was_understood(shared_data, desk, name, things, values):
    saved = desk.write(mapping_text(understand(shared_data / name)), "m.toml")
    report = import_file(desk.store, shared_data / name, saved, city=None)
    assert (report.things, report.failure) == (things, None)
    assert report.inserted >= values
    again = import_file(desk.store, shared_data / name, saved, city=None)
    assert (again.inserted, again.things_new, again.unchanged) == (0, 0, report.inserted)
