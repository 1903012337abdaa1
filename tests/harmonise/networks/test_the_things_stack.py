from __future__ import annotations

from typing import Any

import pytest
from tests.harmonise.networks.test_lorawan import things

from placette.harmonise.uplinks import fingerprint_of
from placette.model.errors import PlacetteError

IDS = {"end_device_ids": {"device_id": "rotonde-3", "dev_eui": "24E124136B502217", "dev_addr": "00189440"}}


def test_absent_zeros_are_restored_where_the_schema_says_what_absence_means(reading: Any) -> None:
    [uplink] = reading("the_things_stack", things(f_cnt=None))
    assert uplink.counter == 0
    assert [(each.rssi_dbm, each.snr_db) for each in uplink.receptions] == [(-57, 10), (-97, 0.0)]


def test_a_gateway_that_measured_nothing_tells_no_signal(reading: Any) -> None:
    relayed = {"gateway_ids": {"gateway_id": "packetbroker"}, "packet_broker": {"message_id": "01"}}
    [uplink] = reading("the_things_stack", things(rx_metadata=[relayed]))
    assert [(each.gateway, each.rssi_dbm, each.snr_db) for each in uplink.receptions] == [("packetbroker", None, None)]


def test_the_stack_s_normalised_values_stand_in_for_absent_decoded_ones(reading: Any) -> None:
    sent = things(decoded_payload=None, normalized_payload=[{"air": {"temperature": 21.5}}])
    [uplink] = reading("the_things_stack", sent)
    assert uplink.fields == {"air": {"temperature": 21.5}}


def test_the_battery_comes_with_the_uplink(reading: Any) -> None:
    [uplink] = reading("the_things_stack", things(last_battery_percentage={"f_cnt": 3, "value": 94.5}))
    assert uplink.battery_percent == 94.5


def test_an_older_stack_wrote_the_coding_rate_elsewhere(reading: Any) -> None:
    settings = {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "coding_rate": "4/5"}
    [uplink] = reading("the_things_stack", things(settings=settings))
    assert (uplink.radio.coding_rate, uplink.radio.frequency_hz) == ("4/5", None)


def test_a_frame_tried_again_by_a_webhook_has_the_same_identifier(reading: Any) -> None:
    again = things() | {"correlation_ids": ["gs:uplink:01HX6YGQ7AS3VTM5W5W36YV1F1", "as:up:OTHER"]}
    [one], [other] = reading("the_things_stack", things()), reading("the_things_stack", again)
    assert one == other


EVENTS = {
    "join": ({"join_accept": {"session_key_id": "AX"}}, ["join"]),
    "location": ({"location_solved": {"location": {"latitude": 43.5}}}, ["location"]),
    "downlink": ({"downlink_ack": {"f_port": 15}}, []),
    "normalised copy": ({"uplink_normalized": {"f_port": 1}}, []),
}


@pytest.mark.parametrize("case", EVENTS.values(), ids=EVENTS)
def test_other_messages_say_what_they_are(reading: Any, case: tuple[dict[str, Any], list[str]]) -> None:
    more, expected = case
    assert [each.event for each in reading("the_things_stack", IDS | more)] == expected


REFUSED = {
    "a simulated uplink": things() | {"simulated": True},
    "no device": {"uplink_message": {"f_port": 1}},
    "a device without any name": {"end_device_ids": {}, "uplink_message": {"f_port": 1}},
    "a DevEUI that is none": {"end_device_ids": {"dev_eui": "12"}, "uplink_message": {}},
    "another shape": ["up"],
    "a payload that is no base64": things(frm_payload="§"),
}


@pytest.mark.parametrize("payload", REFUSED.values(), ids=REFUSED)
def test_what_cannot_be_used_is_refused(reading: Any, payload: Any) -> None:
    with pytest.raises(PlacetteError):
        reading("the_things_stack", payload)


def test_each_normalised_measurement_of_a_frame_is_a_message_of_its_own(reading: Any) -> None:
    frame = things()["uplink_message"]
    ids = {key: value for key, value in things().items() if key != "uplink_message"}
    copies = [
        {**ids, "uplink_normalized": frame | {"normalized_payload": {"air": {"temperature": value}}}}
        for value in (20.5, 21.5)
    ]
    sent = [things(normalized_payload=[{"air": {"temperature": 20.5}}, {"air": {"temperature": 21.5}}]), *copies]
    plain, one, other = (reading("the_things_stack", each, options={"normalized": True}) for each in sent)
    assert plain == []
    assert [each.fields for each in one + other] == [{"air": {"temperature": 20.5}}, {"air": {"temperature": 21.5}}]
    assert one[0].payload is None
    assert fingerprint_of(one[0], "ttn") != fingerprint_of(other[0], "ttn")


def test_a_normalised_measurement_is_of_the_time_that_it_names(reading: Any) -> None:
    moments = []
    for time in ("2026-07-01T09:50:00Z", "1970-01-01T00:00:00Z", "soon", 7, None):
        measured = {"time": time, "air": {"temperature": 20.5}}
        copy = {"uplink_normalized": things()["uplink_message"] | {"normalized_payload": measured}}
        [uplink] = reading("the_things_stack", IDS | copy, options={"normalized": True})
        moments.append(uplink.device_time)
    assert moments == [1_782_899_400_000_000, None, None, None, None]


def test_an_uplink_that_is_not_normalised_is_read_since_no_copy_follows(reading: Any) -> None:
    [uplink] = reading("the_things_stack", things(), options={"normalized": True})
    assert uplink == reading("the_things_stack", things())[0]
