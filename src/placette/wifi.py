"""Pedestrians by Wi-Fi put together: the door of each network, its counter in memory, and the counts on their way out.

Addresses go straight from the body into a sketch; only counts reach the store, so none of this goes through arrivals,
raw frames or dead letters. What the rules ask for and what is done: docs/wifi.md.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import os
import time
from collections import Counter
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from zoneinfo import ZoneInfo

from placette.api import Route
from placette.city.entities import datastream_code
from placette.city.model import City, Device, Network
from placette.connect.meraki import Frames, Sensors
from placette.connect.wifi import Door, WifiRoutes
from placette.harmonise.wifi import publishing
from placette.harmonise.wifi.days import DayCount, Days, day_in
from placette.harmonise.wifi.salts import Fill, Salt
from placette.harmonise.wifi.sketches import library
from placette.harmonise.wifi.slots import SlotCount, Slots
from placette.jobs import Job
from placette.model.errors import TooLarge
from placette.model.observations import ObservationRow
from placette.model.wifi import Calibration, WifiOptions, options, time_class
from placette.store import Store

log = logging.getLogger(__name__)

CLOSE_EVERY_S = 5.0
OPT_OUT = "wifi-opt-out"
"""The file of those who object, in the data folder: keyed hashes, one a line."""
MOST_OBJECTIONS = 100_000
WRONG_RSSI = "heard too weakly"


def fill(buffer: bytearray) -> None:
    """Fill a buffer with random bytes of the operating system, without a copy of them."""
    source = Path("/dev/urandom")
    if source.exists():
        with source.open("rb", buffering=0) as file:
            file.readinto(buffer)
    else:
        buffer[:] = os.urandom(len(buffer))


class Objections:
    """Who objects to being counted: keyed hashes of addresses in a file; the key stands in the environment alone."""

    def __init__(self, file: Path, key: str) -> None:
        self._file = file
        self._key = hashlib.sha256(key.encode()).digest()
        self._kept: set[bytes] = set()
        self._read_at = 0
        self.refresh()

    def __len__(self) -> int:
        return len(self._kept)

    def refresh(self) -> None:
        """Read the file when somebody else has added to it."""
        changed = self._file.stat().st_mtime_ns if self._file.exists() else 0
        if changed != self._read_at:
            lines = self._file.read_text(encoding="ascii").split()
            self._kept, self._read_at = {bytes.fromhex(line) for line in lines}, changed

    def holds(self, address: bytearray) -> bool:
        """Return whether the holder of this address objects."""
        return bool(self._kept) and self._hash(address) in self._kept

    def add(self, address: bytearray) -> None:
        """Keep an objection, durable on return; raises ``TooLarge`` when the list is full."""
        self.refresh()
        digest = self._hash(address)
        if digest in self._kept:
            return
        if len(self._kept) >= MOST_OBJECTIONS:
            raise TooLarge("the list of objections is full", self._file.name, "tell the controller named in the notice")
        file = os.open(self._file, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        try:
            os.write(file, f"{digest.hex()}\n".encode())
            os.fsync(file)
        finally:
            os.close(file)
        self._kept.add(digest)

    def _hash(self, address: bytearray) -> bytes:
        return hmac.digest(self._key, address, "sha256")


class Counting:
    """One network's counter. ``now`` returns the time in µs UTC."""

    def __init__(self, city: City, network: Network, data: Path, *, now: Callable[[], int], fill: Fill = fill) -> None:
        self.options: WifiOptions = options(network.options)
        self.key = network.key
        self.dropped: Counter[str] = Counter()
        """Frames that were not counted, by reason."""
        self._city = city
        self._now = now
        self._zone = ZoneInfo(city.zone)
        self._devices = {device.code: device for device in city.devices if device.network == network.key}
        self._calibrations = {(each.device, each.time_class): each for each in city.wifi_calibrations}
        late_us = self.options.late_s * 1_000_000
        self._counter: Slots | Days
        if self.options.case == 1:
            self._counter = Slots(fill, late_us=late_us, started=now())
        else:
            self._counter = Days(fill, late_us=late_us, started=now(), day=day_in(self._zone))
        key = os.environ.get(self.options.opt_out_env, "") if self.options.opt_out_env else ""
        self.objections = objections(data, network.key, key) if key else None
        names = Salt(fill)
        secret = os.environ[network.token_env]
        sensors = Sensors({each.network_id or each.code: each.code for each in self._devices.values()}, names.key)
        self.door = Door(
            network.key,
            frames=Frames(secret, sensors, self.take),
            validator=os.environ.get(self.options.validator_env, "") if self.options.validator_env else "",
            object_to=self.objections.add if self.objections is not None else None,
        )
        self.health, self.recent = self.door.health, self.door.recent
        self._waiting: list[ObservationRow] = []

    def take(
        self, sensor: str, time: int | None, address: bytearray, *, rssi_dbm: float | None, bluetooth: bool
    ) -> None:
        """Count one frame, or drop it and count why (:class:`placette.model.wifi.Take`)."""
        now = self._now()
        weakest = self.options.rssi_at_least_dbm
        if weakest is not None and rssi_dbm is not None and weakest > rssi_dbm:
            self.dropped[WRONG_RSSI] += 1
        elif self.objections is not None and self.objections.holds(address):
            self.dropped["objected"] += 1
        else:
            when = now if time is None else time
            if reason := self._counter.take(sensor, when, address, now=now, bluetooth=bluetooth):
                self.dropped[reason] += 1

    async def close(self, store: Store) -> None:
        """Store the counts of what is over; counts the store cannot take now wait for the next time."""
        if self.objections is not None:
            self.objections.refresh()
        now = self._now()
        streams = {code: self._streams(store, device) for code, device in self._devices.items()}
        if isinstance(self._counter, Slots):
            counts, days = self._counter.close(now), list[DayCount]()
        else:
            counts, days = self._counter.close(now)
        for count in counts:
            self._waiting += publishing.slot_rows(
                count, streams[count.sensor], self.options, self._calibration(count), now
            )
        for day in days:
            self._waiting += publishing.day_rows(day, streams[day.sensor], self.options.smallest, now)
        if self._waiting:
            await store.append_rows(self._waiting)
            self.health.stored += len(self._waiting)
            self.health.last_stored_time = now
            self._waiting = []

    def abandon(self) -> None:
        """Destroy what is in memory: the process ends, and an interval that was cut short is not told."""
        self._counter.abandon()

    def _calibration(self, count: SlotCount) -> Calibration | None:
        return self._calibrations.get((count.sensor, time_class(count.start, self._zone)))

    def _streams(self, store: Store, device: Device) -> dict[str, int]:
        by_code = store.directory.by_code
        quantities = self._city.models[device.model].quantities
        codes = {each.key: datastream_code(device, each) for each in quantities}
        return {key: by_code[code].id for key, code in codes.items() if code in by_code}


