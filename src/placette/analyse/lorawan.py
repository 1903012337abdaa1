"""LoRaWAN calculators: time on air, duty cycle, messages a day, battery life.

Time on air by Semtech's formula (SX1272/SX1276 data sheets and application note AN1200.13, "LoRa Modem Designer's
Guide"); duty cycles by ``lorawan_bands.toml``; frame overhead and largest payloads by LoRaWAN 1.0.4 and the regional
parameters RP002-1.0.4 for EU863-870. Battery life is a balance of charges: what the states of the device draw in a day,
and the self-discharge, against the charge that is usable.
"""

from __future__ import annotations

import math
import tomllib
from collections.abc import Mapping
from datetime import date
from functools import cache
from importlib.resources import files
from typing import Annotated, Any, Literal, TypeVar

import msgspec
from msgspec import Meta

from placette.model.errors import BadInput

DAY_S = 86_400.0
YEAR_DAYS = 365.25
OVERHEAD = 13
"""Bytes around an application's payload without options: MHDR 1, DevAddr 4, FCtrl 1, FCnt 2, FPort 1, MIC 4."""
FAIR_USE_S = 30.0
"""Uplink airtime a day that the community network of The Things Network asks to keep to; not law."""
LARGEST_PAYLOAD = {7: 242, 8: 242, 9: 115, 10: 51, 11: 51, 12: 51}
"""Application bytes by spreading factor at 125 kHz in EU863-870."""
METHOD_AIRTIME = "Semtech AN1200.13"

T = TypeVar("T", bound=msgspec.Struct)


