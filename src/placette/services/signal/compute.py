"""Signals of the last days from the record of messages, and batteries from their levels.

Lost frames are told by the frame counter of each session where there is one, otherwise by how often the device's model
says that it sends. Time on air is that of the payload and LoRaWAN's overhead at the spreading factor it came with
(Semtech AN1200.13); what a device sent and nobody heard is not in it.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import msgspec

from placette.analyse import lorawan
from placette.city.model import City, Device
from placette.services.signal.battery import Forecast, forecast
from placette.store import Store

_DAY_US = 86_400_000_000
_BATTERY_DAYS = 60
SILENT_TIMES = 3
_LEAST_SILENCE_US = 900_000_000
LOW_BATTERY_DAYS = 60
MUCH_LOST = 0.1
WEAK_SNR_DB = -12.0
"""Near the limit of spreading factor 10; below it frames begin to be lost (Semtech SX1276, table 13)."""

_DEVICES = """
WITH heard AS (
    SELECT *, row_number() OVER (PARTITION BY thing_code ORDER BY time DESC) AS newest FROM uplink
    WHERE event = 'up' AND thing_code IS NOT NULL AND time >= make_timestamp($1) AND time <= make_timestamp($2)
), sessions AS (
    SELECT thing_code, session, count(DISTINCT counter) AS got, max(counter) - min(counter) + 1 AS sent
    FROM heard WHERE counter IS NOT NULL GROUP BY ALL
), counted AS (
    SELECT thing_code, sum(got)::BIGINT AS got, sum(sent)::BIGINT AS sent FROM sessions GROUP BY ALL
)
SELECT h.thing_code, count(*) AS frames, any_value(c.got) AS got, any_value(c.sent) AS sent,
       epoch_us(max(h.time)) AS last, epoch_us(min(h.time)) AS first,
       median(h.rssi_dbm) AS rssi, median(h.snr_db) AS snr,
       any_value(h.spreading_factor) FILTER (h.newest = 1) AS spreading_factor,
       any_value(h.gateway) FILTER (h.newest = 1) AS gateway,
       count(DISTINCT nullif(h.gateway, '')) AS gateways,
       median(h.drift_s) FILTER (h.clock = 'device' OR h.drift_s IS NOT NULL) AS drift
FROM heard h LEFT JOIN counted c ON c.thing_code = h.thing_code GROUP BY h.thing_code
"""
_AIR = """
SELECT thing_code, spreading_factor, coalesce(bandwidth_hz, 125000) AS bandwidth, payload_bytes, count(*) AS frames
FROM uplink WHERE event = 'up' AND time >= make_timestamp(?) AND time <= make_timestamp(?)
  AND spreading_factor IS NOT NULL AND payload_bytes IS NOT NULL AND thing_code IS NOT NULL
GROUP BY ALL
"""
_GATEWAYS = """
SELECT network, gateway, count(*) AS frames, count(DISTINCT device) AS devices, epoch_us(max(u.time)) AS last,
       median(rssi_dbm) AS rssi, median(snr_db) AS snr
FROM uplink u JOIN arrival a ON a.id = u.arrival_id
WHERE gateway <> '' AND u.time >= make_timestamp(?) AND u.time <= make_timestamp(?)
GROUP BY ALL ORDER BY frames DESC
"""
_TOLD = """
SELECT thing_code, epoch_us(time) // 86400000000 AS day, median(battery_percent) AS level FROM uplink
WHERE battery_percent IS NOT NULL AND thing_code IS NOT NULL AND time >= make_timestamp(?) AND time <= make_timestamp(?)
GROUP BY ALL
UNION ALL
SELECT t.code, epoch_us(o.phenomenon_time) // 86400000000, median(o.result) FROM observation o
JOIN datastream d ON d.id = o.datastream_id JOIN observed_property p ON p.id = d.observed_property_id
JOIN thing t ON t.id = d.thing_id
WHERE p.key = 'battery' AND d.unit_definition = '%' AND t.code IS NOT NULL AND o.quality NOT IN (4, 9)
  AND o.phenomenon_time >= make_timestamp(?) AND o.phenomenon_time <= make_timestamp(?)
GROUP BY ALL
ORDER BY 1, 2
"""


class DeviceSignal(msgspec.Struct, frozen=True, kw_only=True):
    """How one device was heard; times in µs UTC, ``lost`` and ``duty_cycle`` are shares, ``None`` where unknown."""

    code: str
    frames: int
    silent: bool
    """Nothing for three of its usual intervals, and a quarter of an hour at the least."""
    lost: float | None
    last: int | None
    """Its newest observation, whichever way it came."""
    rssi_dbm: float | None
    snr_db: float | None
    spreading_factor: int | None
    gateway: str
    gateways: int
    duty_cycle: float | None
    clock_ahead_s: float | None
    battery_percent: float | None
    battery: Forecast | None

    @property
    def troubles(self) -> tuple[str, ...]:
        """What needs attention, by its key in the catalogue of words; the worst first."""
        limit = lorawan.band(868.1).duty_cycle
        found = (
            ("silent", self.silent),
            ("battery", self.battery is not None and self.battery.days < LOW_BATTERY_DAYS),
            ("lost", self.lost is not None and self.lost > MUCH_LOST),
            ("weak", self.snr_db is not None and self.snr_db < WEAK_SNR_DB),
            ("duty", self.duty_cycle is not None and self.duty_cycle > limit),
        )
        return tuple(key for key, holds in found if holds)


class GatewaySignal(msgspec.Struct, frozen=True, kw_only=True):
    """What one gateway heard best; ``last`` in µs UTC."""

    network: str
    gateway: str
    frames: int
    devices: int
    last: int
    rssi_dbm: float | None
    snr_db: float | None


class Signals(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, of ``days`` days until ``now`` (µs UTC): devices as the city lists them, busiest gateways first.

    Devices that are retired are left out.
    """

    days: int
    now: int
    devices: tuple[DeviceSignal, ...]
    gateways: tuple[GatewaySignal, ...]


