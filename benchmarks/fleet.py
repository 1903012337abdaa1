"""A fleet of LoRaWAN devices of twenty kinds: its city folder, and what a ChirpStack v4 would have said of it.

The log has what real ones have: retransmissions (the same frame counter and bytes, another deduplication id, seconds
later, other gateways), events out of order, decoded objects that are missing, times with nanoseconds, gateways without
a clock, joins and battery states between the uplinks. The values are drawn first, so that what must be stored is known.
"""

from __future__ import annotations

import base64
import json
import struct
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any

import msgspec

from placette import city

START = datetime(2026, 6, 1, tzinfo=UTC)
_CODES = {"u8": "B", "i16": "h", "u16": "H", "u32": "I"}


class Field(msgspec.Struct, frozen=True):
    """One field of a kind: its property and UCUM unit, its type on the air, what one step of it is worth, its range."""

    property: str
    unit: str
    type: str
    step: float
    low: float
    high: float


KINDS: dict[str, tuple[Field, ...]] = {
    "thermo": (Field("temperature", "Cel", "i16", 0.1, -10, 40), Field("humidity", "%", "u8", 0.5, 20, 100)),
    "dust": (Field("pm10", "ug/m3", "u16", 0.1, 2, 90), Field("pm2_5", "ug/m3", "u16", 0.1, 1, 60)),
    "gas-no2": (Field("no2", "ug/m3", "u16", 0.1, 2, 150),),
    "gas-o3": (Field("o3", "ug/m3", "u16", 0.1, 2, 180),),
    "co2": (Field("co2", "[ppm]", "u16", 1, 400, 2000),),
    "sound": (Field("laeq", "dB[SPL]", "u16", 0.1, 35, 90), Field("lamax", "dB[SPL]", "u16", 0.1, 40, 110)),
    "people": (Field("passages_in", "{person}", "u16", 1, 0, 400), Field("passages_out", "{person}", "u16", 1, 0, 400)),
    "bikes": (Field("bicycles", "{vehicle}", "u16", 1, 0, 90),),
    "bin": (Field("fill", "%", "u8", 1, 0, 100), Field("bin_temperature", "Cel", "i16", 0.1, -5, 60)),
    "soil": (Field("soil_moisture", "%", "u16", 0.1, 2, 55), Field("soil_temperature", "Cel", "i16", 0.1, 0, 35)),
    "valve": (Field("flow", "L/min", "u16", 0.1, 0, 80), Field("volume", "m3", "u32", 0.001, 0, 900)),
    "light": (Field("illuminance", "lx", "u32", 1, 0, 90_000),),
    "lamp": (Field("power", "W", "u16", 0.1, 0, 150), Field("dimming", "%", "u8", 1, 0, 100)),
    "meter": (Field("energy", "kW.h", "u32", 0.01, 0, 90_000), Field("voltage", "V", "u16", 0.1, 220, 240)),
    "parking": (Field("occupied", "1", "u8", 1, 0, 1),),
    "door": (Field("open", "1", "u8", 1, 0, 1),),
    "water": (Field("level", "cm", "u16", 1, 0, 300),),
    "rain": (Field("rain", "mm", "u16", 0.2, 0, 12),),
    "wind": (Field("wind_speed", "m/s", "u16", 0.1, 0, 28), Field("wind_direction", "deg", "u16", 1, 0, 359)),
    "pressure": (Field("pressure", "hPa", "u16", 0.1, 980, 1040),),
}
"""Twenty kinds; ``door`` and ``parking`` are decoded by the server alone, the others by a layout of the city."""
BY_SERVER = ("door", "parking")


class Event(msgspec.Struct, frozen=True):
    """One message of the log: its MQTT topic and payload; ``frame`` tells which uplink it carries, if any can be read.

    Retransmissions carry the same frame. ``values`` is how many observations a frame gives.
    """

    topic: str
    payload: bytes
    frame: tuple[str, int] | None = None
    values: int = 0

    @property
    def kind(self) -> str:
        """What ChirpStack calls the event: ``up``, ``join``, ``status``."""
        return self.topic.rpartition("/")[2]


def observations(events: Iterable[Event], seen: set[tuple[str, int]]) -> int:
    """Return how many observations these messages bring that the frames ``seen`` did not; they are seen then."""
    new = {event.frame: event.values for event in events if event.frame is not None and event.frame not in seen}
    seen |= new.keys()
    return sum(new.values())


