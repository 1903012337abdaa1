"""Radio and battery of a LoRaWAN device: the calculators of ``analyse.lorawan``, filled with what was last heard of it.

The form's fields and their bounds are those of the calculators' own parameters; what cannot be used keeps its default
and is named. Nothing here was measured but what the network said of the last message.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from placette.analyse import lorawan
from placette.city.model import City
from placette.store import Store
from placette.web.fleet import Member

FORMATS = frozenset({"chirpstack", "the_things_stack"})
"""Formats of networks that carry LoRaWAN."""
DAY_MIN = 1440
DEFAULT_MHZ = 868.1
FIRST = ("bytes", "spreading_factor", "every_min", "capacity_mah", "measure_ma", "measure_s")
"""The fields one looks at first; the others are folded away."""
PARTS = ("sleep", "measure", "transmit", "receive", "self_discharge")
_HEARD = """SELECT spreading_factor, payload_bytes, frequency_hz FROM uplink
    WHERE thing_code = ? AND spreading_factor IS NOT NULL ORDER BY time DESC LIMIT 1"""


class Field(msgspec.Struct, frozen=True, kw_only=True):
    """One field of the form: its name, value and bounds; ``whole`` numbers step by one; ``refused``: not usable."""

    name: str
    value: float
    low: float
    high: float
    whole: bool
    refused: bool = False

    @property
    def written(self) -> str:
        """The value as a form writes it."""
        return f"{self.value:g}"


class Part(msgspec.Struct, frozen=True):
    """What of the day's charge goes where: mA·h and share."""

    name: str
    mah: float
    share: float


class Radio(msgspec.Struct, frozen=True, kw_only=True):
    """The form and what comes of it; ``life`` is ``None`` when the device would be awake for more than a day a day."""

    fields: tuple[Field, ...]
    load: lorawan.Load
    life: lorawan.Life | None
    parts: tuple[Part, ...]
    too_long: int
    """The most bytes at this spreading factor when there are more, 0 otherwise."""
    heard: bool
    source: str

    @property
    def first(self) -> list[Field]:
        """The fields one looks at first."""
        return [field for field in self.fields if field.name in FIRST]

    @property
    def more(self) -> list[Field]:
        """The fields folded away."""
        return [field for field in self.fields if field.name not in FIRST]

    @property
    def refused(self) -> list[Field]:
        """The fields whose value could not be used."""
        return [field for field in self.fields if field.refused]


def by_lorawan(city: City, member: Member) -> bool:
    """Return whether a device speaks LoRaWAN, by the format of its network."""
    network = city.networks.get(member.network)
    return network is not None and network.format in FORMATS


async def radio(store: Store, member: Member, asked: Mapping[str, str]) -> Radio:
    """Return the calculators for a device, with what the reader asked for."""
    heard = (await store.query(_HEARD, [member.code])).to_pylist()
    last: dict[str, Any] = heard[0] if heard else {}
    fields = {field.name: field for field in _fields(member, last, asked)}
    values = {name: field.value for name, field in fields.items()}
    messages = DAY_MIN / values.pop("every_min")
    frame = lorawan.made(
        lorawan.Frame, {"bytes": values.pop("bytes"), "spreading_factor": values.pop("spreading_factor")}
    )
    load = lorawan.load(frame, messages, _band_mhz(last))
    life = _life(lorawan.made(lorawan.Device, values | {"messages_per_day": messages}), load.airtime_s)
    most = lorawan.LARGEST_PAYLOAD[frame.spreading_factor]
    return Radio(
        fields=tuple(fields.values()),
        load=load,
        life=life,
        parts=_parts(life),
        too_long=most if frame.bytes > most else 0,
        heard=bool(heard),
        source=lorawan.bands().source,
    )


def _life(device: lorawan.Device, airtime: float) -> lorawan.Life | None:
    awake_s = device.messages_per_day * (device.measure_s + airtime + device.receive_s)
    return lorawan.life(device, airtime) if awake_s <= lorawan.DAY_S else None


def _parts(life: lorawan.Life | None) -> tuple[Part, ...]:
    if life is None or not life.daily_mah:
        return ()
    charges = [(name, float(getattr(life, f"{name}_mah"))) for name in PARTS]
    return tuple(Part(name, charge, charge / life.daily_mah) for name, charge in charges)


def _fields(member: Member, last: Mapping[str, Any], asked: Mapping[str, str]) -> list[Field]:
    every_min = min(member.every_s.values(), default=600) / 60
    known = {"bytes": last.get("payload_bytes"), "spreading_factor": last.get("spreading_factor")}
    found = [_field("every_min", every_min, 1 / 60, 10_080, whole=False, asked=asked)]
    for kind, names in ((lorawan.Frame, ("bytes", "spreading_factor")), (lorawan.Device, None)):
        for one in msgspec.inspect.type_info(kind).fields:  # type: ignore[attr-defined]  # it is a Struct
            if one.name != "messages_per_day" and (names is None or one.name in names):
                whole = isinstance(one.type, msgspec.inspect.IntType)
                low = one.type.ge if one.type.ge is not None else one.type.gt
                default = known.get(one.name) or one.default
                found.append(_field(one.name, default, low, one.type.le, whole=whole, asked=asked))
    order = {name: number for number, name in enumerate(FIRST)}
    return sorted(found, key=lambda field: order.get(field.name, len(FIRST)))


def _field(name: str, default: float, low: float, high: float, *, whole: bool, asked: Mapping[str, str]) -> Field:
    """Return a field with what was asked for, or with its default when that cannot be used."""
    default = float(min(max(default, low), high))
    text = asked.get(name, "").strip().replace(",", ".")
    try:
        value = float(text) if text else default
    except ValueError:
        value = float("nan")
    usable = (low <= value <= high and value > 0) or (value == 0 and low == 0 and name not in _POSITIVE)
    if whole and usable:
        usable = value.is_integer()
    return Field(name=name, value=value if usable else default, low=low, high=high, whole=whole, refused=not usable)


_POSITIVE = frozenset({"capacity_mah", "usable_percent", "temperature_percent"})


def _band_mhz(last: Mapping[str, Any]) -> float:
    """Return the frequency of the last message when it lies in a band, otherwise that of the first channel."""
    frequency = (last.get("frequency_hz") or 0) / 1e6
    inside = any(band.from_mhz <= frequency < band.to_mhz for band in lorawan.bands().bands)
    return frequency if inside else DEFAULT_MHZ
