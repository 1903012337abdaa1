"""The city folder: reads it, explains every fault with file, line and remedy, scaffolds a new one."""

from placette.city.documents import Fault
from placette.city.entities import CityEntities, PlannedDatastream, PlannedThing, datastream_code, entities
from placette.city.folder import check, read
from placette.city.model import (
    Calendar,
    City,
    Device,
    DeviceModel,
    Feed,
    Market,
    Network,
    Occasion,
    Place,
    Property,
    Quantity,
)
from placette.city.scaffold import FILES, scaffold, slug

__all__ = [
    "FILES",
    "Calendar",
    "City",
    "CityEntities",
    "Device",
    "DeviceModel",
    "Fault",
    "Feed",
    "Market",
    "Network",
    "Occasion",
    "Place",
    "PlannedDatastream",
    "PlannedThing",
    "Property",
    "Quantity",
    "check",
    "datastream_code",
    "entities",
    "read",
    "scaffold",
    "slug",
]