class Wifi:
    """All Wi-Fi networks of a city: their routes and their work."""

    def __init__(self, store: Store, city: City, data: Path, now: Callable[[], int] | None = None) -> None:
        self._store = store
        self.counting: dict[str, Counting] = {}
        for network in city.networks.values():
            if network.kind == "wifi" and _is_open(network):
                library()  # its absence is told at the start, not with the first frame
                self.counting[network.key] = Counting(city, network, data, now=now or _now)

    def routes(self) -> list[Route]:
        """Return the doors, even when no network has one: the addresses of a city's APIs do not depend on it."""
        return WifiRoutes({key: each.door for key, each in self.counting.items()}).routes()

    def jobs(self) -> Sequence[Job]:
        """Return the work that ends intervals."""
        return [
            Job(key=f"wifi:{key}", work=partial(each.close, self._store), every_s=CLOSE_EVERY_S)
            for key, each in self.counting.items()
        ]  # fmt: skip

    def abandon(self) -> None:
        """Destroy everything in memory."""
        for each in self.counting.values():
            each.abandon()


def objections(data: Path, network: str, key: str) -> Objections:
    """Return the list of a network's objections in a data folder."""
    return Objections(data / f"{OPT_OUT}.{network}", key)


def _is_open(network: Network) -> bool:
    if network.token_env and os.environ.get(network.token_env):
        return True
    what = f"set the environment variable {network.token_env}" if network.token_env else "name its 'token_env'"
    log.warning("the Wi-Fi network '%s' has no shared secret, so its door stays closed: %s", network.key, what)
    return False


def _now() -> int:
    return time.time_ns() // 1000
