"""One file per network format: reads the network's envelope into uplinks. Pure; no clock, no sockets, no files.

``FORMATS`` is the whole list. A format is one file with one function ``read(arrival, options)`` and, if it has any, one
Struct of options with bounds and defaults; it stands in the list with one row::

    FORMATS["influx"].check({"device": "deveui"})          # [] or what is wrong, in sentences: for the check of a city
    FORMATS["influx"].filters({"device": "deveui"}, ())    # the MQTT filters: the network's own topics, or the format's
    read = FORMATS["influx"].reader({"device": "deveui"})  # once per network; BadInput when the options are wrong
    read(arrival)                                          # the uplinks of one arrival

The options are the table ``options`` of the network in ``networks.toml``, the topics its ``topics``, in which
``{device}`` stands for the level that names the device. ``read(arrival)`` raises a ``PlacetteError`` when nothing of
the message can be used (the arrival is kept as a dead letter) and returns an empty list for a message that is well
formed and says nothing of interest. Of a message with many parts, one that cannot be used is an uplink with a
``fault``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from placette.harmonise.networks import (
    chirpstack,
    coap,
    feeds,
    hive,
    influx,
    json_object,
    ngsi,
    senml,
    talq,
    the_things_stack,
)
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.uplinks import Uplink

Read = Callable[[Arrival], list[Uplink]]
TOPICS = "topics"


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a format that has none."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of network writes its messages.

    ``options`` is the Struct that ``read`` is given as its second argument; when it has a field ``topics`` that field
    holds the network's topics. ``topics`` are the MQTT filters of the format, ``kinds`` the kinds of network that it
    comes by.
    """

    read: Callable[[Arrival, Any], list[Uplink]]
    options: type[msgspec.Struct] = NoOptions
    topics: tuple[str, ...] = ()
    kinds: tuple[str, ...] = ("mqtt", "http")

    def reader(self, options: Mapping[str, Any], topics: Sequence[str] = ()) -> Read:
        """Return the function that reads this network's arrivals; raises ``BadInput`` when its options are wrong."""
        return partial(_read, self.read, self._options(options, topics))

    def check(self, options: Mapping[str, Any], topics: Sequence[str] = ()) -> list[str]:
        """Return what is wrong with these options, in sentences; nothing when all is well."""
        try:
            self._options(options, topics)
        except BadInput as error:
            return [str(error)]
        return []

    def filters(self, options: Mapping[str, Any], topics: Sequence[str] = ()) -> tuple[str, ...]:
        """Return the MQTT filters to follow: the network's own topics, or else those of the format."""
        return tuple(topic.replace("{device}", "+") for topic in topics or self.topics)

    def _options(self, options: Mapping[str, Any], topics: Sequence[str]) -> msgspec.Struct:
        known = [name for name in self.options.__struct_fields__ if name != TOPICS]
        told = {**options, TOPICS: tuple(topics)} if TOPICS in self.options.__struct_fields__ else options
        try:
            return msgspec.convert(told, self.options)
        except msgspec.ValidationError as error:
            remedy = f"the options are: {', '.join(known) or 'none'}"
            raise BadInput(f"the options cannot be used: {error}", "options", remedy) from None


def _read(read: Callable[[Arrival, Any], list[Uplink]], options: msgspec.Struct, arrival: Arrival) -> list[Uplink]:
    """Read an arrival; one that a broker had kept says nothing unless it tells when it was measured or heard."""
    uplinks = read(arrival, options)
    return [each for each in uplinks if each.fault or _told_time(each)] if arrival.retained else uplinks


def _told_time(uplink: Uplink) -> bool:
    return not (uplink.device_time is None is uplink.gateway_time is uplink.server_time)


FORMATS: dict[str, Format] = {
    "chirpstack": Format(read=chirpstack.read, topics=chirpstack.TOPICS),
    "the_things_stack": Format(
        read=the_things_stack.read, options=the_things_stack.Options, topics=the_things_stack.TOPICS
    ),
    "influx": Format(read=influx.read, options=influx.Options),
    "ngsi": Format(read=ngsi.read),
    "json": Format(read=json_object.read, options=json_object.Options),
    "talq": Format(read=talq.read, kinds=("http",)),
    "senml": Format(read=senml.read, topics=senml.TOPICS),
    "hive": Format(read=hive.read, topics=hive.TOPICS, kinds=("mqtt",)),
    "coap": Format(read=coap.read, options=coap.Options, kinds=("coap",)),
    **{kind: Format(read=read, kinds=("feed",)) for kind, read in feeds.READERS.items()},
}
"""Each format under the name that ``networks.toml`` gives it (``format = "chirpstack"``)."""
