from __future__ import annotations

from typing import Any

import pytest

from placette.model import times
from placette.model.errors import BadInput

NOON = times.micros("2026-07-01T12:00:00Z")
URN = "urn:ngsi-ld:AirQualityObserved:aix-rotonde"


def linked(*entities: Any) -> dict[str, Any]:
    return {
        "id": "urn:ngsi-ld:Notification:5e1",
        "type": "Notification",
        "subscriptionId": "urn:ngsi-ld:Subscription:1",
        "notifiedAt": "2026-07-01T12:00:01.5Z",
        "data": list(entities),
    }


def second(*entities: Any) -> dict[str, Any]:
    return {"subscriptionId": "57edf55231cee478fe9fff1f", "data": list(entities)}


SHAPES = {
    "NGSI-LD, normalised": linked(
        {
            "id": URN,
            "type": "AirQualityObserved",
            "no2": {"type": "Property", "value": 22.5, "unitCode": "GQ", "observedAt": "2026-07-01T12:00:00.000Z"},
        }
    ),
    "NGSI-LD, concise": linked(
        {"id": URN, "type": "A", "no2": {"value": 22.5, "unitCode": "GQ", "observedAt": "2026-07-01T12:00:00Z"}}
    ),
    "NGSI-LD, names expanded": linked(
        {
            "id": URN,
            "type": "A",
            "https://uri.etsi.org/ngsi-ld/default-context/no2": {"value": 22.5, "unitCode": "GQ"},
            "dateObserved": {"type": "Property", "value": {"@type": "DateTime", "@value": "2026-07-01T12:00:00Z"}},
        }
    ),
    "NGSI-LD over MQTT": {
        "metadata": {"Content-Type": "application/json"},
        "body": linked({"id": URN, "no2": {"value": 22.5, "unitCode": "GQ", "observedAt": "2026-07-01T12:00:00Z"}}),
    },
    "NGSI v2, normalised": second(
        {
            "id": URN,
            "type": "AirQualityObserved",
            "no2": {
                "type": "Number",
                "value": 22.5,
                "metadata": {
                    "unitCode": {"type": "Text", "value": "GQ"},
                    "TimeInstant": {"type": "DateTime", "value": "2026-07-01T12:00:00.00Z"},
                },
            },
        }
    ),
    "NGSI v2, time of the entity": second(
        {
            "id": URN,
            "type": "A",
            "TimeInstant": {"type": "DateTime", "value": "2026-07-01T12:00:00.00Z", "metadata": {}},
            "no2": {"type": "Number", "value": 22.5, "metadata": {"unitCode": {"value": "GQ"}}},
        }
    ),
}


@pytest.mark.parametrize("payload", SHAPES.values(), ids=SHAPES)
def test_every_representation_is_the_same_uplink(reading: Any, payload: Any) -> None:
    [uplink] = reading("ngsi", payload)
    assert (uplink.device, uplink.fields, uplink.units, uplink.device_time) == (
        URN,
        {"no2": 22.5},
        {"no2": "ug/m3"},
        NOON,
    )


@pytest.mark.parametrize(
    "entity",
    [
        {"id": URN, "type": "A", "no2": 22.5, "dateObserved": "2026-07-01T11:00:00Z/2026-07-01T12:00:00Z"},
        {"id": URN, "type": "A", "no2": 22.5, "TimeInstant": "2026-07-01T12:00:00Z"},
    ],
)
@pytest.mark.parametrize("around", [linked, second, lambda entity: entity, lambda entity: [entity]])
def test_simplified_entities_give_their_values(reading: Any, around: Any, entity: Any) -> None:
    [uplink] = reading("ngsi", around(entity))
    assert (uplink.fields, uplink.device_time) == ({"no2": 22.5}, NOON)


def test_attributes_observed_at_different_times_are_different_uplinks(reading: Any) -> None:
    one, other = {"value": 1, "observedAt": "2026-07-01T12:00:00Z"}, {"value": 2, "observedAt": "2026-07-01T12:01:00Z"}
    uplinks = reading("ngsi", linked({"id": URN, "no2": one, "pm10": other, "o3": one}))
    assert [(each.fields, (each.device_time - NOON) // 60_000_000) for each in uplinks] == [
        ({"no2": 1, "o3": 1}, 0),
        ({"pm10": 2}, 1),
    ]


def test_an_attribute_with_several_instances_gives_each(reading: Any) -> None:
    instances = [{"value": n, "observedAt": f"2026-07-01T12:0{n}:00Z", "datasetId": f"urn:{n}"} for n in (1, 2)]
    uplinks = reading("ngsi", linked({"id": URN, "no2": instances}))
    assert [each.fields for each in uplinks] == [{"no2": 1}, {"no2": 2}]


def test_relations_places_and_lists_are_kept_as_values(reading: Any) -> None:
    place = {"type": "GeoProperty", "value": {"type": "Point", "coordinates": [5.4, 43.5]}}
    entity = {"id": URN, "location": place, "refDevice": {"type": "Relationship", "object": "urn:d"}, "levels": [1, 2]}
    [uplink] = reading("ngsi", linked(entity))
    assert uplink.fields == {"location": place["value"], "refDevice": "urn:d", "levels": [1, 2]}


def test_an_unknown_unit_code_stays_as_it_is(reading: Any) -> None:
    [uplink] = reading("ngsi", linked({"id": URN, "no2": {"value": 1, "unitCode": "X9Z"}}))
    assert uplink.units == {"no2": "X9Z"}


def test_a_notification_says_when_the_broker_sent_it(reading: Any) -> None:
    [uplink] = reading("ngsi", linked({"id": URN, "no2": 1}))
    assert (uplink.device_time, uplink.server_time) == (None, NOON + 1_500_000)


def test_a_bad_entity_does_not_cost_the_good_ones(reading: Any) -> None:
    late = {"id": URN, "no2": {"value": 1, "observedAt": "noon"}}
    good, *bad = reading("ngsi", linked({"id": URN, "no2": 1}, {"no2": 1}, "x", late))
    assert good.fields == {"no2": 1}
    assert [each.fault.partition(" — ")[0] for each in bad] == [
        "the entity has no id (data[1])",
        "the entity has no id (data[2])",
        "'noon' is not a time (data[3].no2)",
    ]


@pytest.mark.parametrize("payload", [{}, {"data": []}, {"type": "Notification"}, b"[", b"3"])
def test_what_is_no_notification_is_refused(reading: Any, payload: Any) -> None:
    with pytest.raises(BadInput):
        reading("ngsi", payload)
