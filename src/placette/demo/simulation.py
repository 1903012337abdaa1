"""The simulated devices of a city: one function of time gives their history and their live values.

Whatever the city folder, every quantity has values: the properties below are simulated for what they are, any other
follows the hours of the day within its range.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import date

import numpy as np
import pyarrow as pa

from placette.city import City, Quantity, datastream_code
from placette.demo import air, lights, mishaps, street, water
from placette.demo.chance import Floats, Times
from placette.demo.days import DAY_US, clock_of
from placette.demo.scene import Scene, scene
from placette.demo.site import Site, site_of

Sense = Callable[[Scene, Site, Quantity, Times], Floats]

_EPOCH = date(1970, 1, 1)

SEED = 13001
"""The demo's city: another number is another weather and other people."""

SENSES: dict[str, Sense] = {
    "pedestrians": street.pedestrians,
    "bicycles": street.bicycles,
    "connections": street.connections,
    "visits": street.visits,
    "online": street.online,
    "occupied": street.occupied,
    "battery": street.battery,
    "fill": street.fill,
    "bin_temperature": street.bin_temperature,
    "pm10": air.pm10,
    "pm2_5": air.pm2_5,
    "no2": air.no2,
    "o3": air.o3,
    "temperature": air.temperature,
    "humidity": air.humidity,
    "laeq": air.laeq,
    "la10": air.la10,
    "la90": air.la90,
    "lamax": air.lamax,
    "power": lights.power,
    "energy": lights.energy,
    "dimming": lights.dimming,
    "soil_moisture": water.soil_moisture,
    "soil_temperature": water.soil_temperature,
    "water_flow": water.water_flow,
    "valve_open": water.valve_open,
}
"""How each property is simulated, by its key."""

HISTORY_SCHEMA = pa.schema(
    [
        pa.field("datastream", pa.dictionary(pa.int32(), pa.string()), nullable=False),
        pa.field("phenomenon_time", pa.timestamp("us"), nullable=False),
        pa.field("result", pa.float64(), nullable=False),
    ]
)
"""What :func:`history` yields, and what the bulk API takes."""


class Simulation:
    """The devices of a city and what each would read at any time."""

    def __init__(self, city: City, seed: int = SEED) -> None:
        self.city = city
        self._seed = seed
        self._scene: tuple[int, int, Scene] | None = None
        self.sites = tuple(site_of(seed, device, city.places) for device in city.devices)

    def values(self, site: Site, quantity: Quantity, times: Times) -> Floats:
        """Return what the device reads at ``times`` (µs since 1970-01-01 UTC, ascending), within its range."""
        sense = SENSES.get(quantity.property, self._ordinary)
        now = self._scene_of(times)
        value = sense(now, site, quantity, mishaps.held(site, quantity, times))
        value = np.clip(mishaps.seen(site, quantity, times, value), quantity.minimum, quantity.maximum)
        rounded: Floats = np.round(value, self.city.properties[quantity.property].decimals) + 0.0  # no minus zero
        return rounded

    def grid(self, site: Site, quantity: Quantity, start: int, end: int) -> Times:
        """Return the times from ``start`` to before ``end`` at which the device sends this quantity by itself.

        It sends nothing before the (UTC) day of its installation. Counts are sent on the full interval of the clock,
        everything else at an offset of the device's own.
        """
        step = quantity.every_s * 1_000_000
        phase = 0 if self.is_count(quantity) else site.seed % quantity.every_s * 1_000_000
        if site.device.installed is not None:
            start = max(start, (site.device.installed - _EPOCH).days * DAY_US)
        first = -((phase - start) // step) * step + phase
        return np.arange(first, end, step, dtype=np.int64)

    def is_count(self, quantity: Quantity) -> bool:
        """Return whether the quantity counts what happened since the last frame."""
        return self.city.properties[quantity.property].combine == "sum"

    def _scene_of(self, times: Times) -> Scene:
        first, last = int(times[0]) // DAY_US, int(times[-1]) // DAY_US + 1
        if self._scene is None or not (self._scene[0] <= first and last <= self._scene[1]):
            self._scene = (first, last, scene(self._seed, self.city, first, last))
        return self._scene[2]

    def _ordinary(self, now: Scene, site: Site, quantity: Quantity, times: Times) -> Floats:
        hours = clock_of(self.city.zone).wall(times) % DAY_US / DAY_US * 24
        level = 0.5 - 0.25 * np.cos(2 * np.pi * (hours - 3) / 24) + 0.08 * site.wave(quantity.key, times, 5400)
        found: Floats = quantity.minimum + (quantity.maximum - quantity.minimum) * level
        return found


def history(city: City, start: int, end: int, *, seed: int = SEED, chunk_days: int = 15) -> Iterator[pa.Table]:
    """Yield what every device sent from ``start`` to before ``end`` (µs since 1970-01-01 UTC), oldest days first.

    Each table holds ``chunk_days`` days of all datastreams, one datastream after the other, in ``HISTORY_SCHEMA``.
    """
    simulation = Simulation(city, seed)
    pairs = [(site, quantity) for site in simulation.sites for quantity in city.models[site.device.model].quantities]
    codes = pa.array([datastream_code(site.device, quantity) for site, quantity in pairs], pa.string())
    for chunk_start in range(start, end, chunk_days * DAY_US):
        chunk_end = min(chunk_start + chunk_days * DAY_US, end)
        grids = [simulation.grid(site, quantity, chunk_start, chunk_end) for site, quantity in pairs]
        values = [
            simulation.values(site, quantity, times) if times.size else np.empty(0)
            for (site, quantity), times in zip(pairs, grids, strict=True)
        ]
        indices = np.repeat(np.arange(len(pairs), dtype=np.int32), [times.size for times in grids])
        yield pa.table(
            [
                pa.DictionaryArray.from_arrays(indices, codes),
                pa.array(np.concatenate(grids)).cast(pa.timestamp("us")),
                pa.array(np.concatenate(values)),
            ],
            schema=HISTORY_SCHEMA,
        )
