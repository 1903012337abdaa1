"""Damaged messages: whatever stands in the place of a member, a format reads it, or says what is wrong with it."""

from __future__ import annotations

import contextlib
import copy
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.harmonise.networks.test_lorawan import chirpstack, things
from tests.harmonise.networks.test_ngsi import SHAPES
from tests.harmonise.networks.test_talq import attribute, event, report

from placette.harmonise.networks import FORMATS
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError

JSON_OPTIONS = {"device": "d.id", "time": "t", "time_unit": "s", "values": "v", "name": "n", "value": "x", "items": "i"}
JSON_MESSAGE = {"d": {"id": "a"}, "t": 1782907200, "i": [{"v": [{"n": "t", "x": 1}]}]}
UP = "/event/up?event=up"
SAMPLES: dict[str, tuple[str, str, Any, dict[str, Any]]] = {
    "chirpstack up": ("chirpstack", UP, chirpstack(), {}),
    "chirpstack status": ("chirpstack", "/x?event=status", chirpstack(margin=3, batteryLevel=7.5), {}),
    "the things stack": ("the_things_stack", "v3", things(normalized_payload=[{"a": 1}]), {}),
    "ngsi-ld": ("ngsi", "n", SHAPES["NGSI-LD, normalised"], {}),
    "ngsi-v2": ("ngsi", "n", SHAPES["NGSI v2, normalised"], {}),
    "json": ("json", "j", JSON_MESSAGE, JSON_OPTIONS),
    "talq": ("talq", "/talq/x/log-reports", report(attribute("pm10", 3), event("lampFailure")), {}),
}
ANYTHING = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner, max_size=3),
    max_leaves=5,
)


def paths(value: Any, here: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    return [here, *(path for key, each in inner for path in paths(each, (*here, key)))]


def put(value: Any, path: tuple[Any, ...], other: Any) -> Any:
    if not path:
        return other
    whole = copy.deepcopy(value)
    inner = whole
    for key in path[:-1]:
        inner = inner[key]
    inner[path[-1]] = other
    return whole


@pytest.mark.parametrize("name", SAMPLES)
@given(data=st.data())
def test_anything_in_the_place_of_a_member_is_read_or_refused(name: str, data: st.DataObject) -> None:
    format_, channel, sample, options = SAMPLES[name]
    damaged = put(sample, data.draw(st.sampled_from(paths(sample))), data.draw(ANYTHING))
    arrival = Arrival(network="x", channel=channel, payload=msgspec.json.encode(damaged), received_time=0)
    try:
        uplinks = FORMATS[format_].reader(options)(arrival)
    except PlacetteError:
        return
    assert all(uplink.device or uplink.fault for uplink in uplinks)


@given(payload=st.binary(max_size=80))
@pytest.mark.parametrize("name", SAMPLES)
def test_any_bytes_are_read_or_refused(name: str, payload: bytes) -> None:
    format_, channel, _, options = SAMPLES[name]
    arrival = Arrival(network="x", channel=channel, payload=payload, received_time=0)
    with contextlib.suppress(PlacetteError):
        FORMATS[format_].reader(options)(arrival)
