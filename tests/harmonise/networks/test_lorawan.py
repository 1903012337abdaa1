"""The same frame through ChirpStack and The Things Stack is one uplink."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest

from placette.model import times

UP = "application/17/device/24e124136b502217/event/up"


def chirpstack(**changes: Any) -> dict[str, Any]:
    """An event as ChirpStack 4.9 publishes it, with zeros written out."""
    event: dict[str, Any] = {
        "deduplicationId": "3ac7e3c4-4401-4b8d-9386-a5c902f9202d",
        "time": "2026-07-01T10:00:00.123456789+00:00",
        "deviceInfo": {
            "tenantId": "52f14cd4-c6f1-4fbd-8f87-4025e1d49242",
            "tenantName": "Aix",
            "applicationId": "17",
            "applicationName": "places",
            "deviceProfileName": "EM500",
            "deviceName": "Rotonde 3",
            "devEui": "24e124136b502217",
            "tags": {},
        },
        "devAddr": "00189440",
        "adr": True,
        "dr": 5,
        "fCnt": 1834,
        "fPort": 85,
        "confirmed": False,
        "data": "A2fgAARoZQ==",
        "object": {"temperature": 22.4, "humidity": 50.5, "door": False, "count": 0.0},
        "rxInfo": [
            {
                "gatewayId": "0016c001f153a14c",
                "uplinkId": 4217106255,
                "gwTime": "2026-07-01T10:00:00.100200300+00:00",
                "nsTime": "2026-07-01T10:00:00.223456789+00:00",
                "timeSinceGpsEpoch": "1466935218.100s",
                "rssi": -97,
                "snr": 0.0,
                "context": "EFwMtA==",
                "crcStatus": "CRC_OK",
            },
            {
                "gatewayId": "0016c001f153a14d",
                "uplinkId": 1,
                "gwTime": "1970-01-01T00:12:03+00:00",
                "nsTime": "2026-07-01T10:00:00.323456789+00:00",
                "rssi": -57,
                "snr": 10.0,
            },
        ],
        "txInfo": {
            "frequency": 868300000,
            "modulation": {"lora": {"bandwidth": 125000, "spreadingFactor": 7, "codeRate": "CR_4_5"}},
        },
        "regionConfigId": "eu868",
    }
    return {key: value for key, value in (event | changes).items() if value is not None}


def things(**changes: Any) -> dict[str, Any]:
    """The same frame as The Things Stack 3.30 sends it: what is 0, false or empty is not there."""
    message: dict[str, Any] = {
        "session_key_id": "AWNbm/4zfqx0jZ5q1NlBmw==",
        "f_port": 85,
        "f_cnt": 1834,
        "frm_payload": "A2fgAARoZQ==",
        "decoded_payload": {"temperature": 22.4, "humidity": 50.5, "door": False, "count": 0.0},
        "rx_metadata": [
            {
                "gateway_ids": {"gateway_id": "aix-rotonde", "eui": "0016C001F153A14C"},
                "time": "2026-07-01T10:00:00.100200300Z",
                "timestamp": 3895211423,
                "rssi": -97,
                "channel_rssi": -97,
                "uplink_token": "CiIKIAoU",
            },
            {
                "gateway_ids": {"gateway_id": "aix-torse", "eui": "0016C001F153A14D"},
                "rssi": -57,
                "channel_rssi": -57,
                "snr": 10,
            },
        ],
        "settings": {
            "data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7, "coding_rate": "4/5"}},
            "frequency": "868300000",
            "timestamp": 3895211423,
            "time": "2026-07-01T10:00:00.100200300Z",
        },
        "received_at": "2026-07-01T10:00:00.223456789Z",
        "consumed_airtime": "0.061696s",
        "network_ids": {"net_id": "000013", "tenant_id": "ttn"},
    }
    message = {key: value for key, value in (message | changes).items() if value is not None}
    return {
        "end_device_ids": {
            "device_id": "rotonde-3",
            "application_ids": {"application_id": "places"},
            "dev_eui": "24E124136B502217",
            "join_eui": "24E124C0002A0001",
            "dev_addr": "00189440",
        },
        "correlation_ids": ["as:up:01HX6YGQ7E0V83YRZ7K4S5J4ZN", "gs:uplink:01HX6YGQ7AS3VTM5W5W36YV1F1"],
        "received_at": "2026-07-01T10:00:00.423456789Z",
        "uplink_message": message,
    }


PAIRS = {
    "whole": ({}, {}),
    "first frame of a session": ({"fCnt": 0}, {"f_cnt": None}),
    "zeros left out by both": ({"fCnt": None}, {"f_cnt": None}),
    "no codec on the server": ({"object": None}, {"decoded_payload": None}),
    "an object that is empty": ({"object": {}}, {"decoded_payload": {}}),
    "nothing for the application": (
        {"fPort": 0, "data": "", "object": None},
        {"f_port": None, "frm_payload": None, "decoded_payload": None},
    ),
    "an empty payload": ({"data": "", "object": None}, {"frm_payload": None, "decoded_payload": None}),
}


@pytest.mark.parametrize("pair", PAIRS.values(), ids=PAIRS)
def test_the_same_frame_is_the_same_uplink(reading: Any, pair: tuple[dict[str, Any], dict[str, Any]]) -> None:
    [one] = reading("chirpstack", chirpstack(**pair[0]), channel=UP)
    [other] = reading("the_things_stack", things(**pair[1]), channel="v3/places@ttn/devices/rotonde-3/up")
    assert (one.leaves_out_zeros, other.leaves_out_zeros) == (False, True)
    plain, other_plain = (
        msgspec.structs.replace(each, deduplication="", leaves_out_zeros=False) for each in (one, other)
    )
    assert plain == other_plain
    assert one.deduplication
    assert other.deduplication


def test_an_uplink_says_who_what_and_when(reading: Any) -> None:
    [uplink] = reading("chirpstack", chirpstack(), channel=UP)
    assert uplink.device == "24E124136B502217"
    assert uplink.payload == bytes.fromhex("0367e000046865")
    assert (uplink.port, uplink.counter, uplink.session) == (85, 1834, "00189440")
    assert uplink.fields == {"temperature": 22.4, "humidity": 50.5, "door": False, "count": 0.0}
    assert times.iso(uplink.gateway_time) == "2026-07-01T10:00:00.100200Z"
    assert times.iso(uplink.server_time) == "2026-07-01T10:00:00.223456Z"
    assert [each.gateway for each in uplink.receptions] == ["0016C001F153A14D", "0016C001F153A14C"]
    assert [each.time for each in uplink.receptions] == [None, uplink.gateway_time]
    assert (uplink.radio.spreading_factor, uplink.radio.coding_rate) == (7, "4/5")


@pytest.mark.parametrize("clock", [None, "1970-01-01T00:12:03+00:00", "2006-03-01T00:00:00Z"])
def test_a_gateway_without_a_set_clock_tells_no_time(reading: Any, clock: str | None) -> None:
    heard = {"gatewayId": "0016c001f153a14c", "rssi": -97, **({"gwTime": clock} if clock else {})}
    [one] = reading("chirpstack", chirpstack(rxInfo=[heard]), channel=UP)
    metadata = {"gateway_ids": {"eui": "0016C001F153A14C"}, "rssi": -97, **({"time": clock} if clock else {})}
    [other] = reading("the_things_stack", things(rx_metadata=[metadata], settings={"time": clock or ""}))
    assert one.gateway_time is None is other.gateway_time
    assert one.receptions == other.receptions
    assert one.server_time == times.micros("2026-07-01T10:00:00.123456Z")


def test_gps_time_stands_in_for_a_gateway_that_tells_no_other(reading: Any) -> None:
    heard = {"gatewayId": "0016c001f153a14c", "timeSinceGpsEpoch": "1466935218.100s"}
    [one] = reading("chirpstack", chirpstack(rxInfo=[heard]), channel=UP)
    assert times.iso(one.gateway_time) == "2026-07-01T10:00:00.100000Z"
