"""The catalogue: Things, Locations, Sensors, ObservedProperties, Datastreams, Features of interest.

Every function takes the connection that ``Store.change`` hands out and runs inside its transaction.
"""

from placette.store.catalogue.bulk import insert_many, locate_many
from placette.store.catalogue.delete import (
    delete_datastream,
    delete_datastreams,
    delete_feature,
    delete_historical_locations,
    delete_location,
    delete_observed_property,
    delete_sensor,
    delete_thing,
)
from placette.store.catalogue.entities import (
    insert_datastream,
    insert_feature,
    insert_location,
    insert_observed_property,
    insert_sensor,
    insert_thing,
    next_id,
    require,
    update,
)
from placette.store.catalogue.links import move_thing, record

__all__ = [
    "delete_datastream",
    "delete_datastreams",
    "delete_feature",
    "delete_historical_locations",
    "delete_location",
    "delete_observed_property",
    "delete_sensor",
    "delete_thing",
    "insert_datastream",
    "insert_feature",
    "insert_location",
    "insert_many",
    "insert_observed_property",
    "insert_sensor",
    "insert_thing",
    "locate_many",
    "move_thing",
    "next_id",
    "record",
    "require",
    "update",
]