class Log(msgspec.Struct, frozen=True):
    """A log, and for each uplink of the fleet the results that must be stored: (thing code, its values by property)."""

    events: list[Event]
    frames: int
    expected: dict[tuple[str, int], dict[str, float]]
    lost: int
    """Uplinks that nobody can decode: of a kind decoded by the server, without its object."""


def device_eui(kind: str, number: int) -> str:
    """Return the DevEUI of a device."""
    return f"70B3D5{list(KINDS).index(kind):04X}{number:06X}"


def thing_code(kind: str, number: int) -> str:
    """Return the code of a device in the city."""
    return f"F-{kind}-{number}"


BY_HTTP = 'kind = "http"\nformat = "chirpstack"'


def by_mqtt(port: int) -> str:
    """Return the network of a ChirpStack that publishes to a local broker."""
    return f'kind = "mqtt"\nformat = "chirpstack"\nhost = "127.0.0.1"\nport = {port}'


def by_coap(port: int) -> str:
    """Return the network of devices that send CoAP to a local port."""
    return f'kind = "coap"\nhost = "127.0.0.1"\nport = {port}'


def write_city(folder: Path, per_kind: int, network: str) -> Path:
    """Write a city folder with so many devices of each kind, all of one network, ``lorawan``: its lines of TOML."""
    city.scaffold("Fleet", folder, longitude=5.4474, latitude=43.5297)
    (folder / "properties.toml").write_text("\n".join(_properties()))
    (folder / "models.toml").write_text("\n".join(_models()))
    (folder / "networks.toml").write_text(f'[lorawan]\n{network}\nnames = {{ fr = "LoRaWAN", en = "LoRaWAN" }}\n')
    lines = ["id,model,place,longitude,latitude,network,network_id"]
    for kind in KINDS:
        lines += [
            f"{thing_code(kind, number)},{kind},centre,5.4474,43.5297,lorawan,{device_eui(kind, number).lower()}"
            for number in range(per_kind)
        ]
    (folder / "things.csv").write_text("\n".join(lines) + "\n")
    for kind, fields in KINDS.items():
        if kind not in BY_SERVER:
            layout = folder / "codecs" / kind / "layout.toml"
            layout.parent.mkdir(parents=True)
            layout.write_text(_layout(fields))
    return folder


