"""The devices as the pages list them: everything the store knows, with the names that the city folder gives."""

from __future__ import annotations

from collections import Counter
from datetime import date

import msgspec

from placette.city.model import City
from placette.publish.areas import Position
from placette.publish.latest import position_of
from placette.store import DatastreamInfo, Directory
from placette.web.words import Words

OTHER = "other"
"""The kind of a device that says none."""
KIND_OBJECTIVE = {
    "counter": "flow",
    "wifi": "flow",
    "air": "air",
    "temperature": "heat",
    "noise": "noise",
    "light": "lighting",
    "bin": "bins",
    "soil": "watering",
    "valve": "watering",
    "parking": "parking",
    "kiosk": "screens",
    "totem": "screens",
}
"""Which objective of a place a kind of device serves."""
OBJECTIVE_ORDER = ("flow", "air", "heat", "noise", "lighting", "bins", "watering", "parking", "screens", OTHER)


class Member(msgspec.Struct, frozen=True, kw_only=True):
    """One device: its datastreams in the order of its model, the first being the one to show alone."""

    code: str
    thing_id: int
    names: dict[str, str]
    kind: str
    place: str | None
    position: Position | None
    infos: tuple[DatastreamInfo, ...]
    address: str = ""
    installed: date | None = None
    network: str = ""
    every_s: dict[str, int] = {}
    retired: bool = False

    def name(self, language: str) -> str:
        """Return the name in this language, or in the one it has."""
        return self.names.get(language) or next(iter(self.names.values()))

    @property
    def objective(self) -> str:
        """The objective it serves."""
        return KIND_OBJECTIVE.get(self.kind, OTHER)


class Fleet:
    """All devices of one version of the directory; those that are retired are found by their code alone."""

    def __init__(self, city: City, directory: Directory) -> None:
        self.version = directory.version
        every = _members(city, directory)
        self.members = [member for member in every if not member.retired]
        self.by_code = {member.code: member for member in every}
        self.kinds = dict(Counter(member.kind for member in self.members).most_common())

    def at(self, place: str) -> list[Member]:
        """Return the devices of a place, in the fleet's order."""
        return [member for member in self.members if member.place == place]


def property_name(city: City, info: DatastreamInfo, language: str) -> str:
    """Return what a datastream observes, in this language where the city has it."""
    known = city.properties.get(info.property_key or "")
    return known.names.get(language, info.property_name) if known else info.property_name


def kind_name(words: Words, kind: str, count: int = 1) -> str:
    """Return the name of a kind of device, or the kind itself where the catalogue does not know it."""
    key = f"kind.{kind}"
    return words(key, count=count) if words.has(key) else kind


def _members(city: City, directory: Directory) -> list[Member]:
    streams: dict[int, list[DatastreamInfo]] = {}
    for info in directory.observed:
        streams.setdefault(info.thing_id, []).append(info)
    declared = {device.code: device for device in city.devices}
    places = {place.key: number for number, place in enumerate(city.places)}
    members = []
    for thing_id, infos in streams.items():
        first = infos[0]
        code = first.thing_code or str(thing_id)
        device = declared.get(code)
        model = city.models.get(device.model) if device else None
        rank = {quantity.property: number for number, quantity in enumerate(model.quantities)} if model else {}
        infos.sort(key=lambda info: rank.get(info.property_key or "", len(rank)))
        members.append(
            Member(
                code=code,
                thing_id=thing_id,
                names=model.names if model else {"": first.thing_name},
                kind=first.kind or OTHER,
                place=first.place if first.place in places else None,
                position=position_of(first),
                infos=tuple(infos),
                address=device.address if device else "",
                installed=device.installed if device else None,
                network=device.network if device else "",
                retired=first.retired,
                every_s={quantity.property: quantity.every_s for quantity in model.quantities} if model else {},
            )
        )
    order = {objective: number for number, objective in enumerate(OBJECTIVE_ORDER)}
    members.sort(key=lambda m: (places.get(m.place or "", len(places)), order[m.objective], m.kind, m.code))
    return members
