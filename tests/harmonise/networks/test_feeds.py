"""Answers of feeds that are not what their services document: a clear word, the good records used, never a crash."""

from __future__ import annotations

import contextlib
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from placette.harmonise.networks import FORMATS
from placette.model import feeds
from placette.model.arrivals import Arrival
from placette.model.errors import PlacetteError

NOON = 1_782_907_200_000_000
TOLD = {
    "open-meteo": {"devices": "A", "forecast": 1},
    "meteo-france": {},
    "meteo-france-climate": {},
    "atmo": {"devices": "13001", "zone": "Europe/Paris"},
    "vigieau": {"device": "A", "zone": "Europe/Paris"},
    "opendatasoft": {"date_field": "d", "station_field": "s", "devices": "A", "zone": "Europe/Paris"},
    "sensorthings": {"device": "A", "field": "f", "unit": "Cel"},
    "openaq": {"device": "A"},
    "datatourisme": {},
    "icalendar": {"device": "A", "zone": "Europe/Paris", "back": 7, "ahead": 90},
    "gbfs": {"devices": "1"},
}


def arrival(kind: str, payload: bytes) -> Arrival:
    channel = feeds.channel("https://a.example/x", **TOLD[kind])  # type: ignore[arg-type]
    return Arrival(network="feed", channel=channel, payload=payload, received_time=NOON)


def read(kind: str, said: Any) -> Any:
    payload = said if isinstance(said, bytes) else msgspec.json.encode(said)
    return FORMATS[kind].reader({})(arrival(kind, payload))


@pytest.mark.parametrize("kind", feeds.KINDS)
@pytest.mark.parametrize(
    "payload",
    [b"", b"<html>maintenance</html>", b"\xff\xfe\x00", "é".encode("latin-1"), b"null", b"7", b'{"error": true}', b"{"],
)
def test_what_is_no_answer_says_so(kind: str, payload: bytes) -> None:
    with pytest.raises(PlacetteError) as caught:
        read(kind, payload)
    assert caught.value.what


@pytest.mark.parametrize(
    ("kind", "said", "what"),
    [
        ("open-meteo", {"hourly_units": {}, "hourly": {"t": []}}, "'time' is missing in 'hourly'"),
        ("open-meteo", {"hourly": {"time": []}}, "'hourly_units' is missing"),
        ("open-meteo", {"hourly_units": {}, "hourly": {"time": [1], "t": []}}, "different lengths"),
        ("open-meteo", {"hourly_units": {}, "hourly": {"time": ["x"], "t": [1]}}, "no Unix time"),
        ("open-meteo", [{}, {}], "2 answers for 1 devices"),
        ("meteo-france", {"data": []}, "no list of observations"),
        ("meteo-france-climate", b"POSTE;DATE\n1;2\n", "NUM_POSTE"),
        ("atmo", {"type": "FeatureCollection"}, "'features' is missing"),
        ("vigieau", [{"type": "SUP"}], "'niveauGravite' is missing in zone 0"),
        ("vigieau", [{"type": "SUP", "niveauGravite": "rouge"}], "unknown level 'rouge'"),
        ("vigieau", [{"niveauGravite": "crise"}], "'type' is missing in zone 0"),
        ("opendatasoft", {"records": []}, "'results' is missing"),
        ("sensorthings", {"values": []}, "'value' is missing"),
        ("openaq", {"measurements": []}, "'results' is missing"),
        ("gbfs", {"data": {"en": {}}}, "'stations' is missing in 'data'"),
        ("datatourisme", {"@id": "u", "rdfs:label": {"fr": ["x"]}}, "'isLocatedAt' is missing"),
        (
            "datatourisme",
            {"@id": "u", "rdfs:label": {"fr": ["x"]}, "isLocatedAt": [{"schema:geo": {"schema:latitude": "x"}}]},
            "'schema:longitude' is missing",
        ),
    ],
)
def test_a_changed_schema_names_what_is_missing(kind: str, said: Any, what: str) -> None:
    with pytest.raises(PlacetteError, match=what):
        read(kind, said)


