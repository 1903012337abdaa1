"""Maps between stations: 10,000 cells from 60 stations, beside what one would use instead; a day of maps in a city."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import msgspec
import numpy as np
import pyarrow as pa

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result, Skipped
from placette import city as cities
from placette.analyse.kriging import pooled
from placette.analyse.kriging.area import beyond
from placette.analyse.kriging.predict import Sites, predict
from placette.analyse.kriging.variogram import Variogram
from placette.city import City, Device
from placette.model.entities import Origin
from placette.publish.city_sync import sync
from placette.services.maps import Maps, Question
from placette.store import Store

PART = "maps"
ABOUT = (
    "*10,000 cells from 60 stations*: a field of exponential covariance (2,400 m in a square of 4 km, variance 1) "
    "with errors of measurement of 0.2, learned and foretold at each cell. *Error* is the root mean square difference "
    "to the true field at those cells within the stations' hull, over 10 fields; *within the 80 % band* how many of "
    "them lie within ± 1.28 standard errors. *A day of maps* is 24 hours of a city of 60 thermometers that send every "
    "ten minutes, from the database to hexagons, with nothing kept."
)
STATIONS, SIDE_M, CELLS = 60, 4_000.0, 100
RANGE_M, ERROR, WAVES, FIELDS = 800.0, 0.2, 800, 10
"""An exponential covariance reaches 95 % of its sill at three of these ranges."""
HOURS = 72
TEN_MINUTES = 600_000_000

Told = tuple[np.ndarray, np.ndarray | None]


def run(bench: Bench) -> Iterator[Result]:
    """Measure each way on the same fields, in turn; then the service."""
    for name, tell in _ways():
        if tell is None:
            yield Skipped(part=PART, name=name, reason=f"{name} is not installed (dependency group bench)")
            continue
        seconds, errors, within = [], [], []
        for seed in range(FIELDS):
            at, values, cells, truth = _field(seed)
            started = time.perf_counter()
            found, error = tell(at, values, cells)
            seconds.append(time.perf_counter() - started)
            there = ~np.isnan(found) & ~np.isnan(truth)
            errors.append(float(np.sqrt(((found - truth)[there] ** 2).mean())))
            if error is not None:
                within.append(float((np.abs(found - truth) <= pooled.NORMAL_80 * error)[there].mean()) * 100)
        target = 1.0 if name == "Placette" else None
        yield _figure("10,000 cells from 60 stations", "s", seconds, name, target)
        yield _figure("error at the cells", "of the spread", errors, name, None)
        if within:
            yield _figure("cells within the 80 % band", "%", within, name, None)
    yield from _day(bench)


def _figure(name: str, unit: str, values: list[float], system: str, target: float | None) -> Figure:
    return Figure(part=PART, name=name, unit=unit, values=tuple(values), system=system, target=target)


def _ways() -> list[tuple[str, Callable[[np.ndarray, np.ndarray, np.ndarray], Told] | None]]:
    return [
        ("Placette", _placette),
        ("PyKrige", _pykrige if find_spec("pykrige") else None),
        ("SciPy griddata", _griddata if find_spec("scipy") else None),
        ("inverse distance", _inverse_distance),
    ]


def _field(seed: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return stations, their values, cells and the truth: cosine waves of an exponential covariance's spectrum."""
    chance = np.random.default_rng(seed)
    turns, phases = chance.uniform(0, 2 * np.pi, WAVES), chance.uniform(0, 2 * np.pi, WAVES)
    numbers = np.sqrt(1 / (1 - chance.uniform(0, 1, WAVES)) ** 2 - 1) / RANGE_M
    waves = numbers * np.stack([np.cos(turns), np.sin(turns)])
    at = chance.uniform(0, SIDE_M, (STATIONS, 2))
    step = np.linspace(0, SIDE_M, CELLS)
    cells = np.stack(np.meshgrid(step, step), axis=-1).reshape(-1, 2)

    def truth(places: np.ndarray) -> np.ndarray:
        found: np.ndarray = np.cos(places @ waves + phases).sum(axis=1) * np.sqrt(2 / WAVES)
        return found

    return (
        at,
        truth(at) + chance.normal(0, ERROR, STATIONS),
        cells,
        np.where(beyond(at, cells) <= 0, truth(cells), np.nan),
    )


