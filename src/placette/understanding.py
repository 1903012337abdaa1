"""How the messages of a running city are understood: its formats, its devices, its codecs; any of them may change."""

from __future__ import annotations

import re
from pathlib import Path

from placette.city.documents import Fault, read_toml
from placette.city.model import City, Network
from placette.harmonise.codecs import Codecs
from placette.harmonise.devices import Devices
from placette.harmonise.messages import MessageReader
from placette.harmonise.networks import FORMATS, Read
from placette.harmonise.uplinks import UplinkReader
from placette.intake import MessageIntake
from placette.model.arrivals import Arrival
from placette.model.errors import BadInput, NotFound, PlacetteError
from placette.quality.control import StreamingControl
from placette.store import Store

OWN_FORMAT = "placette"
"""The format of our own frames, which need neither codec nor mapping."""
NETWORKS = "networks.toml"
_OPTION = re.compile(r"(?:unknown field `|at `\$\.)(\w+)")
"""How msgspec names the option that it refuses."""


class Understanding:
    """Holds the parts, and gives the intake a new reader whenever one of them is replaced."""

    def __init__(self, store: Store, city: City) -> None:
        self.codecs = Codecs.build(())
        self.devices = Devices.of(city)
        self._topics = {network.key: network.topic for network in city.networks.values()}
        self._formats = formats(city)
        self.intake = MessageIntake(store, control=StreamingControl(store, city.quality))
        self._renew()

    def use_codecs(self, codecs: Codecs) -> tuple[str, ...]:
        """Decode what comes from now on with these; return the names of those that are new or of another version.

        What the ones before held is given back.
        """
        before, self.codecs = self.codecs, codecs
        self._renew()
        versions = {name: before.get(name).version for name in before.names}
        before.close(unless_in=codecs)
        return tuple(name for name in codecs.names if codecs.get(name).version != versions.get(name))

    def use_devices(self, devices: Devices) -> None:
        """Know these devices from now on: one was installed, replaced or retired."""
        self.devices = devices
        self._renew()

    def knows(self, device: str) -> bool:
        """Return whether the city has a device that its network calls so."""
        return self.devices.find(device) is not None

    def codecs_of(self, arrival: Arrival) -> frozenset[str]:
        """Return the codecs that decode an arrival, as far as its envelope can be read; needs no codec to be sound."""
        envelope = self._formats.get(arrival.network)
        if envelope is None:
            return frozenset()
        try:
            attached = (self.devices.find(uplink.device) for uplink in envelope(arrival))
            return frozenset(each.mapping.model.codec for each in attached if each is not None)
        except PlacetteError:
            return frozenset()

    def model_version(self, model: str) -> str:
        """Return the version of a device model's mapping; raises ``NotFound``."""
        version = self.devices.versions.get(model)
        if version is None:
            known = ", ".join(sorted(self.devices.versions)) or "none is in use"
            raise NotFound(f"no device is of the model '{model[:80]}'", "models.toml", f"the models in use: {known}")
        return version

    def _renew(self) -> None:
        uplinks = UplinkReader(self.devices, self.codecs, self.intake.seen)
        self.intake.use(MessageReader(self._topics, self._formats, uplinks))


def formats(city: City) -> dict[str, Read]:
    """Return what reads the envelopes of each network of another format than ours; raises ``BadInput``."""
    found = {key: _reader(network) for key, network in city.networks.items()}
    return {key: read for key, read in found.items() if read is not None}


def faults_of(folder: Path, city: City) -> list[Fault]:
    """Return what is wrong with the formats of a city's networks, their options and topics, each with its line."""
    document = read_toml(folder, NETWORKS, [])
    faults = []
    for key, network in city.networks.items() if document else ():
        try:
            _reader(network)
        except BadInput as error:
            option = _OPTION.search(error.what)
            line = document.line((key, error.where, option[1] if option else "")) if document else 1
            faults.append(Fault(NETWORKS, line, error.what, error.remedy))
    return faults


def _reader(network: Network) -> Read | None:
    """Return what reads a network's envelopes, ``None`` for our own; raises ``BadInput``, where the faulty key."""
    name = "coap" if network.kind == "coap" else network.format
    if network.kind == "wifi":
        return None
    if name == OWN_FORMAT:
        if network.options:
            raise BadInput(f"'{network.key}' takes frames of ours, which have no options", "options", "remove them")
        return None
    chosen = FORMATS.get(name)
    if chosen is None or network.kind not in chosen.kinds:
        fitting = ", ".join([OWN_FORMAT, *(each for each in FORMATS if network.kind in FORMATS[each].kinds)])
        why = "is not known" if chosen is None else f"does not come by {network.kind}"
        raise BadInput(f"the format '{name}' of '{network.key}' {why}", "format", f"by {network.kind} come {fitting}")
    try:
        reader = chosen.reader(network.options, network.topics)
    except BadInput as error:
        raise BadInput(f"'{network.key}': {error.what}", "options", error.remedy) from None
    if network.kind == "mqtt" and not chosen.filters(network.options, network.topics):
        what = f"nothing says which topics '{network.key}' shall follow"
        raise BadInput(what, "topics", f"'{name}' has none of its own: write topics = [\"…\"]")
    return reader
