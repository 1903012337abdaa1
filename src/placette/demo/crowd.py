"""More devices than any demo needs, for benchmarks and for maps of 30,000 points."""

from __future__ import annotations

import msgspec
import numpy as np

from placette.city import City
from placette.demo.chance import seed_of, uniform
from placette.demo.simulation import SEED
from placette.model.errors import BadInput

SPREAD = 0.9
"""Share of the outline's bounding box that the added devices fill: the corners are outside most outlines."""


def load(city: City, datastreams: int, *, seed: int = SEED) -> City:
    """Return the city with as many more devices as give at least ``datastreams`` more datastreams.

    They are copies of the city's own devices, ``LOAD-000001`` and so on, spread evenly over the bounding box of its
    outline; ``simulation.history`` and ``run`` play them like the others. Raises ``BadInput`` for a city without
    devices.
    """
    if not city.devices:
        raise BadInput("the city has no devices to copy", "things.csv", "declare one at least")
    sizes = [len(city.models[device.model].quantities) for device in city.devices]
    count, total = 0, 0
    while total < datastreams:
        total += sizes[count % len(sizes)]
        count += 1
    west, south, east, north = _box(city)
    numbers = np.arange(count)
    across = west + (east - west) * (0.5 + SPREAD * (uniform(seed_of(seed, "across"), numbers) - 0.5))
    along = south + (north - south) * (0.5 + SPREAD * (uniform(seed_of(seed, "along"), numbers) - 0.5))
    added = tuple(
        msgspec.structs.replace(
            city.devices[number % len(sizes)],
            code=f"LOAD-{number + 1:06d}",
            longitude=round(float(across[number]), 6),
            latitude=round(float(along[number]), 6),
        )
        for number in range(count)
    )
    return msgspec.structs.replace(city, devices=city.devices + added)


def _box(city: City) -> tuple[float, float, float, float]:
    kind, coordinates = city.outline["type"], city.outline["coordinates"]
    rings = [ring for polygon in (coordinates if kind == "MultiPolygon" else [coordinates]) for ring in polygon]
    points = np.array([position[:2] for ring in rings for position in ring])
    (west, south), (east, north) = points.min(axis=0), points.max(axis=0)
    return float(west), float(south), float(east), float(north)
