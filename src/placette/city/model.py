"""What a city folder says, as immutable values: the city, its places, devices, device models, properties, networks.

``names`` and ``descriptions`` are ``{language: text}`` with every language of the city; positions are degrees
(WGS 84), longitude first where they come in pairs; units are UCUM codes of ``placette.model.units``.
"""

from __future__ import annotations

from datetime import date
from typing import Annotated, Any, Literal

import msgspec

from placette.model import feeds
from placette.model.quality import Checks
from placette.model.wifi import Calibration

Texts = dict[str, str]
"""One text per language, keyed by its two-letter code."""

OBJECTIVES = (
    "flow",
    "commerce",
    "air",
    "heat",
    "noise",
    "lighting",
    "bins",
    "watering",
    "parking",
    "requests",
    "visits",
    "screens",
    "wellbeing",
    "scenarios",
)
"""What a place may serve: the names of the city services."""


class Contact(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Whom to ask; ``role`` says about what."""

    role: str
    email: str = ""
    url: str = ""


class Licence(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The licence of the city's data and the attribution it asks for."""

    name: str
    url: str
    attribution: str


class Population(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Inhabitants, with the year and the source of the figure."""

    count: Annotated[int, msgspec.Meta(ge=0)]
    year: Annotated[int, msgspec.Meta(ge=1900, le=2200)]
    source: str


class Source(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where a sentence or a figure comes from."""

    name: str
    url: str = ""


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """A connected square. ``confirmed`` is false while its position has not been checked on a map."""

    key: str
    names: Texts
    descriptions: Texts
    objectives: tuple[str, ...]
    longitude: float
    latitude: float
    streets: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    confirmed: bool = True


class Property(msgspec.Struct, frozen=True, kw_only=True):
    """An observed property: what is seen, its UCUM ``unit``, the ``decimals`` shown.

    ``combine`` says how values of a time span become one: counts are summed, sound levels averaged as energy,
    meter readings subtracted, everything else averaged.
    """

    key: str
    names: Texts
    definition: str
    unit: str
    decimals: Annotated[int, msgspec.Meta(ge=0, le=6)] = 0
    combine: Literal["mean", "sum", "energetic", "difference"] = "mean"


class Quantity(msgspec.Struct, frozen=True, kw_only=True):
    """One value that a device model sends: the property, its unit, the range it can read, how often it sends.

    ``key`` is the name of the value in the device's own frames; ``field`` its path in what a codec or another network
    decoded (``gnss.latitude``, ``sensors.0.value``), the same as ``key`` unless said. The number found is multiplied,
    added to, and converted from ``sent_unit`` to ``unit`` (both UCUM); a gas in parts per billion becomes a mass
    concentration at ``reference_celsius`` and 101.3 kPa. ``categories`` give words to codes (``{"0" = "closed"}``).
    ``absent`` is what a missing field says on networks that leave out zeros (The Things Stack). ``whole`` keeps an
    object or a list as it is, as the events of a calendar.
    """

    key: str
    property: str
    unit: str
    minimum: float
    maximum: float
    every_s: int
    field: str = ""
    sent_unit: str = ""
    multiply: float = 1.0
    add: float = 0.0
    gas: str = ""
    reference_celsius: float = 20.0
    categories: dict[str, str] = {}
    absent: float | bool | str | None = None
    whole: bool = False


class DeviceModel(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of device as bought: what it sends. ``kind`` groups models for maps and services (``air``, ``light``).

    ``codec`` names what decodes its payloads. ``time`` is the clock to believe first: ``device`` (then the gateway's,
    then the server's), ``gateway`` or ``received``; a device clock more than ``max_drift_s`` ahead of the network's, or
    more than ``max_age_s`` behind, makes its values suspect. ``time_field`` is the path of the device's own time in the
    decoded fields, ``records_field`` that of a list of older readings in one frame.
    """

    key: str
    kind: str
    names: Texts
    quantities: tuple[Quantity, ...]
    documentation: str = ""
    codec: str = ""
    time: Literal["device", "gateway", "received"] = "device"
    time_field: str = ""
    records_field: str = ""
    max_drift_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 120
    max_age_s: Annotated[int, msgspec.Meta(ge=1, le=31_622_400)] = 604_800


class Network(msgspec.Struct, frozen=True, kw_only=True):
    """A connection that devices arrive by; secrets are read from the named environment variables.

    ``format`` names how its messages are written (``placette``: the frames of docs/connect.md); ``topics`` are the MQTT
    filters to follow instead of those its format is known by; ``options`` are the format's or the connector's own.
    """

    key: str
    kind: Literal["mqtt", "http", "coap", "wifi", "feed"]
    names: Texts
    host: str = ""
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1883
    tls: bool = False
    format: str = "placette"
    topic: str = "devices/{code}/up"
    topics: tuple[str, ...] = ()
    username_env: str = ""
    password_env: str = ""
    token_env: str = ""
    options: dict[str, Any] = {}


class Feed(msgspec.Struct, frozen=True, kw_only=True):
    """Data that the city asks others for: where, how often, and under which licence; off unless ``enabled``.

    ``options`` are those of its kind (``model.feeds``). ``attribution`` is what the licence wants to be named.
    ``origin`` says how its figures come about.
    """

    key: str
    kind: str
    names: Texts
    url: str
    every_s: Annotated[int, msgspec.Meta(ge=1, le=2_678_400)]
    options: feeds.Options
    licence: Annotated[str, msgspec.Meta(min_length=1)]
    attribution: Annotated[str, msgspec.Meta(min_length=1)]
    origin: str
    enabled: bool = True
    token_env: str = ""
    username_env: str = ""
    password_env: str = ""


class Device(msgspec.Struct, frozen=True, kw_only=True):
    """One installed device; ``kind`` is that of its model, ``photo`` a path inside the city folder or empty.

    ``network_id`` is how its network names it (a DevEUI, a station's code); empty: by its code.
    """

    code: str
    model: str
    kind: str
    place: str
    longitude: float
    latitude: float
    network: str
    network_id: str = ""
    address: str = ""
    installed: date | None = None
    photo: str = ""


class Correction(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A correction of measured values, kept as the derived property ``output`` of the same devices.

    ``inputs`` are property keys: mass and humidity for ``koehler`` and ``epa``; for ``colocation`` the signals in the
    order of the fitted ``file`` of the city folder, which ``placette calibrate`` writes. ``things`` and ``models`` say
    whose values are corrected; ``within_s`` is how far apart inputs of one moment may be, s.
    """

    key: str
    method: Literal["koehler", "epa", "colocation"]
    inputs: tuple[str, ...]
    output: str
    things: tuple[str, ...] = ()
    models: tuple[str, ...] = ()
    file: str = ""
    kappa: Annotated[float, msgspec.Meta(ge=0, le=1.5)] = 0.4
    within_s: Annotated[int, msgspec.Meta(ge=1, le=86_400)] = 900


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]


class Market(msgspec.Struct, frozen=True, kw_only=True):
    """A market on fixed ``weekdays``, from ``valid_from`` to ``valid_until`` (both included; always, unless said).

    ``places`` are those it fills, none for the whole city. ``without`` are days on which it was not held;
    ``on_public_holidays`` is false when it rests then. ``confirmed`` is false until whoever runs it has agreed.
    """

    key: str
    names: Texts
    weekdays: Annotated[tuple[Weekday, ...], msgspec.Meta(min_length=1, max_length=7)]
    places: tuple[str, ...] = ()
    valid_from: date = date.min
    valid_until: date = date.max
    without: tuple[date, ...] = ()
    on_public_holidays: bool = True
    sources: tuple[Source, ...] = ()
    confirmed: bool = True


class Occasion(msgspec.Struct, frozen=True, kw_only=True):
    """An event, a closing or a holiday from its ``first`` to its ``last`` day (the same, unless said).

    ``yearly`` repeats it on the same days of every later year.
    """

    key: str
    names: Texts
    first: date
    last: date | None = None
    yearly: bool = False
    places: tuple[str, ...] = ()
    sources: tuple[Source, ...] = ()
    confirmed: bool = True


class Calendar(msgspec.Struct, frozen=True, kw_only=True):
    """The days on which the city is not its everyday self: calendar.toml.

    ``closings`` are days on which the city's own services rest. French public holidays and school holidays are known;
    the two last lists hold those of other countries, or more of them.
    """

    markets: tuple[Market, ...] = ()
    events: tuple[Occasion, ...] = ()
    closings: tuple[Occasion, ...] = ()
    public_holidays: tuple[Occasion, ...] = ()
    school_holidays: tuple[Occasion, ...] = ()


class Covariate(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the ground everywhere: a distance in m (to the shapes of ``file``, or to ``at``) or a grid.

    ``basemap`` is what ``placette basemap`` measured: ``measure`` is the share of ground that is ``built`` or ``green``
    (0 to 1, within 150 m), or the distance to ``water`` or to a ``main_road`` (m). ``log`` takes the logarithm of 1 + a
    hundredth of it: what is near counts most. ``properties`` are those on whose maps it is tried, all when there are
    none.
    """

    key: str
    names: Texts
    kind: Literal["distance", "grid", "centre", "basemap"]
    measure: Literal["built", "green", "water", "main_road"] | None = None
    properties: tuple[str, ...] = ()
    file: str = ""
    at: tuple[float, float] | None = None
    log: bool = False


class Threshold(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One dated row of a ``thresholds.toml``; ``value`` in ``unit`` (UCUM) of an hour's or a day's value.

    ``exact`` is false where the text asks more than one value can say, ``confirmed`` where its own words were not read.
    ``names`` are those of a city's own; the known ones have theirs in the pages' catalogue.
    """

    key: str
    property: str
    step: Literal["hour", "day"]
    value: float
    unit: str
    kind: Literal["information", "alert", "limit", "guideline", "practice"]
    valid_from: date
    source: str
    valid_to: date | None = None
    exact: bool = True
    confirmed: bool = False
    names: Texts = {}


class City(msgspec.Struct, frozen=True, kw_only=True):
    """A whole city folder. ``outline`` is a GeoJSON Polygon or MultiPolygon geometry, ``zone`` an IANA time zone."""

    key: str
    name: str
    country: str
    zone: str
    languages: tuple[str, ...]
    licence: Licence
    contacts: tuple[Contact, ...]
    outline: dict[str, Any]
    outline_source: str
    places: tuple[Place, ...]
    devices: tuple[Device, ...]
    models: dict[str, DeviceModel]
    properties: dict[str, Property]
    networks: dict[str, Network]
    """Those of networks.toml, and each feed."""
    feeds: dict[str, Feed] = {}
    quality: dict[str, Checks] = {}
    """What quality control asks of each observed property."""
    corrections: tuple[Correction, ...] = ()
    calibrations: dict[str, str] = {}
    """The text of each fitted file that a correction names."""
    thresholds: tuple[Threshold, ...] = ()
    covariates: tuple[Covariate, ...] = ()
    covariate_files: dict[str, str] = {}
    """The text of each file that a covariate names."""
    insee: str = ""
    population: Population | None = None
    school_holidays: str = ""
    calendar: Calendar = Calendar()
    wifi_calibrations: tuple[Calibration, ...] = ()

    def place(self, key: str) -> Place | None:
        """Return the place of this key, or ``None``."""
        return next((place for place in self.places if place.key == key), None)


def rhythms(city: City) -> dict[str, float]:
    """Return for each network with devices how often something must come at the least, s: its most talkative device.

    A network is silent when even that device is. A feed says itself whether it goes well: it may have nothing new.
    """
    found: dict[str, float] = {}
    for device in city.devices:
        for quantity in city.models[device.model].quantities:
            found[device.network] = min(found.get(device.network, float("inf")), quantity.every_s)
    return {key: every_s for key, every_s in found.items() if key not in city.feeds}
