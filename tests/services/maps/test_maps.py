"""Maps of made and of real cities: what is drawn, how sure, what is refused and why."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import duckdb
import numpy as np
import pytest
from tests.services.maps.towns import AIX, HOUR, NOON, Site, Town, field, filled, put, real, scattered, town

from placette.analyse.kriging.area import beyond
from placette.model.errors import NotFound
from placette.model.times import micros
from placette.services.calibration import Correcting
from placette.services.maps import Drawn, Maps, Question, answer
from placette.services.maps.stations import LeftOut


@pytest.fixture
def opened() -> Iterator[list[Town]]:
    towns: list[Town] = []
    yield towns
    for each in towns:
        each.store.close()


def maps_of(opened: list[Town], made: Town) -> Maps:
    opened.append(made)
    return Maps(made.store, lambda: made.city, lambda: NOON + HOUR)


def drawn(opened: list[Town], made: Town, **asked: object) -> Drawn:
    return maps_of(opened, made).draw(Question(**({"property": "temperature"} | asked)))  # type: ignore[arg-type]


def test_a_field_is_foretold_better_than_its_mean_and_the_map_says_how_well(tmp_path: Path, opened: list[Town]) -> None:
    found = drawn(opened, filled(tmp_path, scattered(20)))
    frame = found.frames[-1]
    assert frame.refused is None
    assert frame.learned is not None
    assert frame.learned.checked.r2 > 0.8
    assert found.cells is not None
    assert found.cells.values.shape == (1, len(found.cells.hexagons))
    assert 0.7 < frame.learned.checked.within_80 <= 1


@pytest.mark.parametrize("period", ["hour", "day", "night", "24h"])
def test_no_cell_lies_beyond_hull_and_range(tmp_path: Path, opened: list[Town], period: str) -> None:
    found = drawn(opened, filled(tmp_path, scattered(14)), period=period, frames=2)
    assert found.cells is not None
    for frame, values in zip(found.frames, found.cells.values, strict=True):
        known = ~np.isnan(values)
        away = beyond(found.gathered.positions, found.cells.hexagons.centres[known])
        assert frame.learned is not None
        assert away.max() <= frame.learned.variogram.reach_m


@pytest.mark.parametrize(
    ("sites", "values", "reason"),
    [
        (scattered(7), None, "too_few_stations"),
        (scattered(9), np.full((60, 9), 21.0), "constant"),
        ([Site(f"S-{n}", 5.4 + n / 100, 43.5) for n in range(9)], None, "one_line"),
        (scattered(12), np.random.default_rng(3).normal(20, 2, (60, 12)), "no_better_than_mean"),
        (scattered(9), np.full((60, 9), np.nan), "no_values"),
    ],
)
def test_a_map_that_would_lie_is_refused_and_points_are_shown(
    tmp_path: Path, opened: list[Town], sites: list[Site], values: np.ndarray | None, reason: str
) -> None:
    made = filled(tmp_path, sites, values)
    found = drawn(opened, made)
    assert found.frames[-1].refused == reason
    assert found.cells is None
    parts = [feature.properties["part"] for feature in answer(made.city, found).features]
    assert parts.count("station") == len(sites)
    assert parts.count("area") == (0 if reason == "no_values" else len(sites))


def test_a_station_without_a_position_is_left_out_and_named(tmp_path: Path, opened: list[Town]) -> None:
    made = filled(tmp_path, scattered(10))
    things = {info.thing_code: info.thing_id for info in made.store.directory.by_id.values()}

    def lose(con: duckdb.DuckDBPyConnection) -> None:
        con.execute("DELETE FROM thing_location WHERE thing_id = ?", [things["S-03"]]).fetchall()

    made.store.change_now(lose)
    found = drawn(opened, made)
    assert found.gathered.left_out == (LeftOut("S-03/temperature", "no_position"),)
    assert found.frames[-1].stations == 9


def test_stations_on_one_spot_are_one_with_the_mean_of_both(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(10)
    sites[9] = sites[0]._replace(code="S-09")
    values = field(sites)
    values[:, 9] = values[:, 0] + 2
    found = drawn(opened, filled(tmp_path, sites, values))
    assert found.frames[-1].stations == 9
    assert found.values[-1, 0] == pytest.approx(values[-1, 0] + 1)


def test_a_station_that_was_moved_is_two_stations(tmp_path: Path, opened: list[Town]) -> None:
    made = filled(tmp_path, scattered(9))
    thing = made.store.directory.by_code["S-00/temperature"].thing_id
    moved = NOON - 10 * HOUR

    def move(con: duckdb.DuckDBPyConnection) -> None:
        (old,) = con.execute("SELECT location_id FROM thing_location WHERE thing_id = ?", [thing]).fetchone() or (0,)
        con.execute(
            "INSERT INTO location BY NAME SELECT * REPLACE (990001 AS id, 5.44 AS longitude, 43.52 AS latitude) "
            "FROM location WHERE id = ?",
            [old],
        ).fetchall()
        for key, location, since in ((990001, old, NOON - 999 * HOUR), (990002, 990001, moved)):
            con.execute("INSERT INTO historical_location VALUES (?, ?, make_timestamp(?))", [key, thing, since])
            con.execute("INSERT INTO historical_location_location VALUES (?, ?)", [key, location]).fetchall()

    made.store.change_now(move)
    found = drawn(opened, made, frames=24)
    columns = [number for number, station in enumerate(found.gathered.stations) if station.code == "S-00"]
    assert len(columns) == 2
    before, after = (~np.isnan(found.values[:, column]) for column in columns)
    assert not (before & after).any()
    assert after.sum() == 11
    assert [frame.stations for frame in found.frames] == [9] * 24


def test_hours_that_are_missing_leave_a_station_out_of_a_night_it_did_not_cover(
    tmp_path: Path, opened: list[Town]
) -> None:
    sites = scattered(10)
    values = field(sites)
    values[-14:-8, 0] = np.nan  # six of the eight hours of the night before NOON
    found = drawn(opened, filled(tmp_path, sites, values), period="night")
    assert np.isnan(found.values[-1, 0])
    assert found.frames[-1].stations == 9


def test_concentrations_are_interpolated_as_logarithms(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(12, model="hive")
    found = drawn(opened, filled(tmp_path, sites, np.exp(field(sites) / 8), key="pm2_5"), property="pm2_5")
    cells = found.cells
    assert found.scale == "log"
    assert cells is not None
    assert np.nanmin(cells.low) > 0
    assert ((cells.high - cells.values) >= (cells.values - cells.low))[~np.isnan(cells.values)].all()


def test_the_noise_of_a_night_is_the_mean_of_its_energy(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(9, model="sound-meter")
    values = field(sites) + 30
    found = drawn(opened, filled(tmp_path, sites, values, key="laeq"), property="laeq", period="night")
    night = values[-17:-9]  # 22 h to 6 h, NOON being 14 h and its value the last
    assert found.values[-1] == pytest.approx(10 * np.log10((10 ** (night / 10)).mean(axis=0)))


def test_measured_and_simulated_stations_never_meet(tmp_path: Path, opened: list[Town]) -> None:
    made = filled(tmp_path, scattered(9))
    found = maps_of(opened, made)
    assert found.draw(Question("temperature")).counts == {"measured": 9, "simulated": 0}
    assert found.draw(Question("temperature", origin="simulated")).frames[-1].refused == "no_values"
    made.store.change_now(lambda con: con.execute("UPDATE datastream SET origin = 'simulated' WHERE id % 3 > 0"))
    assert found.draw(Question("temperature")).counts == {"measured": 3, "simulated": 6}
    assert found.draw(Question("temperature")).origin == "simulated"


def test_a_map_is_kept_until_a_value_in_its_time_is_new(tmp_path: Path, opened: list[Town]) -> None:
    made = filled(tmp_path, scattered(9))
    found = maps_of(opened, made)
    asked = Question("temperature", time=NOON - 5 * HOUR)
    first = found.draw(asked)
    assert found.draw(asked) is first
    put(made.store, "S-00/temperature", [NOON - 5 * HOUR + HOUR // 2], [30.0])
    assert found.draw(asked) is not first


def test_a_property_that_says_nothing_of_a_place_has_no_map(tmp_path: Path, opened: list[Town]) -> None:
    with pytest.raises(NotFound):
        drawn(opened, filled(tmp_path, scattered(9)), property="fill")


def test_a_covariate_that_explains_the_field_is_used(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(16)
    away = np.hypot([(s.longitude - 5.43) * 80_600 for s in sites], [(s.latitude - 43.52) * 111_195 for s in sites])
    values = 25 - away / 800 + np.random.default_rng(2).normal(0, 0.15, (60, 16))
    text = '[covariates.core]\nnames = {fr = "Cœur", en = "Core"}\nkind = "centre"\nat = [5.43, 43.52]\n'
    found = drawn(opened, filled(tmp_path, sites, values, text))
    assert found.frames[-1].learned is not None
    assert found.frames[-1].learned.method == "regression"


def test_a_city_without_any_value_says_so(tmp_path: Path, opened: list[Town]) -> None:
    found = drawn(opened, town(tmp_path, scattered(9)))
    assert found.frames[-1].refused == "no_values"


@pytest.mark.parametrize(
    ("which", "moment", "least"),
    [
        ("bern1", "2018-08-05T01:00:00Z", 0.4),
        ("bern2", "2019-06-27T01:00:00Z", 0.25),
        ("berlin", "2019-07-25T01:00:00Z", 0.05),
    ],
)
def test_a_hot_night_is_mapped_better_than_by_its_mean(
    tmp_path: Path, opened: list[Town], shared_data: Path, which: str, moment: str, least: float
) -> None:
    made = real(tmp_path, shared_data / "heat", which)
    found = maps_of(opened, made)
    night = found.draw(Question("temperature", micros(moment), "night"))
    frame = night.frames[-1]
    assert frame.refused is None
    assert frame.learned is not None
    assert frame.own is not None
    assert frame.learned.checked.r2 > least
    assert frame.own.rmse < frame.own.rmse_mean
    assert 0.7 <= frame.learned.checked.within_80 <= 0.9
    cells = night.cells
    assert cells is not None
    away = beyond(night.gathered.positions, cells.hexagons.centres[~np.isnan(cells.values[-1])])
    assert away.max() <= frame.learned.variogram.reach_m


def test_shapes_and_grids_of_the_city_folder_explain_what_stations_say(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(20)
    east = np.array([site.longitude for site in sites])
    away = np.abs(east - 5.435) * 80_600
    values = 24 - away / 600 + (np.array([site.latitude for site in sites]) - 43.5) * 20
    noisy = values + np.random.default_rng(4).normal(0, 0.1, (60, 20))
    names = 'names = { fr = "Sol", en = "Ground" }'
    text = (
        f'[covariates.river]\n{names}\nkind = "distance"\nfile = "river.geojson"\n'
        f'[covariates.height]\n{names}\nkind = "grid"\nfile = "height.asc"\n'
    )
    rows = "\n".join(" ".join(str(90 - 10 * row) for _ in range(9)) for row in range(9))
    files = {
        "river.geojson": '{"type": "LineString", "coordinates": [[5.435, 43.4], [5.435, 43.7]]}',
        "height.asc": f"ncols 9\nnrows 9\nxllcorner 5.35\nyllcorner 43.45\ncellsize 0.02\n{rows}\n",
    }
    found = drawn(opened, filled(tmp_path, sites, noisy, text, files=files))
    learned = found.frames[-1].learned
    assert learned is not None
    assert learned.method == "regression"
    assert learned.checked.r2 > 0.95


GROUND = '[covariates.built]\nnames = {fr = "Bâti", en = "Built"}\nkind = "basemap"\nmeasure = "built"\n'


def measured_ground(file: Path) -> Path:
    """Write what a basemap would say: ground that is built up in the east, in a checkerboard of 400 m."""
    x, y = np.meshgrid(5.38 + np.arange(180) * 0.000_6, 43.48 + np.arange(200) * 0.000_45)
    board = ((x * 80_600 // 400 + y * 111_195 // 400) % 2).astype(np.float32)
    where = {"west": 5.38, "south": 43.48, "step_x": 0.000_6, "step_y": 0.000_45}
    np.savez_compressed(file, **where, built=board, green=1 - board, water=board * 0, main_road=board * 0)
    return file


@pytest.mark.parametrize("state", ["measured", "absent", "damaged"])
def test_what_the_basemap_knows_of_the_ground_is_used_when_it_is_there(
    tmp_path: Path, opened: list[Town], state: str
) -> None:
    file = tmp_path / "basemap.ground.npz"
    sites = scattered(24)
    built = facts_of(measured_ground(file), sites)
    if state == "absent":
        file.unlink()
    elif state == "damaged":
        file.write_bytes(file.read_bytes()[:900])
    values = 20 + 3 * built + np.random.default_rng(3).normal(0, 0.1, (60, 24))
    made = filled(tmp_path, sites, values, GROUND)
    opened.append(made)
    about = answer(
        made.city, Maps(made.store, lambda: made.city, lambda: NOON + HOUR, file).draw(Question("temperature"))
    )
    frame = about.map.frames[-1]
    if state == "measured":
        assert (frame.used, frame.method, list(about.map.lacking)) == (("built",), "regression", [])
        assert frame.score is not None
        assert frame.score.r2 > 0.9
    else:
        assert (frame.used, list(about.map.covariates), list(about.map.lacking)) == ((), [], ["built"])


def facts_of(file: Path, sites: list[Site]) -> np.ndarray:
    with np.load(file) as kept:
        columns = [round((site.longitude - 5.38) / 0.000_6) for site in sites]
        rows = [round((site.latitude - 43.48) / 0.000_45) for site in sites]
        found: np.ndarray = kept["built"][rows, columns].astype(float)
    return found


def test_a_covariate_that_explains_nothing_is_not_used(tmp_path: Path, opened: list[Town]) -> None:
    made = filled(tmp_path, scattered(24), maps=GROUND)
    opened.append(made)
    file = measured_ground(tmp_path / "basemap.ground.npz")
    found = Maps(made.store, lambda: made.city, lambda: NOON + HOUR, file).draw(Question("temperature"))
    assert found.known_ground.used == ("built",)
    assert found.frames[-1].learned is not None
    assert found.frames[-1].learned.columns == ()


def test_corrected_values_stand_on_the_map_of_what_was_measured(tmp_path: Path, opened: list[Town]) -> None:
    sites = scattered(9, model="hive")
    quantities = "".join(
        f'[[hive.quantities]]\nproperty = "{key}"\nminimum = 0\nmaximum = 1000\n' for key in ("pm2_5", "humidity")
    )
    hive = f'[hive]\nkind = "air"\nnames = {{ fr = "Ruche", en = "Hive" }}\nevery_s = 3600\n{quantities}'
    files = {"models.toml": hive, "corrections.toml": (AIX / "corrections.toml").read_text()}
    raw = 10 + field(sites)
    made = filled(tmp_path, sites, raw, key="pm2_5", files=files)
    times = NOON - HOUR * np.arange(len(raw))[::-1]
    for site in sites[:-1]:
        put(made.store, f"{site.code}/humidity", times, np.full(len(raw), 85.0))
    Correcting(made.store, made.city).step(NOON + HOUR)
    found = drawn(opened, made, property="pm2_5")
    assert found.counts == {"measured": 9, "simulated": 0}
    assert [station.corrected for station in found.gathered.stations] == [True] * 9
    assert (found.values[-1][:-1] < 0.7 * raw[-1][:-1]).all()  # 85 % of humidity nearly doubles what is weighed
    assert np.isnan(found.values[-1][-1])  # without its humidity a hive has no corrected value, and shows no raw one
    with pytest.raises(NotFound):
        Maps(made.store, lambda: made.city, lambda: NOON + HOUR).draw(Question("pm2_5_dry"))
