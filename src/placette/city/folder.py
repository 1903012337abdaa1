"""Reads a whole city folder and explains every fault of it."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

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
from placette.city.model import Calendar, City, Contact, Licence, Population
from placette.city.places import read_places
from placette.city.quality import read_quality
from placette.city.tables import Check, Reader
from placette.city.things import FILE as THINGS
from placette.city.things import Known, read_things
from placette.city.wifi import check_quantities, read_calibrations
from placette.city.words import check_country, check_key, check_languages, check_zone
from placette.model.errors import BadInput

_MOST_SHOWN = 50


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


def _load(folder: Path) -> tuple[City | None, list[Fault]]:
    """Read every file, so that one that is broken hides no fault of the others."""
    faults: list[Fault] = []
    if not folder.is_dir():
        remedy = "give the path of a city folder; `placette city new NAME` makes one"
        return None, [Fault(str(folder), 1, "there is no such folder", remedy)]
    city_file = read_toml(folder, "city.toml", faults)
    table = _city_table(city_file, faults) if city_file else None
    languages = _languages(city_file)
    outline_document = read_json(folder, "outline.geojson", faults)
    outline = read_outline(outline_document, faults) if outline_document else None
    ground = Ground(outline[0]) if outline else None
    property_file = read_toml(folder, "properties.toml", faults)
    properties = read_properties(property_file, languages, faults) if property_file else {}
    model_file = read_toml(folder, "models.toml", faults)
    known_properties = Properties(properties, _keys(property_file))
    quality = read_quality(folder, {key: one.unit for key, one in properties.items()}, faults)
    models = read_models(model_file, known_properties, languages, faults) if model_file else {}
    network_file = read_toml(folder, "networks.toml", faults)
    networks = read_networks(network_file, languages, faults) if network_file else {}
    feed_file = read_toml(folder, FEEDS, faults) if (folder / FEEDS).exists() else None
    feeds = read_feeds(feed_file, languages, _keys(network_file), faults) if feed_file else {}
    place_file = read_json(folder, "places.geojson", faults)
    places = read_places(place_file, ground, languages, faults) if place_file else ()
    calendar_file = read_toml(folder, CALENDAR, faults) if (folder / CALENDAR).exists() else None
    calendar = read_calendar(calendar_file, languages, _place_keys(place_file), faults) if calendar_file else Calendar()
    known = Known(
        models=_keys(model_file),
        kinds={key: model.kind for key, model in models.items()},
        places=_place_keys(place_file),
        networks=_all_keys(network_file, feed_file),
        ground=ground,
    )
    text = read_text(folder, THINGS, faults)
    devices = read_things(folder, text, known, faults) if text is not None else ()
    correction_file = read_toml(folder, CORRECTIONS, faults) if (folder / CORRECTIONS).exists() else None
    corrections, fitted = (
        read_corrections(folder, correction_file, properties, models, devices, faults) if correction_file else ((), {})
    )
    map_file = read_toml(folder, MAPS, faults) if (folder / MAPS).exists() else None
    covariates, covered = read_covariates(folder, map_file, languages, faults) if map_file else ((), {})
    if model_file:
        faults += check_quantities(devices, models, networks, model_file)
    calibrations = read_calibrations(folder, {device.code for device in devices}, faults)
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
        covariates=covariates,
        covariate_files=covered,
        networks=networks | networks_of(feeds),
        feeds=feeds,
        calendar=calendar,
        wifi_calibrations=calibrations,
    )
    return city, faults


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


def _all_keys(networks: Document | None, feeds: Document | None) -> frozenset[str] | None:
    """Return the keys of networks and feeds: a device arrives by either."""
    keys = _keys(networks)
    return keys if keys is None else keys | (_keys(feeds) or frozenset())


def _place_keys(document: Document | None) -> frozenset[str] | None:
    if document is None or not isinstance(document.value, dict):
        return None
    features = document.value.get("features")
    if not isinstance(features, list):
        return None
    tables = [feature.get("properties") for feature in features if isinstance(feature, dict)]
    return frozenset(str(table.get("key")) for table in tables if isinstance(table, dict))
