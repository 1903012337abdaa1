"""Messages of devices become observations: meaning, units, clocks, repetitions, and what cannot be used."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest

from placette.city.model import DeviceModel, Quantity
from placette.harmonise.codecs import Codecs
from placette.harmonise.devices import Attached, Devices, compiled
from placette.harmonise.seen import Seen
from placette.harmonise.uplinks import Read, UplinkReader, fingerprint_of
from placette.model.arrivals import Arrival
from placette.model.uplinks import Reception, Uplink

NOON = 1_790_000_000_000_000
SECOND = 1_000_000


def quantity(key: str, unit: str = "Cel", **more: Any) -> Quantity:
    return Quantity(key=key, property=key, unit=unit, minimum=-50, maximum=1e6, every_s=600, **more)


def model(*quantities: Quantity, **more: Any) -> DeviceModel:
    return DeviceModel(key="probe", kind="air", names={"en": "Probe"}, quantities=quantities, **more)


class Bench:
    """A reader of one device and a directory that has a datastream for each of its quantities."""

    def __init__(self, chosen: DeviceModel, seen: Seen | None = None) -> None:
        self.seen = seen or Seen()
        devices = Devices({"24e124": Attached("AIX-1", compiled(chosen))})
        self.reader = UplinkReader(devices, Codecs.build(()), self.seen)
        codes = [f"AIX-1/{each.property}" for each in chosen.quantities]
        self.directory: Any = SimpleNamespace(
            by_code={code: SimpleNamespace(id=number) for number, code in enumerate(codes, 1)}, by_id={}
        )

    def read(self, *uplinks: Uplink, received: int = NOON, again: bool = False) -> Read:
        arrivals = [Arrival(network="lora", channel="up", payload=b"{}", received_time=received) for _ in uplinks]
        return self.reader.read(arrivals, enumerate(uplinks), self.directory, 100, again=again)


def uplink(fields: dict[str, Any] | None = None, **more: Any) -> Uplink:
    return Uplink(**({"device": "24E124", "fields": fields} | more))


def test_fields_are_found_converted_and_named() -> None:
    bench = Bench(
        model(
            quantity("temperature", field="env.temperature", sent_unit="[degF]"),
            quantity("no2", "ug/m3", sent_unit="[ppb]"),
            quantity("battery", "V", field="batt", multiply=0.001),
            quantity("door", "1", categories={"0": "closed", "1": "open"}),
            quantity("lit", "1"),
            quantity("signal", "dBm", field="@rssi"),
        )
    )
    fields = {"env": {"temperature": 212}, "no2": 10, "batt": 3600, "door": 1, "lit": False}
    read = bench.read(uplink(fields, receptions=(Reception(gateway="g", rssi_dbm=-97.0),)))
    values = [row.result if row.result is not None else row.result_json for row in read.rows]
    assert values == [pytest.approx(100.0), pytest.approx(19.13, abs=0.01), 3.6, '"open"', "false", -97.0]
    assert [row.arrival_id for row in read.rows] == [100] * 6
    assert read.dead == []


@pytest.mark.parametrize(
    ("times", "chosen", "expected", "clock", "quality"),
    [
        ({"device_time": NOON - SECOND, "gateway_time": NOON, "server_time": NOON}, {}, NOON - SECOND, "device", 2),
        ({"gateway_time": NOON - SECOND, "server_time": NOON}, {}, NOON - SECOND, "gateway", 2),
        ({"gateway_time": NOON - 7200 * SECOND, "server_time": NOON}, {}, NOON, "server", 2),
        ({"server_time": NOON - SECOND}, {}, NOON - SECOND, "server", 2),
        ({}, {}, NOON, "received", 2),
        ({"device_time": NOON + 600 * SECOND, "server_time": NOON}, {}, NOON, "server", 3),
        ({"device_time": SECOND, "server_time": NOON}, {}, NOON, "server", 3),
        ({"device_time": NOON - 86_400 * SECOND, "server_time": NOON}, {}, NOON - 86_400 * SECOND, "device", 2),
        ({"device_time": NOON - SECOND, "server_time": NOON}, {"time": "gateway"}, NOON, "server", 2),
        ({"device_time": NOON - SECOND, "server_time": NOON - 9}, {"time": "received"}, NOON, "received", 2),
        ({"device_time": 1_000_000 * SECOND}, {}, 1_000_000 * SECOND, "device", 2),
        ({"device_time": NOON + 10**12, "issue_time": NOON, "server_time": NOON}, {}, NOON + 10**12, "device", 2),
    ],
)
def test_the_clock_that_is_believed(
    times: dict[str, int], chosen: dict[str, str], expected: int, clock: str, quality: int
) -> None:
    read = Bench(model(quantity("temperature"), **chosen)).read(uplink({"temperature": 21}, **times))
    row, record = read.rows[0], read.records[0]
    assert (row.phenomenon_time, record.clock, row.quality) == (expected, clock, quality)


def test_the_drift_of_a_clock_is_on_record() -> None:
    read = Bench(model(quantity("temperature"))).read(
        uplink({"temperature": 21}, device_time=NOON + 600 * SECOND, server_time=NOON)
    )
    assert read.records[0].drift_s == 600


def test_older_readings_of_one_frame_have_their_own_times() -> None:
    bench = Bench(model(quantity("temperature"), time_field="at", records_field="history"))
    fields = {"temperature": 21, "at": NOON // SECOND, "history": [{"temperature": 20, "at": NOON // SECOND - 600}]}
    rows = bench.read(uplink(fields)).rows
    assert [(row.phenomenon_time, row.result) for row in rows] == [(NOON, 21.0), (NOON - 600 * SECOND, 20.0)]


def test_a_frame_that_comes_again_is_left_out_whoever_forwards_it() -> None:
    bench = Bench(model(quantity("temperature")))
    frame = {"counter": 0, "session": "01AB", "payload": b"\x01"}
    read = bench.read(uplink({"temperature": 1}, **frame), uplink({"temperature": 1}, **(frame | {"session": "01ab"})))
    assert (len(read.rows), read.repeated) == (1, 1)
    bench.seen.add((record.fingerprint or 0, record.heard) for record in read.records)
    assert bench.read(uplink({"temperature": 1}, **frame)).repeated == 1
    assert len(bench.read(uplink({"temperature": 1}, **frame), again=True).rows) == 1
    assert len(bench.read(uplink({"temperature": 1}, **frame), received=NOON + 2 * 86_400 * SECOND).rows) == 1


@pytest.mark.parametrize("change", [{"counter": 8}, {"session": "02"}, {"payload": b"\x02"}, {"device": "24E125"}])
def test_frames_that_differ_are_not_the_same(change: dict[str, Any]) -> None:
    frame: dict[str, Any] = {"counter": 7, "session": "01", "payload": b"\x01"}
    assert fingerprint_of(uplink(**frame), "a") != fingerprint_of(uplink(**(frame | change)), "a")


def test_messages_without_a_counter_or_an_identifier_are_never_repetitions() -> None:
    assert fingerprint_of(uplink({"temperature": 1}), "a") is None


def test_zeros_that_a_network_leaves_out_come_back_where_the_model_says_so() -> None:
    bench = Bench(model(quantity("fill", "%", absent=0), quantity("temperature"), quantity("open", "1", absent=False)))
    rows = bench.read(uplink({}, leaves_out_zeros=True)).rows
    assert [row.result if row.result is not None else row.result_json for row in rows] == [0.0, "false"]
    assert bench.read(uplink({"temperature": 3})).rows[0].result == 3


@pytest.mark.parametrize(
    ("sent", "words", "rows"),
    [
        (uplink({"temperature": 1}, device="FFFF"), "no device of the city is called 'FFFF'", 0),
        (uplink({"other": 1}), "looks for temperature and the message has other", 0),
        (uplink(None, payload=b"\x01"), "has no codec", 0),
        (uplink({"temperature": [1]}), "temperature is a list", 0),
        (uplink({"temperature": 1e400}), "no finite number", 0),
        (uplink({"temperature": 1}, units={"temperature": "furlong"}), "no UCUM unit", 0),
        (uplink({"temperature": 1}, fault="line 3 is cut"), "line 3 is cut", 0),
    ],
)
def test_what_cannot_be_used_is_kept_with_its_reason(sent: Uplink, words: str, rows: int) -> None:
    read = Bench(model(quantity("temperature"))).read(sent)
    assert len(read.rows) == rows
    assert words in read.dead[0].what
    assert read.dead[0].remedy


def test_what_can_be_used_of_a_message_is() -> None:
    read = Bench(model(quantity("temperature"), quantity("humidity", "%"))).read(
        uplink({"temperature": 21, "humidity": {"a": 1}})
    )
    assert [row.result for row in read.rows] == [21.0]
    assert "humidity is a dict" in read.dead[0].what


def test_a_null_says_that_the_device_tried() -> None:
    row = Bench(model(quantity("temperature"))).read(uplink({"temperature": None})).rows[0]
    assert (row.result, row.result_json, row.quality) == (None, None, 9)


def test_events_without_values_are_on_record_alone() -> None:
    read = Bench(model(quantity("temperature"))).read(
        uplink(event="join"), uplink(event="status", battery_percent=61.0)
    )
    assert ([record.event for record in read.records], read.rows, read.dead) == (["join", "status"], [], [])
    assert read.records[1].battery_percent == 61.0


def test_a_unit_that_the_message_states_is_converted() -> None:
    read = Bench(model(quantity("temperature"))).read(uplink({"temperature": 300.15}, units={"temperature": "K"}))
    assert read.rows[0].result == pytest.approx(27.0)


def test_a_repeated_frame_is_told_by_when_it_was_heard_not_by_the_clock_of_its_device() -> None:
    bench = Bench(model(quantity("temperature")))
    frame = {"counter": 3, "payload": b"", "server_time": NOON, "device_time": NOON - 3 * 86_400 * SECOND}
    read = bench.read(uplink({"temperature": 1}, **frame))
    bench.seen.add((record.fingerprint or 0, record.heard) for record in read.records)
    assert read.records[0].clock == "device"
    assert bench.read(uplink({"temperature": 1}, **frame)).repeated == 1


def test_a_site_keeps_its_series_when_its_device_is_replaced() -> None:
    chosen = model(quantity("temperature"))
    mapping = compiled(chosen)
    devices = Devices(
        {
            "old": [Attached("AIX-1", mapping, None, NOON), Attached("AIX-2", mapping, NOON + 10 * SECOND)],
            "new": Attached("AIX-1", mapping, NOON),
        }
    )
    found = {
        (name, shift): site.thing_code if (site := devices.find(name, NOON + shift * SECOND)) else None
        for name in ("old", "new")
        for shift in (-1, 0, 11)
    }
    assert found == {
        ("old", -1): "AIX-1", ("old", 0): None, ("old", 11): "AIX-2",
        ("new", -1): None, ("new", 0): "AIX-1", ("new", 11): "AIX-1",
    }  # fmt: skip
