"""The kinds of feeds: where each one usually is, how often to ask, what a city may set; and how a request is told.

A feed asks others for data. What it may set stands here and not beside its connector, since the city folder is checked
by it, with file and line, before anything is connected.
"""

from __future__ import annotations

from typing import Annotated, Literal
from urllib.parse import parse_qsl, quote, urlencode

import msgspec
from msgspec import Meta

Days = Annotated[int, Meta(ge=0, le=3660)]
PageSize = Annotated[int, Meta(ge=1, le=10_000)]
Day = Annotated[str, Meta(pattern=r"^(\d{4}-\d{2}-\d{2})?$")]
Word = Annotated[str, Meta(pattern=r"^[A-Za-z0-9_.:-]+$", max_length=200)]


class Options(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What every feed may set beside its own options."""

    private: bool = False
    """The server stands in a private network: without this, private and local addresses are refused."""
    most_mib: Annotated[int, Meta(ge=1, le=512)] = 64
    """Largest answer after decompression, MiB."""


class OpenMeteoOptions(Options, frozen=True, kw_only=True):
    """``open-meteo``: what the models of weather services say at the positions of the feed's devices."""

    days: Annotated[int, Meta(ge=1, le=16)] = 3
    """Days ahead."""
    model: Annotated[str, Meta(pattern=r"^[a-z0-9_]*$")] = ""
    """One model (``meteofrance_arome_france0025``): asked for its last run first, so that each run is one issue."""
    since: Day = ""
    """With a day, the archive of past weather from that day on instead of the forecast."""


class MeteoFranceOptions(Options, frozen=True, kw_only=True):
    """``meteo-france``: observations of its stations, within the last day."""

    product: Literal["hourly", "6min"] = "hourly"
    """Hourly observations, or one every six minutes."""
    hours_back: Annotated[int, Meta(ge=1, le=24)] = 6
    """How far back a first run, or one after a long rest, begins, h."""


class MeteoFranceClimateOptions(Options, frozen=True, kw_only=True):
    """``meteo-france-climate``: the hourly files of the climatological base, one for each department and period."""

    file: Annotated[str, Meta(pattern=r"^H_[0-9AB]{2,3}_[A-Za-z0-9-]+\.csv\.gz$")]
    """Name of the file, as ``H_13_latest-2025-2026.csv.gz``."""
    since: Day = ""
    """First day to read; all of the file unless said."""


class AtmoOptions(Options, frozen=True, kw_only=True):
    """``atmo``: the ATMO index of the communes, or pollution episodes, of the approved associations (AASQA)."""

    product: Literal["index", "episodes"] = "index"
    """The daily index, or the episodes of three days."""
    days_ahead: Annotated[int, Meta(ge=0, le=2)] = 1
    """Days ahead to ask for: 0 is today alone."""
    days_back: Annotated[int, Meta(ge=0, le=365)] = 1
    """Days back at the first run."""


class VigieauOptions(Options, frozen=True, kw_only=True):
    """``vigieau``: drought restrictions in force at the positions of the feed's devices."""

    commune: Annotated[str, Meta(pattern=r"^([0-9][0-9AB][0-9]{3})?$")] = ""
    """INSEE code, sent along with the position."""
    profile: Literal["particulier", "collectivite", "entreprise", "exploitation"] = "particulier"
    """For whom the restrictions are."""


class OpendatasoftOptions(Options, frozen=True, kw_only=True):
    """``opendatasoft``: the records of one data set of a portal, in the order of one of its date fields."""

    dataset: Word
    """Identifier of the data set."""
    date_field: Word
    """Field whose date is when it was measured."""
    station_field: Word
    """Field that names the device (``network_id`` of things.csv)."""
    where: Annotated[str, Meta(max_length=2000)] = ""
    """A further condition in the portal's query language (ODSQL)."""
    since: Day = ""
    """First day to read; seven days back unless said."""
    page: Annotated[int, Meta(ge=1, le=100)] = 100
    """Records of one request; the portal gives 100 at most."""


class SensorThingsOptions(Options, frozen=True, kw_only=True):
    """``sensorthings``: Things of another city's service (OGC SensorThings 1.0 or 1.1)."""

    order: Literal["phenomenonTime", "resultTime"] = "phenomenonTime"
    """The time by which new observations are told from old ones: resultTime where old ones come in late."""
    since: Day = ""
    """First day to read; seven days back unless said."""
    page: Annotated[int, Meta(ge=1, le=10_000)] = 1_000
    """Observations of one request."""


class OpenaqOptions(Options, frozen=True, kw_only=True):
    """``openaq``: air quality measurements gathered from the world's stations (API version 3)."""

    since: Day = ""
    """First day to read; seven days back unless said."""
    page: Annotated[int, Meta(ge=1, le=1_000)] = 1_000
    """Measurements of one request."""


class DatatourismeOptions(Options, frozen=True, kw_only=True):
    """``datatourisme``: points of interest of a flux of the national platform; they become Things."""

    types: tuple[Word, ...] = ()
    """Only points of these types (``CulturalSite``, ``Museum``); all unless said."""
    most_mib: Annotated[int, Meta(ge=1, le=512)] = 256
    """Largest flux, packed and unpacked, MiB."""


class IcalendarOptions(Options, frozen=True, kw_only=True):
    """``icalendar``: the events of a published calendar."""

    days_ahead: Annotated[int, Meta(ge=1, le=800)] = 90
    """Days ahead to which repeated events are written out."""
    days_back: Annotated[int, Meta(ge=0, le=800)] = 7
    """Days back from which events are read."""


class GbfsOptions(Options, frozen=True, kw_only=True):
    """``gbfs``: bikes, scooters and free docks at the stations of a shared mobility system."""


class Kind(msgspec.Struct, frozen=True, kw_only=True):
    """One kind of feed: its options, the usual base address, the seconds between two runs, which secret it needs."""

    options: type[Options]
    url: str = ""
    every_s: int = 3600
    needs: Literal["", "token", "login"] = ""
    ahead: bool = False
    """Its values may lie in the future: nothing of it was measured."""
    issues: bool = False
    """The same future is told again with each issue, and each issue is kept."""


KINDS: dict[str, Kind] = {
    "open-meteo": Kind(options=OpenMeteoOptions, url="https://api.open-meteo.com", ahead=True, issues=True),
    "meteo-france": Kind(
        options=MeteoFranceOptions, url="https://public-api.meteofrance.fr/public/DPObs/v1", needs="token"
    ),
    "meteo-france-climate": Kind(
        options=MeteoFranceClimateOptions,
        url="https://object.files.data.gouv.fr/meteofrance/data/synchro_ftp/BASE/HOUR",
        every_s=86_400,
    ),
    "atmo": Kind(options=AtmoOptions, url="https://admindata.atmo-france.org", needs="login", ahead=True, issues=True),
    "vigieau": Kind(options=VigieauOptions, url="https://api.vigieau.gouv.fr", every_s=21_600),
    "opendatasoft": Kind(options=OpendatasoftOptions),
    "sensorthings": Kind(options=SensorThingsOptions, every_s=600),
    "openaq": Kind(options=OpenaqOptions, url="https://api.openaq.org/v3", needs="token"),
    "datatourisme": Kind(options=DatatourismeOptions, every_s=86_400),
    "icalendar": Kind(options=IcalendarOptions, ahead=True),
    "gbfs": Kind(options=GbfsOptions, every_s=60),
}
"""Every kind, as written in ``kind`` of feeds.toml. Base addresses: the services' own documentation, 2026."""


def channel(url: str, **context: str | int) -> str:
    """Return the channel of an answer: the address asked, without secrets, and what its reader must know of it.

    >>> channel("https://a.example/x?day=1", device="13001")
    'https://a.example/x?day=1#device=13001'
    """
    return f"{url}#{urlencode(context, quote_via=quote)}" if context else url


def context(channel: str) -> dict[str, str]:
    """Return what :func:`channel` told of the request.

    >>> context("https://a.example/x?day=1#device=13001&field=NO2")
    {'device': '13001', 'field': 'NO2'}
    """
    return dict(parse_qsl(channel.partition("#")[2], keep_blank_values=True))