def log(uplinks: int, *, per_kind: int = 2, days: int = 14, seed: int = 1) -> Log:
    """Return a log of about so many events over so many days, always the same for the same arguments."""
    chance = Random(seed)  # noqa: S311  # a fixed series of test values
    devices = [(kind, number) for kind in KINDS for number in range(per_kind)]
    every = timedelta(days=days) * len(devices) / uplinks
    expected: dict[tuple[str, int], dict[str, float]] = {}
    timed: list[tuple[float, Event]] = []
    lost = 0
    for place, (kind, number) in enumerate(devices):
        timed.append((0.0, _join(kind, number, START)))
        for counter in range(uplinks // len(devices)):
            moment = START + every * counter + timedelta(seconds=place * 7 + chance.random())
            raw = [chance.randint(round(f.low / f.step), round(f.high / f.step)) for f in KINDS[kind]]
            with_object = chance.random() > (0.02 if kind in BY_SERVER else 0.3)
            for again in range(2 if chance.random() < 0.04 else 1):
                event = _uplink(kind, number, counter, moment + timedelta(seconds=5 * again), raw, with_object, chance)
                jitter = chance.random() * 900 if chance.random() < 0.05 else 0
                timed.append(((moment - START).total_seconds() + 5 * again + jitter, event))
            if kind in BY_SERVER and not with_object:
                lost += 1
            else:
                values = {f.property: value * f.step for f, value in zip(KINDS[kind], raw, strict=True)}
                expected[thing_code(kind, number), counter] = values
            if counter % 100 == 99:
                timed.append(((moment - START).total_seconds() + 60, _status(kind, number, moment, chance)))
    timed.sort(key=lambda each: each[0])
    return Log([event for _, event in timed], uplinks // len(devices) * len(devices), expected, lost)


def _uplink(
    kind: str, number: int, counter: int, moment: datetime, raw: list[int], with_object: bool, chance: Random
) -> Event:
    fields = KINDS[kind]
    data = struct.pack("<" + "".join(_CODES[field.type] for field in fields), *raw)
    body: dict[str, Any] = _head(kind, number, moment, chance) | {
        "devAddr": f"26{number:06X}",
        "adr": True,
        "dr": 5,
        "fCnt": counter,
        "fPort": 2,
        "confirmed": False,
        "data": base64.b64encode(data).decode(),
        "rxInfo": list(_heard(moment, chance)),
        "txInfo": {
            "frequency": 868_100_000,
            "modulation": {"lora": {"bandwidth": 125_000, "spreadingFactor": 7, "codeRate": "CR_4_5"}},
        },
    }
    if counter == 0:
        del body["fCnt"]  # protobuf's JSON leaves zeros out
    if with_object:
        body["object"] = {field.property: value * field.step for field, value in zip(fields, raw, strict=True)}
    if kind in BY_SERVER and not with_object:
        return _event(kind, number, "up", body)
    event = _event(kind, number, "up", body)
    return Event(event.topic, event.payload, (thing_code(kind, number), counter), len(fields))


def _heard(moment: datetime, chance: Random) -> Iterator[dict[str, Any]]:
    for gateway in range(chance.randint(1, 3)):
        heard: dict[str, Any] = {
            "gatewayId": f"a84041ffff{gateway:06x}",
            "nsTime": _nanoseconds(moment + timedelta(milliseconds=80), chance),
            "rssi": chance.randint(-120, -60),
            "snr": round(chance.uniform(-15, 12), 1),
            "crcStatus": "CRC_OK",
        }
        if gateway != 1:  # the second one has no clock
            heard["gwTime"] = _nanoseconds(moment, chance)
        yield heard


def _join(kind: str, number: int, moment: datetime) -> Event:
    chance = Random(number)  # noqa: S311  # a fixed series of test values
    return _event(kind, number, "join", _head(kind, number, moment, chance) | {"devAddr": f"26{number:06X}"})


def _status(kind: str, number: int, moment: datetime, chance: Random) -> Event:
    body = _head(kind, number, moment, chance) | {"margin": 12, "batteryLevel": round(chance.uniform(40, 99), 1)}
    return _event(kind, number, "status", body)


def _head(kind: str, number: int, moment: datetime, chance: Random) -> dict[str, Any]:
    return {
        "deduplicationId": f"{chance.getrandbits(128):032x}",
        "time": _nanoseconds(moment + timedelta(milliseconds=120), chance),
        "deviceInfo": {
            "tenantName": "City",
            "applicationId": "17c82e96-be03-4f38-aef3-f83d48582d97",
            "deviceName": f"{kind} {number}",
            "devEui": device_eui(kind, number).lower(),
        },
    }


def _event(kind: str, number: int, name: str, body: dict[str, Any]) -> Event:
    topic = f"application/17c82e96/device/{device_eui(kind, number).lower()}/event/{name}"
    return Event(topic, json.dumps(body).encode())


def _nanoseconds(moment: datetime, chance: Random) -> str:
    return f"{moment:%Y-%m-%dT%H:%M:%S.%f}{chance.randint(0, 999):03d}+00:00"


def _layout(fields: tuple[Field, ...]) -> str:
    lines = ["[[frames]]"]
    for field in fields:
        decimals = max(0, len(f"{field.step}".partition(".")[2].rstrip("0")))
        reading = f"multiply = {field.step}\ndecimals = {decimals}\n" if field.step != 1 else ""
        lines += ["[[frames.fields]]", f'name = "{field.property}"', f'type = "{field.type}"', reading]
    return "\n".join(lines)


def _properties() -> Iterator[str]:
    for field in {field.property: field for fields in KINDS.values() for field in fields}.values():
        yield f'[{field.property}]\nnames = {{ fr = "{field.property}", en = "{field.property}" }}'
        yield f'definition = "https://example.org/{field.property}"\nunit = "{field.unit}"\ndecimals = 2\n'


def _models() -> Iterator[str]:
    for kind, fields in KINDS.items():
        codec = "" if kind in BY_SERVER else f'codec = "{kind}"\n'
        yield f'[{kind}]\nkind = "{kind}"\nnames = {{ fr = "{kind}", en = "{kind}" }}\nevery_s = 3600\n{codec}'
        for field in fields:
            yield f'[[{kind}.quantities]]\nproperty = "{field.property}"\nminimum = -100\nmaximum = 100000\n'
