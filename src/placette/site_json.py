"""Sites, orders of the field and first frames as they are written in JSON."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec

from placette.fieldwork import Site, network_id
from placette.model.times import iso
from placette.store.life import Attachment, Event

Code = Annotated[str, msgspec.Meta(pattern=r"^([A-Za-z0-9][A-Za-z0-9._-]{0,63})?$")]
NetworkId = Annotated[str, msgspec.Meta(max_length=200)]
Note = Annotated[str, msgspec.Meta(max_length=500)]
Key = Annotated[str, msgspec.Meta(max_length=100)]


class Order(msgspec.Struct, frozen=True, kw_only=True):
    """What every order of the field may say: a ``note``, when it was done (ISO 8601), and the ``key`` made for it.

    The same key again is answered the same and does nothing.
    """

    note: Note = ""
    done_at: str = ""
    key: Key = ""


class Installation(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A device to hang at a site; without ``code`` the site is a new one and gets the next code of its place and kind.

    ``device`` is how its network names it, or what its QR code says; degrees are WGS 84.
    """

    model: str
    network: str
    place: str
    longitude: Annotated[float, msgspec.Meta(ge=-180, le=180)]
    latitude: Annotated[float, msgspec.Meta(ge=-90, le=90)]
    device: NetworkId = ""
    code: Code = ""
    address: Annotated[str, msgspec.Meta(max_length=200)] = ""


class Replacement(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Another device at a site that has one; without ``model`` it is of the same."""

    device: Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
    model: str = ""


class Retirement(Order, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The device of a site is taken away for good."""


class SiteState(msgspec.Struct, frozen=True, kw_only=True):
    """A site as it is now; ``since`` is when it came into its state, times in ISO 8601.

    ``device`` (how the network names it) is only told to who has signed in.
    """

    code: str
    state: str
    since: str | None
    model: str
    kind: str
    place: str
    longitude: float
    latitude: float
    address: str
    network: str
    last_frame: str | None
    device: str | None = None


class Hanging(msgspec.Struct, frozen=True, kw_only=True):
    """A device that hung at a site, until then or still; ``device`` and ``note`` for who has signed in."""

    model: str
    network: str
    since: str
    until: str | None
    device: str | None = None
    note: str | None = None


class Happening(msgspec.Struct, frozen=True, kw_only=True):
    """The site came into a state; ``note`` for who has signed in."""

    state: str
    time: str
    note: str | None = None


class SiteWhole(SiteState, frozen=True, kw_only=True):
    """A site with all that hung there, the oldest first, and what happened, the newest first; ``photos`` by address."""

    devices: tuple[Hanging, ...]
    events: tuple[Happening, ...]
    photos: tuple[str, ...] | None = None


class Photo(msgspec.Struct, frozen=True):
    """Where a photo that was taken is now."""

    photo: str


class DecodedValue(msgspec.Struct, frozen=True, kw_only=True):
    """One value that came: the property, its result, UCUM unit, time (ISO 8601) and QARTOD quality."""

    property: str
    name: str
    result: float | bool | str | None
    unit: str
    time: str
    quality: int


class FirstFrame(msgspec.Struct, frozen=True, kw_only=True):
    """Whether a site was heard since a time, and how: signal at the gateway that heard best, battery, values."""

    received: bool
    since: str
    now: str
    received_at: str | None = None
    gateway: str = ""
    gateways: int | None = None
    rssi_dbm: float | None = None
    snr_db: float | None = None
    spreading_factor: int | None = None
    battery_percent: float | None = None
    values: tuple[DecodedValue, ...] = ()


def state_of(site: Site, *, known: bool) -> SiteState:
    """Return a site for a reader; ``known``: who has signed in."""
    return SiteState(**_state(site, known))


def whole(
    site: Site, attachments: list[Attachment], events: list[Event], photos: tuple[str, ...], *, known: bool
) -> SiteWhole:
    """Return a site with its past for a reader; ``known``: who has signed in."""
    code = site.device.code
    return SiteWhole(
        **_state(site, known),
        devices=tuple(
            Hanging(
                model=each.model,
                network=each.network,
                since=iso(each.since),
                until=None if each.until is None else iso(each.until),
                device=each.network_id if known else None,
                note=each.note if known else None,
            )
            for each in attachments
        ),
        events=tuple(
            Happening(state=each.state, time=iso(each.time), note=each.note if known else None) for each in events
        ),
        photos=tuple(f"/api/sites/{code}/photos/{name}" for name in photos) if known else None,
    )


def _state(site: Site, known: bool) -> dict[str, Any]:
    device = site.device
    return {
        "code": device.code,
        "state": site.state,
        "since": iso(site.since) if site.since else None,
        "model": device.model,
        "kind": device.kind,
        "place": device.place,
        "longitude": device.longitude,
        "latitude": device.latitude,
        "address": device.address,
        "network": device.network,
        "last_frame": None if site.last_frame is None else iso(site.last_frame),
        "device": network_id(device) if known else None,
    }
