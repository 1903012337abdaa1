"""Names of LwM2M and uCIFI objects: ``/3303/0/5700`` is a temperature. The table is ``lwm2m.toml``.

Paths are those of OMA Lightweight M2M: object, object instance, resource. Instances beyond the first keep their number
in the name; what the table does not know keeps its numbers, so that a mapping can still name it.
"""

from __future__ import annotations

import re
import tomllib
from functools import cache
from importlib.resources import files

import msgspec

SENSOR_UNITS = "5701"
"""The resource in which an IPSO sensor states its unit (a SenML unit)."""
_PATH = re.compile(r"/?(\d{1,5})/(\d{1,5})/(\d{1,5})")


class Resource(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a resource's value is called and its UCUM unit; ``confirmed``: read in the registry for this table."""

    name: str
    unit: str = ""
    confirmed: bool = True


class _Table(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    suffixes: dict[str, str]
    sensors: dict[str, Resource]
    objects: dict[str, dict[str, Resource]]


class Path(msgspec.Struct, frozen=True):
    """One resource of one instance of one object; the numbers as written."""

    of: str
    instance: str
    resource: str

    @property
    def units_field(self) -> bool:
        """True when the value is the unit of the sensor beside it."""
        return self.resource == SENSOR_UNITS and self.of in table().sensors


@cache
def table() -> _Table:
    """Return the table of names."""
    text = files(__package__).joinpath("lwm2m.toml").read_text(encoding="utf-8")
    return msgspec.convert(tomllib.loads(text), _Table)


def path(name: str) -> Path | None:
    """Return the LwM2M path that this name is, or ``None``.

    >>> path("/3303/0/5700")
    Path(of='3303', instance='0', resource='5700')
    >>> path("temperature") is None
    True
    """
    found = _PATH.fullmatch(name)
    return None if found is None else Path(*found.groups())


def resource(path: Path) -> Resource:
    """Return what this path's value is called and its unit; the numbers themselves when nobody knows them.

    >>> resource(Path("3303", "0", "5700"))
    Resource(name='temperature', unit='Cel', confirmed=True)
    >>> resource(Path("3303", "1", "5602")).name
    'temperature_max_1'
    >>> resource(Path("3435", "0", "2")).name
    'fill_level'
    >>> resource(Path("9999", "0", "1")).name
    '9999_0_1'
    """
    found = _known(path)
    if found is None:
        return Resource(f"{path.of}_{path.instance}_{path.resource}", confirmed=False)
    if int(path.instance) == 0:
        return found
    return msgspec.structs.replace(found, name=f"{found.name}_{path.instance}")


def _known(path: Path) -> Resource | None:
    known = table()
    exact = known.objects.get(path.of, {}).get(path.resource)
    sensor = known.sensors.get(path.of)
    suffix = known.suffixes.get(path.resource)
    if exact is not None or sensor is None or suffix is None:
        return exact
    unit = "{count}" if path.resource == "5501" else sensor.unit
    return msgspec.structs.replace(sensor, name=sensor.name + suffix, unit=unit)
