"""One file per network format: reads the network's envelope into uplinks. Pure; no clock, no sockets, no files.

``FORMATS`` is the whole list. A format is one file with one function ``read(arrival, options)`` and, if it has any, one
Struct of options with bounds and defaults; it stands in the list with one row::

    FORMATS["influx"].check({"device": "deveui"})        # [] or what is wrong, in sentences: for the check of a city
    FORMATS["influx"].filters({"device": "deveui"})      # the MQTT filters to follow unless the city names some
    read = FORMATS["influx"].reader({"device": "deveui"})  # once per network; BadInput when the options are wrong
    read(arrival)                                        # the uplinks of one arrival

``read(arrival)`` raises a ``PlacetteError`` when the envelope cannot be used (the arrival is kept as a dead letter) and
returns an empty list for a message that is well formed and says nothing of interest. The options are the table
``options`` of the network in ``networks.toml``.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

import msgspec

from placette.model.arrivals import Arrival
from placette.model.errors import BadInput
from placette.model.uplinks import Uplink

Read = Callable[[Arrival], list[Uplink]]


class NoOptions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The options of a format that has none."""


class Format(msgspec.Struct, frozen=True, kw_only=True):
    """How one kind of network writes its messages.

    ``options`` is the Struct that ``read`` is given as its second argument; ``topics`` are the MQTT filters of the
    format, in which ``{device}`` stands for the level that names the device.
    """

    read: Callable[[Arrival, Any], list[Uplink]]
    options: type[msgspec.Struct] = NoOptions
    topics: tuple[str, ...] = ()

    def reader(self, options: Mapping[str, Any]) -> Read:
        """Return the function that reads this network's arrivals; raises ``BadInput`` when its options are wrong."""
        return partial(_read, self.read, self._options(options))

    def check(self, options: Mapping[str, Any]) -> list[str]:
        """Return what is wrong with these options, in sentences; nothing when all is well."""
        try:
            self._options(options)
        except BadInput as error:
            return [str(error)]
        return []

    def filters(self, options: Mapping[str, Any]) -> tuple[str, ...]:
        """Return the MQTT filters to follow when the network names no ``topics`` of its own."""
        topics: tuple[str, ...] = getattr(self._options(options), "topics", ()) or self.topics
        return tuple(topic.replace("{device}", "+") for topic in topics)

    def _options(self, options: Mapping[str, Any]) -> msgspec.Struct:
        try:
            return msgspec.convert(options, self.options)
        except msgspec.ValidationError as error:
            known = ", ".join(self.options.__struct_fields__) or "none"
            raise BadInput(f"the options cannot be used: {error}", "options", f"the options are: {known}") from None


def _read(read: Callable[[Arrival, Any], list[Uplink]], options: msgspec.Struct, arrival: Arrival) -> list[Uplink]:
    return read(arrival, options)


FORMATS: dict[str, Format] = {}
"""Each format under the name that ``networks.toml`` gives it (``format = "chirpstack"``)."""
