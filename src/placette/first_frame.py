"""The first frame of a device that was just hung: whether it came, how well it was heard, and what it said."""

from __future__ import annotations

from typing import Any

import msgspec
import pyarrow as pa

from placette.city.model import City
from placette.model.times import iso
from placette.site_json import DecodedValue, FirstFrame
from placette.store import DatastreamInfo, Store

# By what our server received, since the clock of a device may be wrong.
_FIRST = """
SELECT epoch_us(a.received_time) AS received, u.gateway, u.gateways, u.rssi_dbm, u.snr_db, u.spreading_factor,
       u.battery_percent
FROM arrival a JOIN uplink u ON u.arrival_id = a.id
WHERE a.received_time >= make_timestamp(?) AND u.thing_code = ? AND u.event = 'up' ORDER BY a.id LIMIT 1
"""
_BATTERY = """
SELECT u.battery_percent AS battery FROM arrival a JOIN uplink u ON u.arrival_id = a.id
WHERE a.received_time >= make_timestamp(?) AND u.thing_code = ? AND u.battery_percent IS NOT NULL
ORDER BY a.id DESC LIMIT 1
"""
BATTERY = "battery"
"""The observed property that is a device's charge, %."""


async def first_frame(store: Store, city: City, code: str, since: int, now: int) -> FirstFrame:
    """Return whether the site ``code`` was heard since a time (µs UTC), how and with which values.

    Networks without a record of radio (our own frames) are heard by their values alone.
    """
    heard = (await store.query(_FIRST, [since, code])).to_pylist()
    values = [reading for reading in _readings(store, code) if reading[1] >= since]
    if not heard and not values:
        return FirstFrame(received=False, since=iso(since), now=iso(now))
    first: dict[str, Any] = heard[0] if heard else {"received": min(time for _, time, _, _ in values)}
    told = (await store.query(_BATTERY, [since, code])).to_pylist()
    sensed = (result for info, _, result, _ in values if info.property_key == BATTERY)
    level = told[0]["battery"] if told else next(sensed, None)
    return FirstFrame(
        received=True,
        since=iso(since),
        now=iso(now),
        received_at=iso(first["received"]),
        gateway=first.get("gateway") or "",
        gateways=first.get("gateways"),
        rssi_dbm=first.get("rssi_dbm"),
        snr_db=first.get("snr_db"),
        spreading_factor=first.get("spreading_factor"),
        battery_percent=round(level, 1) if isinstance(level, int | float) else None,
        values=tuple(_value(city, *value) for value in values),
    )


_Reading = tuple[DatastreamInfo, int, Any, int]
"""A datastream with the time (µs UTC), result and quality of its newest observation."""


def _readings(store: Store, code: str) -> list[_Reading]:
    infos = {info.id: info for info in store.directory.observed if info.thing_code == code}
    latest = store.latest.of(list(infos))
    times = latest.column("phenomenon_time").cast(pa.int64()).to_pylist()
    names = ("datastream_id", "result", "result_json", "quality")
    columns = (latest.column(name).to_pylist() for name in names)
    return [
        (infos[key], time, number if text is None else msgspec.json.decode(text), quality)
        for time, key, number, text, quality in zip(times, *columns, strict=True)
    ]


def _value(city: City, info: DatastreamInfo, time: int, result: Any, quality: int) -> DecodedValue:
    known = city.properties.get(info.property_key or "")
    return DecodedValue(
        property=info.property_key or "",
        name=info.property_name,
        result=result if isinstance(result, float | int | bool | str | None) else msgspec.json.encode(result).decode(),
        unit=known.unit if known else info.unit,
        time=iso(time),
        quality=quality,
    )
