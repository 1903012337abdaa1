"""The root document: where the entity sets are and which requirement classes of the standard hold (OGC 18-088, 9.2.1).

Only what works is listed; ``tests/publish/sensorthings`` shows each class at work.
"""

from __future__ import annotations

from typing import Any

from placette.publish.sensorthings.entities import SETS

_BASE = "http://www.opengis.net/spec/iot_sensing/1.1/req/"
_ENTITIES = (
    "thing",
    "location",
    "historical-location",
    "datastream",
    "sensor",
    "observed-property",
    "observation",
    "feature-of-interest",
)
_CLASSES = (
    *(f"datamodel/{entity}/{part}" for entity in _ENTITIES for part in ("properties", "relations")),
    "datamodel/entity-control-information/common-control-information",
    "resource-path/resource-path-to-entities",
    "request-data/status-code",
    "request-data/query-status-code",
    "request-data/order",
    "request-data/expand",
    "request-data/select",
    "request-data/orderby",
    "request-data/top",
    "request-data/skip",
    "request-data/count",
    "request-data/filter",
    "request-data/built-in-filter-operations",
    "request-data/pagination",
    "create-update-delete/create-entity",
    "create-update-delete/link-to-existing-entities",
    "create-update-delete/deep-insert",
    "create-update-delete/deep-insert-status-code",
    "create-update-delete/update-entity",
    "create-update-delete/update-entity-put",
    "create-update-delete/update-entity-jsonpatch",
    "create-update-delete/delete-entity",
    "create-update-delete/historical-location-auto-creation",
    "create-update-delete/historical-location-manual-creation",
    "data-array/data-array",
)
_MQTT = ("create-observations-via-mqtt/observations-creation",)


def root_document(root: str, mqtt: tuple[str, ...] = ()) -> dict[str, Any]:
    """Return the root document; ``mqtt`` are the addresses of brokers that carry our topics, none when MQTT is off."""
    classes = [_BASE + name for name in _CLASSES]
    settings: dict[str, Any] = {"conformance": classes}
    if mqtt:
        classes.extend(_BASE + name for name in _MQTT)
        settings |= {_BASE + name: {"endpoints": list(mqtt)} for name in _MQTT}
    return {
        "value": [{"name": name, "url": f"{root}/{name}"} for name in SETS],
        "serverSettings": settings,
    }