GOOD = {
    "meteo-france": {"geo_id_insee": "1", "validity_time": "2026-07-01T12:00:00Z", "t": 300},
    "atmo": {"properties": {"code_zone": "13001", "date_ech": "2026-07-01", "code_qual": 2}},
    "opendatasoft": {"s": "A", "d": "2026-07-01", "v": 1},
    "sensorthings": {"phenomenonTime": "2026-07-01T12:00:00Z", "result": 1},
    "openaq": {
        "value": 1.5,
        "parameter": {"name": "pm25", "units": "µg/m³"},
        "period": {"datetimeFrom": {"utc": "2026-07-01T11:00:00Z"}, "datetimeTo": {"utc": "2026-07-01T12:00:00Z"}},
    },
    "gbfs": {"station_id": "1", "num_bikes_available": 1, "last_reported": 1_782_907_200},
}
AROUND: dict[str, Any] = {
    "meteo-france": lambda records: records,
    "atmo": lambda records: {"features": records},
    "opendatasoft": lambda records: {"results": records},
    "sensorthings": lambda records: {"value": records},
    "openaq": lambda records: {"results": records},
    "gbfs": lambda records: {"last_updated": None, "data": {"stations": records}},
}
REQUIRED = [
    ("meteo-france", "geo_id_insee"),
    ("meteo-france", "validity_time"),
    ("atmo", "properties"),
    ("opendatasoft", "s"),
    ("opendatasoft", "d"),
    ("sensorthings", "phenomenonTime"),
    ("sensorthings", "result"),
    ("openaq", "parameter"),
    ("openaq", "period"),
    ("gbfs", "station_id"),
    ("gbfs", "last_reported"),
]


@pytest.mark.parametrize(("kind", "name"), REQUIRED)
def test_one_record_without_a_field_hides_no_other(kind: str, name: str) -> None:
    bad = {key: value for key, value in GOOD[kind].items() if key != name}
    found = read(kind, AROUND[kind]([GOOD[kind], bad, GOOD[kind]]))
    assert [bool(uplink.fault) for uplink in found] == [False, True, False]
    assert name in found[1].fault or "last_updated" in found[1].fault


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4),
    max_leaves=12,
)


@st.composite
def almost(draw: Any) -> tuple[str, Any]:
    """Return a good answer of which one record has one member replaced by anything."""
    kind = draw(st.sampled_from(sorted(GOOD)))
    record = dict(GOOD[kind])
    record[draw(st.sampled_from(sorted(record)))] = draw(JSON)
    return kind, AROUND[kind]([draw(JSON), record, GOOD[kind]])


@settings(max_examples=300)
@given(almost())
def test_anything_in_the_place_of_a_member_is_read_or_told(case: tuple[str, Any]) -> None:
    kind, said = case
    try:
        found = read(kind, said)
    except PlacetteError:
        return
    assert found[-1].fields
    assert not found[-1].fault


@settings(max_examples=200)
@given(st.sampled_from(sorted(set(feeds.KINDS) - {"icalendar"})), JSON)
def test_any_json_is_read_or_told(kind: str, said: Any) -> None:
    with contextlib.suppress(PlacetteError):
        assert all(uplink.fault or uplink.fields is not None for uplink in read(kind, said))


def test_a_calendar_with_one_broken_event_still_tells_the_others() -> None:
    event = "BEGIN:VEVENT\r\nUID:{0}\r\nDTSTART:{1}\r\nSUMMARY:E{0}\r\nEND:VEVENT\r\n"
    body = event.format(1, "20260710T100000Z") + event.format(2, "yesterday") + event.format(3, "20260711T100000Z")
    found = read("icalendar", f"BEGIN:VCALENDAR\r\nVERSION:2.0\r\n{body}END:VCALENDAR\r\n".encode())
    titles = [event["title"] for uplink in found for event in (uplink.fields or {})["events"]]
    assert titles == ["E1", "E3"]
