from __future__ import annotations

from typing import Any

import pytest

from placette.harmonise.networks.talq import ATTRIBUTES
from placette.model import conversion, times
from placette.model.errors import BadInput

LAMP = "93c751e8-2c06-460e-8d68-31f5e4774b43"
NOON = "2026-07-01T12:00:00Z"
LEVEL = {"type": "LevelState", "level": 30}
REPORTS = "/talq/lights/log-reports"
DEVICES = "/talq/lights/devices"


def attribute(name: str, value: Any, *, source: str = LAMP, time: str = NOON, **more: Any) -> dict[str, Any]:
    wrapped = {"type": "AttributeFloat", "value": value, "timestamp": time} | more
    return {
        "data": {"type": "AttributeLogData", "srcAddress": source, "attributeName": name, "attributeValue": wrapped}
    }


def event(kind: str, **more: Any) -> dict[str, Any]:
    return {"data": {"type": "EventLogData", "srcAddress": LAMP, "timestamp": NOON, "eventType": kind} | more}


def report(*entries: Any) -> dict[str, Any]:
    return {"address": "5f3c", "entries": list(entries)}


def test_what_a_device_measured_at_one_moment_is_one_uplink(reading: Any) -> None:
    sent = report(
        attribute("totalPower", 0.042, source=f"{LAMP}/meter-01"),
        attribute("pm2-5", 8.5),
        attribute("totalPower", 0.04, time="2026-07-01T12:15:00+02:00", source=f"{LAMP}/meter-01"),
    )
    first, second = reading("talq", sent, channel=REPORTS)
    assert first.device == second.device == LAMP
    assert first.fields == {
        "totalPower": 0.042,
        "power": 0.042,
        "meter-01": {"totalPower": 0.042},
        "pm2-5": 8.5,
        "pm2_5": 8.5,
    }
    assert first.units == {"totalPower": "kW", "power": "kW", "pm2-5": "ug/m3", "pm2_5": "ug/m3"}
    assert (first.device_time, second.device_time) == (times.micros(NOON), times.micros("2026-07-01T10:15:00Z"))
    assert first.event == "other"


VALUES = {
    "a level": (attribute("actualLightState", {"type": "LevelState", "level": 80}), "dimming", 80),
    "a switch": (attribute("photocellOutput", "ON", type="AttributeBinary"), "photocellOutput", "ON"),
    "an event that begins": (event("lampFailure", startEndFlag=True), "lampFailure", True),
    "an event that ends": (event("lampFailure", startEndFlag=False), "lampFailure", False),
    "an event without duration": (event("deviceReset"), "deviceReset", True),
    "a state that changed": (
        event("lightStateChange", type="StateChangeEventLogData", command={"state": LEVEL}),
        "dimming",
        30,
    ),
    "a state other than commanded": (
        event("stateChange", type="StateChangeEventLogData", command={}, state={"type": "BooleanState", "value": True}),
        "actualState",
        True,
    ),
    "a place": (
        attribute("location", {"lat": 43.5, "lng": 5.4}, type="AttributeLocation"),
        "location",
        {"lat": 43.5, "lng": 5.4},
    ),
}


@pytest.mark.parametrize("case", VALUES.values(), ids=VALUES)
def test_values_and_events_are_read(reading: Any, case: tuple[Any, str, Any]) -> None:
    entry, name, value = case
    [uplink] = reading("talq", [report(entry)], channel=REPORTS)
    assert uplink.fields[name] == value


def test_a_device_update_tells_what_has_a_timestamp(reading: Any) -> None:
    functions = [
        {
            "id": "lamp-01",
            "type": "LampActuatorFunction",
            "calendarID": {"type": "AttributeString", "value": "c"},
            "actualLightState": {"type": "AttributeLevelState", "value": {"type": "L", "level": 50}, "timestamp": NOON},
        },
        {"id": "basic", "type": "BasicFunction", "assetId": {"type": "AttributeString", "value": "EP-17"}},
    ]
    device = {"address": LAMP, "name": "17", "class": "Lamp", "functions": functions}
    [uplink] = reading("talq", [device, {"address": LAMP, "name": "18"}], channel=DEVICES)
    assert uplink.fields == {"actualLightState": 50, "dimming": 50, "lamp-01": {"actualLightState": 50}}


def test_a_bad_entry_does_not_cost_the_good_ones(reading: Any) -> None:
    bad = [3, {}, {"data": {"srcAddress": LAMP, "type": "X"}}, attribute("pm10", 1, time="noon"), event("")]
    sent = [report(attribute("pm10", 17.5), *bad), "x"]
    good, *faulty = reading("talq", sent, channel=REPORTS)
    assert good.fields["pm10"] == 17.5
    assert [each.fault.partition(":")[0] for each in faulty] == [
        *(f"entries[{n}]" for n in range(1, 6)),
        "[1] is no object",
    ]


def test_what_is_no_json_is_refused(reading: Any) -> None:
    with pytest.raises(BadInput):
        reading("talq", b"<xml/>", channel=REPORTS)


def test_an_empty_report_says_nothing(reading: Any) -> None:
    assert reading("talq", report(), channel=REPORTS) == []


@pytest.mark.parametrize("unit", sorted({each.unit for each in ATTRIBUTES.values()} - {""}))
def test_every_unit_of_the_table_is_known(unit: str) -> None:
    assert conversion.of(unit, unit, "", 20.0).multiply == 1
