"""Reads a whole city folder and explains every fault of it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, NamedTuple

import msgspec

from placette.city.calendar import FILE as CALENDAR
from placette.city.calendar import read_calendar
from placette.city.catalogue import Properties, read_models, read_networks, read_properties
from placette.city.corrections import FILE as CORRECTIONS
from placette.city.corrections import read_corrections
from placette.city.covariates import FILE as MAPS
from placette.city.covariates import read_covariates
from placette.city.documents import Document, Fault, read_json, read_text, read_toml
from placette.city.feeds import FILE as FEEDS
from placette.city.feeds import networks_of, read_feeds
from placette.city.ground import Ground, read_outline
from placette.city.model import Calendar, City, Contact, DeviceModel, Licence, Population
from placette.city.places import read_places
from placette.city.quality import read_quality
from placette.city.tables import Check, Reader
from placette.city.things import FILE as THINGS
from placette.city.things import Known, read_things
from placette.city.thresholds import FILE as THRESHOLDS
from placette.city.thresholds import read_thresholds
from placette.city.wifi import check_quantities, read_calibrations
from placette.city.words import check_country, check_key, check_languages, check_zone
from placette.model.errors import BadInput

_MOST_SHOWN = 50
_MAKE_ONE = "give the path of a city folder; `placette city new NAME` makes one"


class _CityTable(msgspec.Struct, frozen=True, kw_only=True):
    """city.toml as written."""

    key: str
    name: Annotated[str, msgspec.Meta(min_length=1)]
    country: str
    zone: str
    languages: Annotated[tuple[str, ...], msgspec.Meta(min_length=1)]
    licence: Licence
    contacts: tuple[Contact, ...]
    insee: Annotated[str, msgspec.Meta(pattern="^([0-9][0-9AB][0-9]{3})?$")] = ""
    population: Population | None = None
    school_holidays: str = ""


def check(folder: Path) -> list[Fault]:
    """Return every fault of the city folder, in the order of files and lines; an empty list for a good one."""
    return sorted(_load(Path(folder))[1])


def read(folder: Path) -> City:
    """Return the city of a folder; raises ``BadInput`` that names all its faults (the first fifty in full)."""
    city, faults = _load(Path(folder))
    if city is not None and not faults:
        return city
    listed = sorted(faults)
    lines = "".join(f"\n  {fault}" for fault in listed[:_MOST_SHOWN])
    more = f"\n  and {len(listed) - _MOST_SHOWN} more" if len(listed) > _MOST_SHOWN else ""
    number = "1 fault" if len(listed) == 1 else f"{len(listed)} faults"
    remedy = "correct them; `placette city check` lists them all"
    raise BadInput(f"the city folder has {number}:{lines}{more}", str(folder), remedy)


class _Documents(NamedTuple):
    """The parsed files of a folder, ``None`` where one cannot be parsed or is not there and need not be."""

    city: Document | None
    outline: Document | None
    properties: Document | None
    models: Document | None
    networks: Document | None
    feeds: Document | None
    places: Document | None
    calendar: Document | None
    corrections: Document | None
    maps: Document | None
    thresholds: Document | None


def _documents(folder: Path, faults: list[Fault]) -> _Documents:
    def optional(name: str) -> Document | None:
        return read_toml(folder, name, faults) if (folder / name).exists() else None

    return _Documents(
        city=read_toml(folder, "city.toml", faults),
        outline=read_json(folder, "outline.geojson", faults),
        properties=read_toml(folder, "properties.toml", faults),
        models=read_toml(folder, "models.toml", faults),
        networks=read_toml(folder, "networks.toml", faults),
        feeds=optional(FEEDS),
        places=read_json(folder, "places.geojson", faults),
        calendar=optional(CALENDAR),
        corrections=optional(CORRECTIONS),
        maps=optional(MAPS),
        thresholds=optional(THRESHOLDS),
    )


def _load(folder: Path) -> tuple[City | None, list[Fault]]:
    """Read every file, so that one that is broken hides no fault of the others."""
    faults: list[Fault] = []
    if not folder.is_dir():
        return None, [Fault(str(folder), 1, "there is no such folder", _MAKE_ONE)]
    file = _documents(folder, faults)
    table = _city_table(file.city, faults) if file.city else None
    languages = _languages(file.city)
    outline = read_outline(file.outline, faults) if file.outline else None
    ground = Ground(outline[0]) if outline else None
    properties = read_properties(file.properties, languages, faults) if file.properties else {}
    known = Properties(properties, _keys(file.properties))
    quality = read_quality(folder, {key: one.unit for key, one in properties.items()}, faults)
    models = read_models(file.models, known, languages, faults) if file.models else {}
    networks = read_networks(file.networks, languages, faults) if file.networks else {}
    feeds = read_feeds(file.feeds, languages, _keys(file.networks), faults) if file.feeds else {}
    places = read_places(file.places, ground, languages, faults) if file.places else ()
    events = read_calendar(file.calendar, languages, _place_keys(file.places), faults) if file.calendar else Calendar()
    text = read_text(folder, THINGS, faults)
    devices = read_things(folder, text, _known(file, models, ground), faults) if text is not None else ()
    stated, within = file.corrections, (properties, models, devices)
    corrections, fitted = read_corrections(folder, stated, *within, faults) if stated else ((), {})
    covariates, covered = read_covariates(folder, file.maps, languages, properties, faults) if file.maps else ((), {})
    own = read_thresholds(file.thresholds, languages, properties, faults) if file.thresholds else ()
    if file.models:
        faults += check_quantities(devices, models, networks, file.models)
    counted = read_calibrations(folder, {device.code for device in devices}, faults)
    if faults or table is None or outline is None:
        return None, faults
    city = City(
        **msgspec.structs.asdict(table),
        outline=outline[0],
        outline_source=outline[1],
        places=places,
        devices=devices,
        models=models,
        properties=properties,
        quality=quality,
        corrections=corrections,
        calibrations=fitted,
        thresholds=own,
        covariates=covariates,
        covariate_files=covered,
        networks=networks | networks_of(feeds),
        feeds=feeds,
        calendar=events,
        wifi_calibrations=counted,
    )
    return city, faults


def _known(file: _Documents, models: Mapping[str, DeviceModel], ground: Ground | None) -> Known:
    """Return what rows of things.csv may refer to; a device arrives by a network or by a feed."""
    networks = _keys(file.networks)
    return Known(
        models=_keys(file.models),
        kinds={key: model.kind for key, model in models.items()},
        places=_place_keys(file.places),
        networks=networks if networks is None else networks | (_keys(file.feeds) or frozenset()),
        ground=ground,
    )


def _city_table(document: Document, faults: list[Fault]) -> _CityTable | None:
    checks: dict[str, Check] = {
        "key": check_key,
        "country": check_country,
        "zone": check_zone,
        "languages": check_languages,
    }
    return Reader(document, faults).struct(_CityTable, (), document.value, checks)


def _languages(document: Document | None) -> tuple[str, ...]:
    """Return the languages as written, so that texts are compared with them although city.toml has other faults."""
    written = document.value.get("languages") if document else None
    return tuple(filter(lambda one: isinstance(one, str), written)) if isinstance(written, list) else ()


def _keys(document: Document | None) -> frozenset[str] | None:
    """Return the keys written in a file, faulty or not, so that a faulty table is not reported by every user of it."""
    return frozenset(document.value) if document else None


def _place_keys(document: Document | None) -> frozenset[str] | None:
    if document is None or not isinstance(document.value, dict):
        return None
    features = document.value.get("features")
    if not isinstance(features, list):
        return None
    tables = [feature.get("properties") for feature in features if isinstance(feature, dict)]
    return frozenset(str(table.get("key")) for table in tables if isinstance(table, dict))
