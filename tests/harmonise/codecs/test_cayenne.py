"""Cayenne LPP: the published examples, every type, and bytes that are something else."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.codecs import CodecError, Frame
from placette.harmonise.codecs.cayenne import KINDS, CayenneLpp

LPP = CayenneLpp()

# the first four are the examples of the Cayenne LPP documentation
PUBLISHED = {
    "03670110056700FF": {"temperature_3": 27.2, "temperature_5": 25.5},
    "0167FFD7067104D2FB2E0000": {"temperature_1": -4.1, "accelerometer_6": {"x": 1.234, "y": -1.234, "z": 0}},
    "018806765FF2960A0003E8": {"gps_1": {"latitude": 42.3519, "longitude": -87.9094, "altitude": 10}},
    "036701100567FFFF": {"temperature_3": 27.2, "temperature_5": -0.1},
    "0000010101FF": {"digital_input_0": 1, "digital_output_1": 255},
    "0202FF9C": {"analog_input_2": -1},
    "016500C8026601036853047327BE": {"illuminance_1": 200, "presence_2": 1, "humidity_3": 41.5, "barometer_4": 1017.4},
    "0786FFFF0064FF9C": {"gyrometer_7": {"x": -0.01, "y": 1, "z": -1}},
    "018565A0BC00": {"unix_time_1": 1705032704},
    "0187FF8000": {"colour_1": {"red": 255, "green": 128, "blue": 0}},
    "": {},
}


@pytest.mark.parametrize(("payload", "fields"), PUBLISHED.items())
def test_a_payload_becomes_fields_named_by_type_and_channel(payload: str, fields: dict[str, object]) -> None:
    given_fields = LPP.decode(bytes.fromhex(payload), None, 0).fields
    assert given_fields == fields


@pytest.mark.parametrize(
    ("payload", "said"),
    [
        ("0367011005", "byte 4: a channel without a type"),
        ("036701", "byte 2: temperature on channel 3 has 1 bytes of 2"),
        ("036701100AFE00", "byte 5: the type 254 is not one"),
    ],
)
def test_a_payload_that_is_not_cayenne_is_refused_at_its_byte(payload: str, said: str) -> None:
    with pytest.raises(CodecError, match=said):
        LPP.decode(bytes.fromhex(payload), None, 0)


@pytest.mark.parametrize("number", KINDS)
def test_every_type_reads_its_own_length(number: int) -> None:
    payload = bytes([9, number]) + bytes(KINDS[number].size)
    assert list(LPP.decode(payload, None, 0).fields) == [f"{KINDS[number].name}_9"]


@given(st.binary(max_size=64))
def test_any_bytes_are_decoded_or_refused(payload: bytes) -> None:
    found = LPP.decode_many([Frame(payload)])[0]
    assert isinstance(found, CodecError) or all(isinstance(name, str) for name in found.fields)
