"""The SensorThings entities as immutable values (OGC 18-088, section 8).

Names are the standard's, in snake case; ``publish.sensorthings`` writes them in the standard's own spelling.
What a city needs beyond the standard lives in ``properties`` under these keys, and the store keeps a column for each
so that they can be queried quickly:

==============  ====================================  =========================================================
entity          key in ``properties``                 meaning
==============  ====================================  =========================================================
Thing           ``code``                              the city's own device id, unique (``AIX-ROT-AIR-01``)
Thing           ``place``                             key of the place it stands on (``rotonde``)
Thing           ``kind``                              key of its device model's kind (``air``, ``light``, ``bin``…)
Datastream      ``code``                              ``<thing code>/<observed property key>``, unique
Datastream      ``origin``                            ``measured`` ``modelled`` ``forecast`` ``simulated``
Datastream      ``identity``                          see :class:`Identity`
ObservedProperty  ``key``                             short key used by codecs and pages (``pm10``)
==============  ====================================  =========================================================
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any

import msgspec

Properties = dict[str, Any]


class Identity(StrEnum):
    """What makes two observations of one datastream the same observation (docs/architecture.md, "Identity").

    The feature of interest belongs to the identity in the first two.
    """

    PHENOMENON_TIME = "phenomenonTime"
    """One per phenomenonTime: measurements from networks, files and feeds."""
    PHENOMENON_AND_RESULT_TIME = "phenomenonTime+resultTime"
    """One per phenomenonTime and resultTime: forecasts, one series per issue."""
    ALL = "all"
    """Every observation is its own: the standard's meaning, default of the API."""


class Origin(StrEnum):
    """How the figures of a datastream came about; shown beside every figure."""

    MEASURED = "measured"
    MODELLED = "modelled"
    FORECAST = "forecast"
    SIMULATED = "simulated"


class UnitOfMeasurement(msgspec.Struct, frozen=True):
    """Name, symbol and definition; ``definition`` holds the UCUM code (or a URI that ends in it)."""

    name: str | None = None
    symbol: str | None = None
    definition: str | None = None


class Thing(msgspec.Struct, frozen=True, kw_only=True):
    """An object of the city that can be sensed or acted on."""

    id: int | None = None
    name: str
    description: str
    properties: Properties = {}


class Location(msgspec.Struct, frozen=True, kw_only=True):
    """Where a Thing is: ``location`` is GeoJSON, longitude and latitude in degrees (WGS 84)."""

    id: int | None = None
    name: str
    description: str
    encoding_type: str = "application/geo+json"
    location: Any
    properties: Properties = {}


class Sensor(msgspec.Struct, frozen=True, kw_only=True):
    """A procedure that observes; ``metadata`` describes it in the form ``encoding_type`` names."""

    id: int | None = None
    name: str
    description: str
    encoding_type: str = "text/html"
    metadata: Any = ""
    properties: Properties = {}


class ObservedProperty(msgspec.Struct, frozen=True, kw_only=True):
    """What is observed; ``definition`` is a URI."""

    id: int | None = None
    name: str
    definition: str
    description: str
    properties: Properties = {}


class Datastream(msgspec.Struct, frozen=True, kw_only=True):
    """Observations of one ObservedProperty of one Thing by one Sensor, all in one unit."""

    id: int | None = None
    name: str
    description: str
    observation_type: str = "http://www.opengis.net/def/observationType/OGC-OM/2.0/OM_Measurement"
    unit_of_measurement: UnitOfMeasurement = UnitOfMeasurement()
    thing_id: int
    sensor_id: int
    observed_property_id: int
    properties: Properties = {}


class FeatureOfInterest(msgspec.Struct, frozen=True, kw_only=True):
    """What an observation is about, most often the place of its Thing."""

    id: int | None = None
    name: str
    description: str
    encoding_type: str = "application/geo+json"
    feature: Any
    properties: Properties = {}
