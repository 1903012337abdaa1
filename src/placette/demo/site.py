"""What one simulated device knows of itself: where it stands and what is peculiar to it."""

from __future__ import annotations

import msgspec

from placette.city import Device, Place
from placette.demo.chance import Floats, Times, seed_of, smooth
from placette.demo.people import CHARACTERS, ORDINARY, Character
from placette.demo.scene import Scene
from placette.demo.terrain import Terrain, terrain_of


class Site(msgspec.Struct, frozen=True):
    """A device, its seed, the character of its place, the ground, and ``share``: how busy its spot is (0.3 to 1)."""

    device: Device
    seed: int
    character: Character
    share: float
    terrain: Terrain

    def flow(self, scene: Scene, times: Times) -> Floats:
        """Return passers-by per hour at this spot."""
        return self.share * scene.at(scene.places[self.device.place].flow, times)

    def crowd(self, scene: Scene, times: Times) -> Floats:
        """Return how many people linger around this spot, in the unit of ``flow``."""
        return self.share * scene.at(scene.crowd[self.device.place], times)

    def traffic(self, scene: Scene, times: Times) -> Floats:
        """Return the vehicles near this spot, 0 to 1."""
        return self.terrain.traffic * scene.at(scene.places[self.device.place].traffic, times)

    def wave(self, name: str, times: Times, period_s: float) -> Floats:
        """Return a smooth curve of this device's own."""
        return smooth(seed_of(self.seed, name), times, period_s)

    def peculiarity(self, name: str) -> float:
        """Return a fixed number of this device, from 0 to 1."""
        return seed_of(self.seed, name) / 2**63


def site_of(seed: int, device: Device, places: tuple[Place, ...]) -> Site:
    """Return the site of a device in the city simulated from ``seed``."""
    own = seed_of(seed, device.code)
    share = 0.3 + 0.7 * seed_of(own, "share") / 2**63
    return Site(device, own, CHARACTERS.get(device.place, ORDINARY), share, terrain_of(places, device))