def _placette(at: np.ndarray, values: np.ndarray, cells: np.ndarray) -> Told:
    learned = pooled.learn(Sites(at), values[None])
    assert learned is not None
    found = pooled.foretell(Sites(at), values[None], learned, Sites(cells))
    return found.values[0], found.errors[0]


def _pykrige(at: np.ndarray, values: np.ndarray, cells: np.ndarray) -> Told:
    from pykrige.ok import OrdinaryKriging  # noqa: PLC0415  # of the dependency group bench

    kriging = OrdinaryKriging(at[:, 0], at[:, 1], values, variogram_model="spherical")
    found, variance = kriging.execute("points", cells[:, 0], cells[:, 1])
    return np.asarray(found), np.sqrt(np.maximum(np.asarray(variance), 0))


def _griddata(at: np.ndarray, values: np.ndarray, cells: np.ndarray) -> Told:
    from scipy.interpolate import griddata  # noqa: PLC0415  # of the dependency group bench

    return griddata(at, values, cells, method="linear"), None


def _inverse_distance(at: np.ndarray, values: np.ndarray, cells: np.ndarray) -> Told:
    unused = Variogram(model="spherical", sill=1.0, range_m=1.0)
    return predict(Sites(at), values, unused, Sites(cells), "inverse_distance").values, None


def _day(bench: Bench) -> Iterator[Result]:
    city = _city(bench)
    store = Store.open(bench.folder("maps") / "placette.duckdb")
    try:
        sync(store, city, Origin.MEASURED)
        now = time.time_ns() // 1000
        _fill(store, now)
        wall, cpu = [], []
        for _ in range(bench.runs):
            maps = Maps(store, lambda: city, lambda: now)
            started, used = time.perf_counter(), time.process_time()
            drawn = maps.draw(Question("temperature", frames=24))
            wall.append(time.perf_counter() - started)
            cpu.append(time.process_time() - used)
            assert drawn.cells is not None
        cells = len(drawn.cells.hexagons)
        yield _figure(f"a day of maps, 60 stations, {cells:,} hexagons × 24", "s", wall, "Placette", 3.0)
        yield _figure("a day of maps, time of processor", "s", cpu, "Placette", None)
    finally:
        store.close()


def _city(bench: Bench) -> City:
    """Return Aix with sixty thermometers and nothing else."""
    aix = cities.read(bench.root / "cities" / "aix")
    chance = np.random.default_rng(60)
    at = chance.uniform([5.42, 43.51], [5.47, 43.545], (STATIONS, 2))
    devices = tuple(
        Device(
            code=f"T-{number:02}", model="hive", kind="air", place=aix.places[0].key, longitude=x, latitude=y,
            network=aix.devices[0].network,
        )
        for number, (x, y) in enumerate(at.tolist())
    )  # fmt: skip
    return msgspec.structs.replace(aix, devices=devices, corrections=())


def _fill(store: Store, now: int) -> None:
    chance = np.random.default_rng(61)
    times = np.arange(now - HOURS * 6 * TEN_MINUTES, now, TEN_MINUTES)
    day = 20 + 5 * np.sin(times / 86_400e6 * 2 * np.pi)
    for number in range(STATIONS):
        info = store.directory.by_code[f"T-{number:02}/temperature"]
        assert info.longitude is not None
        assert info.latitude is not None
        heat = 2 * np.cos((info.longitude - 5.445) * 150) + 2 * np.cos((info.latitude - 43.53) * 200)
        values = day + heat + chance.normal(0, 0.3, len(times))
        table = {"datastream_id": np.full(len(times), info.id), "phenomenon_time": times, "result": values}
        columns = {name: pa.array(column) for name, column in table.items()}
        columns["phenomenon_time"] = columns["phenomenon_time"].cast(pa.timestamp("us"))
        store.append_now(pa.table(columns))