class Frame(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One uplink: application payload in bytes, spreading factor, bandwidth in kHz, coding rate 4/n, preamble."""

    bytes: Annotated[int, Meta(ge=0, le=242)] = 24
    spreading_factor: Annotated[int, Meta(ge=7, le=12)] = 9
    bandwidth_khz: Literal[125, 250, 500] = 125
    coding_rate: Annotated[int, Meta(ge=5, le=8)] = 5
    preamble: Annotated[int, Meta(ge=6, le=65_535)] = 8
    overhead: Annotated[int, Meta(ge=0, le=28)] = OVERHEAD
    """Bytes around the payload; up to 15 of options come on top of the usual 13."""


class Device(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a device draws and its battery: currents in µA or mA, times in s, capacity in mA·h, shares in %.

    The defaults are of a plausible small sensor, not of any measured one.
    """

    messages_per_day: Annotated[float, Meta(gt=0, le=86_400)] = 144.0
    capacity_mah: Annotated[float, Meta(gt=0, le=1_000_000)] = 3_000.0
    sleep_ua: Annotated[float, Meta(ge=0, le=1_000_000)] = 10.0
    measure_ma: Annotated[float, Meta(ge=0, le=5_000)] = 20.0
    """While it measures, before each message."""
    measure_s: Annotated[float, Meta(ge=0, le=3_600)] = 5.0
    transmit_ma: Annotated[float, Meta(ge=0, le=1_000)] = 40.0
    receive_ma: Annotated[float, Meta(ge=0, le=1_000)] = 12.0
    receive_s: Annotated[float, Meta(ge=0, le=3_600)] = 0.2
    """Both receive windows after a message together."""
    usable_percent: Annotated[float, Meta(gt=0, le=100)] = 85.0
    """Of the capacity, before the voltage is too low."""
    temperature_percent: Annotated[float, Meta(gt=0, le=100)] = 90.0
    """Of the capacity that is left at the temperatures of the place."""
    self_discharge_percent: Annotated[float, Meta(ge=0, le=100)] = 2.0
    """Of the capacity, each year."""


class Band(msgspec.Struct, frozen=True):
    """A part of the spectrum: MHz, share of each hour that one device may send, mW (e.r.p.)."""

    key: str
    from_mhz: float
    to_mhz: float
    duty_cycle: float
    power_mw: float


class Bands(msgspec.Struct, frozen=True):
    """The bands with the text they come from and the day it holds from."""

    valid_from: date
    source: str
    bands: tuple[Band, ...]


class Load(msgspec.Struct, frozen=True):
    """What messages take of the air: s each, share of the time, and how many the limits allow in a day."""

    airtime_s: float
    duty_cycle: float
    band: Band
    most_per_day: int
    """By the band's duty cycle."""
    pause_s: float
    """The least silence after each message by the duty cycle."""
    most_fair: int
    """By the 30 s of airtime a day of community networks."""

    @property
    def share(self) -> float:
        """Of the band's duty cycle that is used, 1: all of it."""
        return self.duty_cycle / self.band.duty_cycle


class Life(msgspec.Struct, frozen=True):
    """How long a battery lasts, and what the day's charge is made of (mA·h)."""

    days: float
    sleep_mah: float
    measure_mah: float
    transmit_mah: float
    receive_mah: float
    self_discharge_mah: float
    usable_mah: float

    @property
    def daily_mah(self) -> float:
        """The charge of a day."""
        return self.sleep_mah + self.measure_mah + self.transmit_mah + self.receive_mah + self.self_discharge_mah

    @property
    def years(self) -> float:
        """The life in years."""
        return self.days / YEAR_DAYS


def made(kind: type[T], values: Mapping[str, Any]) -> T:
    """Return a Struct of these values, texts read as numbers; raises ``BadInput`` that names field and bound.

    >>> made(Frame, {"bytes": "51", "spreading_factor": 12}).spreading_factor
    12
    """
    try:
        return msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(f"a parameter cannot be used: {error}", remedy="see the bounds of each parameter") from None


def symbol_s(frame: Frame) -> float:
    """Return the length of one symbol, s: 2^SF / bandwidth."""
    return float(2**frame.spreading_factor) / (frame.bandwidth_khz * 1_000)


def slow(frame: Frame) -> bool:
    """True when the low data rate optimisation is on: symbols of 16 ms and more."""
    return symbol_s(frame) >= 0.016


def airtime_s(frame: Frame) -> float:
    """Return the time on air of an uplink (explicit header, with CRC), s.

    Published values: the calculator of The Things Network for 10 bytes, Semtech's for 51 bytes without overhead.

    >>> round(airtime_s(Frame(bytes=10, spreading_factor=7)) * 1000, 1)
    61.7
    >>> round(airtime_s(Frame(bytes=10, spreading_factor=12)) * 1000, 1)
    1482.8
    >>> round(airtime_s(Frame(bytes=51, spreading_factor=12, overhead=0)) * 1000, 1)
    2465.8
    """
    factor = frame.spreading_factor
    bits = 8 * (frame.bytes + frame.overhead) - 4 * factor + 28 + 16
    blocks = max(math.ceil(bits / (4 * (factor - 2 * slow(frame)))), 0)
    return (frame.preamble + 4.25 + 8 + blocks * frame.coding_rate) * symbol_s(frame)


@cache
def bands() -> Bands:
    """Return the bands of Europe around 868 MHz."""
    text = files(__package__).joinpath("lorawan_bands.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), Bands)


def band(frequency_mhz: float) -> Band:
    """Return the band of a frequency; raises ``BadInput`` when it lies in none.

    >>> band(868.1).duty_cycle
    0.01
    """
    found = next((each for each in bands().bands if each.from_mhz <= frequency_mhz < each.to_mhz), None)
    if found is None:
        known = ", ".join(f"{each.from_mhz:g}–{each.to_mhz:g}" for each in bands().bands)
        raise BadInput(f"{frequency_mhz:g} MHz lies in no band", remedy=f"the bands are {known} MHz")
    return found


def load(frame: Frame, messages_per_day: float, frequency_mhz: float = 868.1) -> Load:
    """Return what messages take of the air, all sent in the band of this frequency.

    Source of the pause: LoRaWAN 1.0.4, T_off = airtime · (1 / duty cycle - 1).

    >>> found = load(Frame(bytes=10, spreading_factor=12), 144)
    >>> found.most_per_day, found.most_fair, round(found.pause_s, 1)
    (582, 20, 146.8)
    """
    airtime = airtime_s(frame)
    of = band(frequency_mhz)
    return Load(
        airtime_s=airtime,
        duty_cycle=airtime * messages_per_day / DAY_S,
        band=of,
        most_per_day=int(DAY_S * of.duty_cycle / airtime),
        pause_s=airtime * (1 / of.duty_cycle - 1),
        most_fair=int(FAIR_USE_S / airtime),
    )


def life(device: Device, airtime: float) -> Life:
    """Return how long the battery lasts when each message is ``airtime`` s on air.

    Raises ``BadInput`` when the messages take more than the whole day.

    >>> round(life(Device(capacity_mah=2400, messages_per_day=24, self_discharge_percent=0), 0.0).days)
    1991
    """
    messages = device.messages_per_day
    awake_s = messages * (device.measure_s + airtime + device.receive_s)
    if awake_s > DAY_S:
        raise BadInput("the device is awake for more than a day each day", remedy="fewer messages, or shorter ones")
    sleep = device.sleep_ua / 1_000 * (DAY_S - awake_s) / 3_600
    measure, transmit, receive = (
        current * seconds * messages / 3_600
        for current, seconds in (
            (device.measure_ma, device.measure_s),
            (device.transmit_ma, airtime),
            (device.receive_ma, device.receive_s),
        )
    )
    lost = device.capacity_mah * device.self_discharge_percent / 100 / YEAR_DAYS
    usable = device.capacity_mah * device.usable_percent / 100 * device.temperature_percent / 100
    daily = sleep + measure + transmit + receive + lost
    days = usable / daily if daily else math.inf
    return Life(days, sleep, measure, transmit, receive, lost, usable)
