"""The simulated city behaves like one: days, weeks, lights, bins; no gap between history and now."""

from collections.abc import Callable
from datetime import date, datetime

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from placette import city
from placette.city import City
from placette.demo.crowd import load
from placette.demo.days import DAY_US, HOUR_US, clock_of
from placette.demo.simulation import HISTORY_SCHEMA, SENSES, Simulation, history
from placette.model.errors import BadInput


@pytest.fixture(scope="module")
def year(aix) -> Callable[[str], tuple[np.ndarray, np.ndarray]]:
    """Return a function from a property to the hours of a year and the mean over all its devices."""
    devices = tuple(msgspec.structs.replace(device, installed=date(2025, 1, 1)) for device in aix.devices)
    simulation = Simulation(msgspec.structs.replace(aix, devices=devices))
    times = np.arange(20_454 * 24, 20_819 * 24, dtype=np.int64) * HOUR_US

    def mean(property_key: str) -> np.ndarray:
        curves = [
            simulation.values(site, quantity, times)
            for site in simulation.sites
            for quantity in aix.models[site.device.model].quantities
            if quantity.property == property_key
        ]
        return np.mean(curves, axis=0)

    return lambda property_key: (clock_of(aix.zone).wall(times), mean(property_key))


def tables(found: City, start: int, end: int, **options) -> pa.Table:
    return pa.concat_tables(history(found, start, end, **options)).unify_dictionaries()


def ordered(table: pa.Table) -> pa.Table:
    plain = table.set_column(0, "datastream", table["datastream"].cast(pa.string()))
    return plain.sort_by([("datastream", "ascending"), ("phenomenon_time", "ascending")])


def test_every_property_of_the_reference_city_is_simulated_for_what_it_is(aix):
    derived = {correction.output for correction in aix.corrections}
    assert set(SENSES) == set(aix.properties) - derived


def test_a_week_of_every_device_is_whole_finite_and_within_its_range(aix, at):
    start, end = at("2026-10-19T00:00:00+00:00"), at("2026-10-27T00:00:00+00:00")
    found = tables(aix, start, end)
    assert found.schema == HISTORY_SCHEMA
    assert not pc.any(pc.is_nan(found["result"])).as_py()
    by_code = found.group_by("datastream").aggregate([("result", "count"), ("result", "min"), ("result", "max")])
    rows = {row["datastream"]: row for row in by_code.to_pylist()}
    for device in aix.devices:
        for quantity in aix.models[device.model].quantities:
            row = rows.pop(f"{device.code}/{quantity.property}")
            assert row["result_count"] == (end - start) // 1_000_000 // quantity.every_s
            assert quantity.minimum <= row["result_min"] <= row["result_max"] <= quantity.maximum
    assert not rows


def test_the_same_seed_gives_the_same_city_and_another_one_another(aix, at):
    start = at("2026-05-01T00:00:00+00:00")
    assert tables(aix, start, start + DAY_US).equals(tables(aix, start, start + DAY_US))
    assert not tables(aix, start, start + DAY_US).equals(tables(aix, start, start + DAY_US, seed=2))


@pytest.mark.parametrize("chunk_days", [1, 7])
def test_the_chunks_of_the_history_do_not_show(aix, at, chunk_days):
    start, end = at("2026-03-25T10:17:00+00:00"), at("2026-04-02T09:03:00+00:00")
    whole, parts = (ordered(tables(aix, start, end, chunk_days=days)) for days in (30, chunk_days))
    assert whole.column("phenomenon_time").equals(parts.column("phenomenon_time"))
    apart = np.abs(whole["result"].to_numpy() - parts["result"].to_numpy())
    assert (apart > 1e-9).mean() < 1e-4  # a sum in another order may round to the other side
    assert apart.max() <= 1