async def compute(store: Store, city: City, now: int, days: int = 7) -> Signals:
    """Return how the devices and gateways of a city were heard in the ``days`` days until ``now`` (µs UTC)."""
    since = now - days * _DAY_US
    heard = {row["thing_code"]: row for row in (await store.query(_DEVICES, [since, now])).to_pylist()}
    air = _airtimes((await store.query(_AIR, [since, now])).to_pylist())
    gateways = (await store.query(_GATEWAYS, [since, now])).to_pylist()
    early = now - _BATTERY_DAYS * _DAY_US
    last = _newest(store)
    gone = {info.thing_code for info in store.directory.observed if info.retired}
    batteries = _batteries((await store.query(_TOLD, [early, now, early, now])).to_pylist())
    return Signals(
        days=days,
        now=now,
        devices=tuple(
            _device(city, device, heard.get(device.code, {}), last.get(device.code), air, batteries, now)
            for device in city.devices
            if device.code not in gone
        ),
        gateways=tuple(
            GatewaySignal(
                network=row["network"],
                gateway=row["gateway"],
                frames=row["frames"],
                devices=row["devices"],
                last=row["last"],
                rssi_dbm=row["rssi"],
                snr_db=row["snr"],
            )
            for row in gateways
        ),
    )


def _device(
    city: City,
    device: Device,
    row: dict[str, Any],
    last: int | None,
    air: dict[str, float],
    batteries: dict[str, tuple[float, Forecast | None]],
    now: int,
) -> DeviceSignal:
    code = device.code
    level, foretold = batteries.get(code, (None, None))
    every_us = 1_000_000 * min((each.every_s for each in city.models[device.model].quantities), default=3_600)
    span_us = now - row["first"] if row else 0
    return DeviceSignal(
        code=code,
        frames=row.get("frames", 0),
        silent=last is None or now - last > max(SILENT_TIMES * every_us, _LEAST_SILENCE_US),
        lost=_lost(row, span_us, every_us) if row else None,
        last=last,
        rssi_dbm=row.get("rssi"),
        snr_db=row.get("snr"),
        spreading_factor=row.get("spreading_factor"),
        gateway=row.get("gateway") or "",
        gateways=row.get("gateways", 0),
        duty_cycle=air[code] / (max(span_us, every_us) / 1e6) if code in air else None,
        clock_ahead_s=row.get("drift"),
        battery_percent=level,
        battery=foretold,
    )


def _lost(row: dict[str, Any], span_us: int, every_us: int) -> float:
    sent = row["sent"] or span_us // every_us + 1
    got = row["got"] if row["sent"] else row["frames"]
    return float(max(0.0, 1 - got / sent))


def _newest(store: Store) -> dict[str, int]:
    """Return for each device the time of its newest observation, µs UTC."""
    codes = {info.id: info.thing_code for info in store.directory.observed if info.thing_code}
    latest = store.latest.of(codes)
    times = latest.column("phenomenon_time").cast("int64").to_pylist()
    found: dict[str, int] = {}
    for datastream, at in zip(latest.column("datastream_id").to_pylist(), times, strict=True):
        code = codes[datastream]
        found[code] = max(found.get(code, at), at)
    return found


def _airtimes(rows: Iterable[dict[str, Any]]) -> dict[str, float]:
    """Return for each device how long it was on air, s."""
    found: dict[str, float] = {}
    for row in rows:
        khz = row["bandwidth"] // 1000
        if khz not in (125, 250, 500) or not 7 <= row["spreading_factor"] <= 12 or row["payload_bytes"] > 242:
            continue
        wanted = {"bytes": row["payload_bytes"], "spreading_factor": row["spreading_factor"], "bandwidth_khz": khz}
        frame = lorawan.made(lorawan.Frame, wanted)
        found[row["thing_code"]] = found.get(row["thing_code"], 0.0) + row["frames"] * lorawan.airtime_s(frame)
    return found


def _batteries(rows: Iterable[dict[str, Any]]) -> dict[str, tuple[float, Forecast | None]]:
    levels: dict[str, dict[int, float]] = {}
    for row in rows:
        levels.setdefault(row["thing_code"], {})[row["day"]] = row["level"]
    return {
        code: (by_day[max(by_day)], forecast(sorted(by_day), [by_day[day] for day in sorted(by_day)]))
        for code, by_day in levels.items()
    }
