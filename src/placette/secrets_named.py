"""Which environment variables the city's networks and feeds take their secrets from, and which of them hold none."""

from __future__ import annotations

import os
from collections.abc import Iterator, Mapping

import msgspec

from placette.city.model import City, Feed, Network

_WITHOUT = {
    "mqtt": "it connects without a user",
    "coap": "the server will not start",
    "wifi": "its door stays closed",
}


class Unset(msgspec.Struct, frozen=True):
    """A network or feed whose environment variables hold nothing, and what follows from it."""

    file: str
    key: str
    variables: tuple[str, ...]
    follows: str

    def __str__(self) -> str:
        verb = "is" if len(self.variables) == 1 else "are"
        return f"{' and '.join(self.variables)} {verb} not set ({self.file}, {self.key}): {self.follows}"


def unset(city: City, environment: Mapping[str, str] = os.environ) -> Iterator[Unset]:
    """Yield what the environment lacks for each network, and for each feed that is enabled."""
    for key, network in city.networks.items():
        if key not in city.feeds and network.kind in _WITHOUT and (missing := _missing(network, environment)):
            yield Unset("networks.toml", key, missing, _WITHOUT[network.kind])
    for key, feed in city.feeds.items():
        if feed.enabled and (missing := _missing(feed, environment)):
            yield Unset("feeds.toml", key, missing, "it is not asked")


def _missing(asks: Network | Feed, environment: Mapping[str, str]) -> tuple[str, ...]:
    named = (asks.username_env, asks.password_env, asks.token_env)
    return tuple(dict.fromkeys(each for each in named if each and not environment.get(each)))
