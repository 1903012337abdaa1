"""Reads feeds.toml: data that the city asks others for. A feed is a network whose devices stand in things.csv.

What a field means is said by the device's model, as for any network; here stand where to ask, how often, with which
options (``model.feeds``), and whose data it is. A folder without the file has no feeds.
"""

from __future__ import annotations

from typing import Any

from placette.city.catalogue import check_variable
from placette.city.documents import Document, Fault
from placette.city.model import Feed, Network
from placette.city.tables import Path, Reader
from placette.city.words import check_key, texts_in
from placette.model import feeds
from placette.model.entities import Origin

FILE = "feeds.toml"
_ORIGINS = (str(Origin.MEASURED), str(Origin.MODELLED), str(Origin.FORECAST))


def read_feeds(
    document: Document, languages: tuple[str, ...], networks: frozenset[str] | None, faults: list[Fault]
) -> dict[str, Feed]:
    """Return the feeds of the city by key; ``networks`` are the keys of networks.toml, which a feed may not repeat."""
    reader = Reader(document, faults)
    found = {}
    for key, value in reader.table((), document.value).items():
        check_key(reader, (key,), key)
        if networks and key in networks:
            reader.fault((key,), f"'{key}' is a network already", "give the feed another key")
        one = _read_one(reader, key, dict(reader.table((key,), value)), languages)
        if one is not None:
            found[key] = one
    return found


def networks_of(found: dict[str, Feed]) -> dict[str, Network]:
    """Return each feed as the network it is: its messages are read by the format of its kind."""
    return {
        key: Network(key=key, kind="feed", names=feed.names, format=feed.kind, token_env=feed.token_env)
        for key, feed in found.items()
    }


def _read_one(reader: Reader, key: str, table: dict[str, Any], languages: tuple[str, ...]) -> Feed | None:
    kind = feeds.KINDS.get(str(table.get("kind")))
    if kind is None:
        known = ", ".join(feeds.KINDS)
        reader.fault((key, "kind"), f"'kind' of {key} is {table.get('kind')!r}", f"the kinds of feeds are: {known}")
        return None
    options = reader.struct(kind.options, (key, "options"), table.pop("options", {}))
    given = {"key": key, "options": options}
    defaults = {"url": kind.url, "every_s": kind.every_s, "origin": _usual_origin(kind, options)}
    checks = {
        "names": texts_in(languages),
        "url": _check_url,
        "token_env": check_variable,
        "username_env": check_variable,
        "password_env": check_variable,
        "origin": _check_origin(kind),
    }
    one = reader.struct(Feed, (key,), {**defaults, **table}, checks, **given)
    if one is not None and one.enabled:
        _check_secrets(reader, key, one, kind)
    return one


def _usual_origin(kind: feeds.Kind, options: feeds.Options | None) -> str:
    if not kind.ahead:
        return str(Origin.MEASURED)
    return str(Origin.MODELLED if getattr(options, "since", "") else Origin.FORECAST)


def _check_origin(kind: feeds.Kind) -> Any:
    def check(reader: Reader, path: Path, origin: str) -> None:
        if origin not in _ORIGINS:
            reader.fault(path, f"unknown origin '{origin}'", f"use one of {', '.join(_ORIGINS)}")
        elif kind.ahead and origin == str(Origin.MEASURED):
            reader.fault(path, f"nothing of {path[0]} is measured", 'write origin = "forecast" or "modelled"')

    return check


def _check_url(reader: Reader, path: Path, url: str) -> None:
    if not url:
        reader.fault(path[:1], f"'url' is missing in {path[0]}", "give the address of the service")
    elif not url.startswith(("https://", "http://")) or " " in url:
        reader.fault(path, f"'{url[:60]}' is no web address", "begin it with https://")
    elif "@" in url.partition("://")[2].partition("/")[0]:
        reader.fault(path, "a password may not stand in an address", "use token_env, and {token} in the address")


def _check_secrets(reader: Reader, key: str, feed: Feed, kind: feeds.Kind) -> None:
    missing = {"token": ("token_env",), "login": ("username_env", "password_env")}.get(kind.needs, ())
    if "{token}" in feed.url:
        missing = ("token_env",)
    for name in missing:
        if not getattr(feed, name):
            what = f"'{name}' is missing in {key}"
            reader.fault((key,), what, "name the environment variable that holds it")
