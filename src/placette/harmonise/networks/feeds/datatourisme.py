"""DATAtourisme: one point of interest in JSON-LD, as the objects of a flux hold it (ontology 3).

Names and descriptions in every language; the position is that of the first place it is at. Of contacts the page alone
is kept: e-mail addresses and telephone numbers often are a person's.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import msgspec

from placette.harmonise.networks.feeds.values import REMEDY, json_of, part
from placette.model.arrivals import Arrival
from placette.model.errors import Unprocessable
from placette.model.places_of_interest import PointOfInterest
from placette.model.uplinks import Uplink

MOST_TEXT = 2_000


def read(arrival: Arrival, options: msgspec.Struct) -> list[Uplink]:
    """Return no uplink: points become Things. Raises ``PlacetteError`` for a point that still cannot be read.

    A dead letter that is readable now is done with: the next run of the feed takes the point in.
    """
    point(arrival)
    return []


def point(arrival: Arrival) -> PointOfInterest:
    """Return the point of interest; raises ``Unprocessable`` when it has no identifier, name or position."""
    said = json_of(arrival)
    uri = part(said, "@id", str)
    names = _texts(said.get("rdfs:label"))
    if not names:
        raise Unprocessable("'rdfs:label' is missing in the answer", uri, REMEDY)
    places = part(said, "isLocatedAt", list)
    place = places[0] if places else {}
    geo = _first(part(place, "schema:geo", dict | list, "'isLocatedAt'"))  # type: ignore[arg-type]
    address = _first(place.get("schema:address"))
    return PointOfInterest(
        uri=uri,
        names=names,
        descriptions=_texts(said.get("rdfs:comment")),
        longitude=_degrees(geo, "schema:longitude", 180, uri),
        latitude=_degrees(geo, "schema:latitude", 90, uri),
        types=tuple(str(one) for one in said.get("@type") or ()),
        address=_address(address),
        commune=str(_first(address.get("hasAddressCity")).get("insee") or ""),
        homepage=_homepage(said),
        updated=str(said.get("lastUpdateDatatourisme") or said.get("lastUpdate") or ""),
    )


def _texts(value: Any) -> dict[str, str]:
    """Return texts by language: JSON-LD gives ``{"fr": ["…"]}``, or one text alone, which is French here."""
    if isinstance(value, str | list):
        value = {"fr": value}
    if not isinstance(value, dict):
        return {}
    found = {}
    for language, texts in value.items():
        text = texts[0] if isinstance(texts, list) and texts else texts
        if isinstance(text, str) and text.strip():
            found[str(language)[:8]] = text.strip()[:MOST_TEXT]
    return found


def _first(value: Any) -> dict[str, Any]:
    one = value[0] if isinstance(value, list) and value else value
    return one if isinstance(one, dict) else {}


def _degrees(geo: dict[str, Any], name: str, most: float, uri: str) -> float:
    try:
        degrees = float(geo[name])
    except (KeyError, TypeError, ValueError):
        raise Unprocessable(f"'{name}' is missing in 'schema:geo'", uri, REMEDY) from None
    if not -most <= degrees <= most:
        raise Unprocessable(f"'{name}' is {degrees}", uri, "degrees are expected")
    return degrees


def _address(address: dict[str, Any]) -> str:
    street = address.get("schema:streetAddress")
    lines = [str(line) for line in street] if isinstance(street, list) else [str(street)] if street else []
    town = " ".join(str(address[key]) for key in ("schema:postalCode", "schema:addressLocality") if address.get(key))
    return ", ".join([*lines, *([town] if town else [])])[:300]


def _homepage(said: dict[str, Any]) -> str:
    pages = _first(said.get("hasContact")).get("foaf:homepage")
    page = pages[0] if isinstance(pages, list) and pages else pages
    if isinstance(page, str) and urlsplit(page).scheme in ("http", "https"):
        return page[:300]
    return ""