def test_history_and_live_are_one_curve(aix, at):
    start = at("2026-06-19T00:00:00+00:00")
    past, live = Simulation(aix), Simulation(aix)
    for site in past.sites[::7]:
        for quantity in aix.models[site.device.model].quantities:
            times = past.grid(site, quantity, start, start + 3 * DAY_US)
            values = past.values(site, quantity, times)
            for index in (0, len(times) // 2, len(times) - 1):
                assert live.values(site, quantity, times[[index]])[0] == pytest.approx(values[index], abs=1e-6)


@pytest.mark.parametrize(("when", "hours"), [("2026-03-29", 23), ("2026-10-25", 25)])
def test_days_of_23_and_25_hours_are_as_busy_by_the_wall_clock_as_others(aix, at, when, hours):
    clock = clock_of(aix.zone)
    simulation = Simulation(aix)
    site = next(site for site in simulation.sites if site.device.model == "counter")
    quantity = aix.models["counter"].quantities[0]
    noon_utc = np.array([at(f"{when}T12:00:00+00:00")])
    begin, end = clock.instant(noon_utc // DAY_US + np.array([0, 1]), 0)
    times = simulation.grid(site, quantity, int(begin), int(end))
    counts = simulation.values(site, quantity, times)
    assert len(times) == hours * 12
    wall_hours = clock.wall(times) % DAY_US // HOUR_US
    assert (
        counts[(wall_hours >= 2) & (wall_hours < 5)].mean() * 5 < counts[(wall_hours >= 11) & (wall_hours < 13)].mean()
    )


def test_more_people_walk_by_day_than_by_night(year):
    wall, flow = year("pedestrians")
    hour = wall % DAY_US // HOUR_US
    assert flow[(hour >= 10) & (hour < 19)].mean() > 10 * flow[(hour >= 2) & (hour < 5)].mean()


def test_market_mornings_are_busier_than_other_weekday_mornings(year):
    wall, flow = year("pedestrians")
    morning = (wall % DAY_US // HOUR_US >= 9) & (wall % DAY_US // HOUR_US < 12)
    weekday = (wall // DAY_US + 3) % 7
    market = flow[morning & np.isin(weekday, (1, 3))].mean()
    assert market > 1.15 * flow[morning & np.isin(weekday, (0, 2, 4))].mean()


def test_streets_are_louder_by_day(year):
    wall, level = year("laeq")
    hour = wall % DAY_US // HOUR_US
    assert level[(hour >= 8) & (hour < 20)].mean() > level[hour < 5].mean() + 5


def test_sound_levels_keep_their_order(year):
    levels = [year(name)[1] for name in ("la90", "laeq", "la10", "lamax")]
    assert (np.diff(levels[:2] + levels[3:], axis=0) > 0).all()
    assert (levels[2] - levels[1]).mean() > 1


def test_july_is_hot_and_january_cold_and_afternoons_are_warmer_than_dawns(year):
    wall, temperature = year("temperature")
    month = wall.astype("datetime64[us]").astype("datetime64[M]").astype(int) % 12 + 1
    hour = wall % DAY_US // HOUR_US
    assert 21 < temperature[month == 7].mean() < 28
    assert 3 < temperature[month == 1].mean() < 10
    assert temperature[hour == 16].mean() > temperature[hour == 6].mean() + 5


def test_pollution_is_near_the_levels_of_the_real_station(year):
    assert 8 < year("no2")[1].mean() < 25
    assert 12 < year("pm10")[1].mean() < 25
    assert 6 < year("pm2_5")[1].mean() < 16


def test_nitrogen_dioxide_peaks_in_rush_hours_and_ozone_on_summer_afternoons(year):
    wall, no2 = year("no2")
    hour = wall % DAY_US // HOUR_US
    assert no2[(hour == 8) | (hour == 18)].mean() > 1.3 * no2[hour == 3].mean()
    ozone = year("o3")[1]
    summer = slice(181 * 24, 212 * 24)
    assert ozone[summer][hour[summer] == 15].mean() > 1.4 * ozone[summer][hour[summer] == 5].mean()


def test_lamps_are_lit_at_night_dimmed_late_and_dark_by_day(year):
    wall, level = year("dimming")
    hour = wall % DAY_US // HOUR_US
    assert set(level[(hour >= 10) & (hour < 16)]) == {0.0}
    assert set(level[(hour >= 0) & (hour < 4)]) == {40.0}
    assert 90 < level[hour == 22].mean() <= 100


def test_the_meter_counts_what_the_lamp_takes(aix, at):
    simulation = Simulation(aix)
    times = np.arange(at("2026-09-01T00:00:00+00:00"), at("2026-10-01T00:00:00+00:00"), 60_000_000, dtype=np.int64)
    for site in simulation.sites:
        if site.device.model == "street-light":
            power, energy, _ = aix.models["street-light"].quantities
            taken = simulation.values(site, power, times).sum() / 60_000
            read = simulation.values(site, energy, times)
            assert (np.diff(read) >= 0).all()
            assert read[-1] - read[0] == pytest.approx(taken, rel=0.02)


def test_a_lamp_is_dead_for_some_nights_and_one_is_lit_by_day(aix, at):
    simulation = Simulation(aix)
    power, _, dimming = aix.models["street-light"].quantities
    times = np.arange(at("2026-08-25T00:00:00+00:00"), at("2026-11-23T00:00:00+00:00"), HOUR_US, dtype=np.int64)
    lamps = [site for site in simulation.sites if site.device.model == "street-light"]
    pairs = [(simulation.values(lamp, dimming, times), simulation.values(lamp, power, times)) for lamp in lamps]
    dead = sum(bool(((level > 0) & (watts < 5)).any()) for level, watts in pairs)
    by_day = sum(bool(((level == 0) & (watts > 20)).any()) for level, watts in pairs)
    assert 1 <= dead <= 3
    assert 1 <= by_day <= 3


def test_bins_fill_and_are_emptied(aix, at):
    simulation = Simulation(aix)
    fill = aix.models["bin"].quantities[0]
    start = at("2026-07-01T00:00:00+00:00")
    for site in simulation.sites:
        if site.device.model == "bin":
            found = simulation.values(site, fill, simulation.grid(site, fill, start, start + 14 * DAY_US))
            assert found.min() < 20
            assert found.max() > 50
            assert 9 <= (np.diff(found) < -20).sum() <= 14


def test_soil_is_watered_when_it_is_dry_and_not_in_winter(aix, at):
    simulation = Simulation(aix)
    site = next(site for site in simulation.sites if site.device.model == "valve")
    flow, is_open = aix.models["valve"].quantities

    def hours_open(start: str) -> float:
        times = np.arange(at(start), at(start) + 30 * DAY_US, 60_000_000, dtype=np.int64)
        state = simulation.values(site, is_open, times)
        assert ((simulation.values(site, flow, times) > 0) == (state == 1)).all()
        return state.sum() / 60

    assert hours_open("2026-07-10T00:00:00+00:00") > 2
    assert hours_open("2026-01-10T00:00:00+00:00") == 0


def test_any_other_city_is_simulated_too(tmp_path, at):
    city.scaffold("Arles", tmp_path / "arles", longitude=4.6278, latitude=43.6777)
    found = city.read(tmp_path / "arles")
    odd = msgspec.structs.replace(found.properties["pm10"], key="radon")
    hive = msgspec.structs.replace(
        found.models["hive"],
        quantities=(msgspec.structs.replace(found.models["hive"].quantities[0], property="radon"),),
    )
    found = msgspec.structs.replace(
        found, properties={**found.properties, "radon": odd}, models={**found.models, "hive": hive}
    )
    start = at("2026-07-01T00:00:00+00:00")
    values = {row["datastream"] for row in tables(found, start, start + DAY_US).to_pylist()}
    assert "ARLES-AIR-01/radon" in values


def test_nothing_is_sent_before_the_installation(aix, at):
    devices = tuple(msgspec.structs.replace(device, installed=date(2026, 5, 3)) for device in aix.devices[:12])
    found = tables(
        msgspec.structs.replace(aix, devices=devices), at("2026-05-01T00:00:00Z"), at("2026-05-04T00:00:00Z")
    )
    assert pc.min(found["phenomenon_time"]).as_py() == datetime(2026, 5, 3)


def test_a_load_has_the_datastreams_asked_for_and_is_simulated(aix, at):
    crowded = load(aix, 1000)
    start = at("2026-07-01T00:00:00+00:00")
    found = tables(crowded, start, start + HOUR_US)
    assert 1270 <= len(found["datastream"].chunk(0).dictionary) < 1280
    assert len({device.code for device in crowded.devices}) == len(crowded.devices)


def test_a_city_without_devices_cannot_be_multiplied(aix):
    with pytest.raises(BadInput, match="no devices"):
        load(msgspec.structs.replace(aix, devices=()), 10)
