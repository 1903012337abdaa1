"""Counting people by the radio of their devices: what a city sets, and what a way in hands over."""

from __future__ import annotations

import re
from datetime import UTC, datetime, tzinfo
from typing import Annotated, Any, Literal, Protocol

import msgspec

from placette.model.errors import BadInput

SLOT_US = 300_000_000
"""Five minutes, the interval of CNIL's case 1 and of the CDRC procedure, µs."""

_VARIABLE = re.compile(r"[A-Z][A-Z0-9_]*")
_LEGAL = ("controller", "notice_url", "opt_out_url")


class WifiOptions(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """``options`` of a network of kind ``wifi``. Legal cases: docs/wifi.md."""

    case: Literal[1, 2] = 1
    """1: anonymous at once, sketches only. 2: pseudonyms of one day at most in memory, with the duties that follow."""
    validator_env: str = ""
    """Environment variable that holds the validator Meraki asks for with GET."""
    opt_out_env: str = ""
    """Environment variable that holds the key of the list of those who object; without it there is no such list."""
    late_s: Annotated[int, msgspec.Meta(ge=0, le=240)] = 120
    """How long after its end an interval still takes frames, s; then its salt is destroyed."""
    smallest: Annotated[int, msgspec.Meta(ge=1, le=1000)] = 10
    """Counts below it are not published."""
    rssi_at_least_dbm: Annotated[float, msgspec.Meta(ge=-120, le=0)] | None = None
    """Frames heard weaker than this are left out, dBm: keeps to the square what is on the square."""
    probes_per_minute: Annotated[float, msgspec.Meta(gt=0, le=6000)] | None = None
    """Frames one device sends per minute on average, for the count by rate; measured on the spot."""
    controller: str = ""
    """Case 2: who is responsible, as the notice names it."""
    notice_url: str = ""
    """Case 2: where the full information stands."""
    opt_out_url: str = ""
    """Case 2: where people object."""


def options(table: dict[str, Any]) -> WifiOptions:
    """Return the options of ``networks.toml``; raises ``BadInput`` with every reason why they cannot be used."""
    if wrong := faults(table):
        raise BadInput("; ".join(what for what, _ in wrong), "options", "; ".join(remedy for _, remedy in wrong))
    return msgspec.convert(table, WifiOptions)


def faults(table: dict[str, Any]) -> list[tuple[str, str]]:
    """Return what is wrong with these options, each with its remedy.

    >>> faults({"case": 2, "controller": "Aix", "notice_url": "https://a.fr/n", "opt_out_url": "https://a.fr/o"})
    [("'opt_out_env' is missing: without it nobody's objection can be kept", 'name the variable that holds its key')]
    """
    try:
        chosen = msgspec.convert(table, WifiOptions)
    except msgspec.ValidationError as error:
        known = ", ".join(WifiOptions.__struct_fields__)
        return [(f"the options cannot be used: {error}", f"the options are: {known}")]
    found = [
        (f"'{name}' does not hold the name of an environment variable", "write a name such as PLACETTE_WIFI_VALIDATOR")
        for name in ("validator_env", "opt_out_env")
        if getattr(chosen, name) and not _VARIABLE.fullmatch(getattr(chosen, name))
    ]
    return found + (_missing_for_case_2(chosen) if chosen.case == 2 else [])


def _missing_for_case_2(chosen: WifiOptions) -> list[tuple[str, str]]:
    found = [
        (f"case 2 asks for '{name}'", "give it, or keep case 1, which counts without pseudonyms")
        for name in _LEGAL
        if not getattr(chosen, name).strip()
    ]
    found += [
        (f"'{name}' is no https address", "begin it with https://")
        for name in _LEGAL[1:]
        if getattr(chosen, name).strip() and not getattr(chosen, name).startswith("https://")
    ]
    if not chosen.opt_out_env:
        what = "'opt_out_env' is missing: without it nobody's objection can be kept"
        found.append((what, "name the variable that holds its key"))
    return found


QUANTITIES = (
    "devices", "fixed", "randomised", "bluetooth", "visitors", "by_rate", "people", "dwell", "flows",
)  # fmt: skip
"""The quantities a model of a Wi-Fi sensor may have, by their ``key``; docs/wifi.md says what each is."""
MODELLED = frozenset({"visitors", "by_rate", "people"})
"""Quantities of a Wi-Fi sensor that a model computes from what was heard; the others are measured."""

TIME_CLASSES = ("weekday-morning", "weekday-evening", "saturday")
"""Classes of time that have a ratio of their own: 6–14 h, 14–22 h, and Saturday 6–22 h, local time."""


def time_class(time: int, zone: tzinfo) -> str:
    """Return the class of a moment (µs UTC), empty for nights and Sundays, which nobody counts by hand.

    >>> from zoneinfo import ZoneInfo
    >>> time_class(1_790_000_000_000_000, ZoneInfo("Europe/Paris"))
    'weekday-evening'
    """
    local = datetime.fromtimestamp(time / 1e6, UTC).astimezone(zone)
    if not 6 <= local.hour < 22 or local.isoweekday() == 7:
        return ""
    if local.isoweekday() == 6:
        return TIME_CLASSES[2]
    return TIME_CLASSES[0] if local.hour < 14 else TIME_CLASSES[1]


class Take(Protocol):
    """Counts one frame and forgets it; ``address`` is a buffer the caller overwrites right after."""

    def __call__(
        self, sensor: str, time: int | None, address: bytearray, *, rssi_dbm: float | None, bluetooth: bool
    ) -> None:
        """Take a frame that ``sensor`` (a device's code) heard at ``time``, µs UTC (``None``: now)."""


class Calibration(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """People per counted device at one sensor and in one class of time, with its 95 % interval."""

    device: str
    time_class: str
    basis: Literal["devices", "frames"]
    """What the ratio multiplies: the devices of an interval, or its frames (the count by rate)."""
    ratio: Annotated[float, msgspec.Meta(ge=0)]
    lower: Annotated[float, msgspec.Meta(ge=0)]
    upper: Annotated[float, msgspec.Meta(ge=0)]
    sessions: int
    minutes: int
    mape_percent: float | None = None
    """Mean absolute percentage error on sessions that were not used."""
    made: str = ""
    """The day of the calibration."""
