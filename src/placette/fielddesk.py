"""The desk of field work: takes the orders of technicians, each once, and tells what became of a site.

It joins what happens to devices (``fieldwork``), their photos and their first frames. The API, the pages and the
command line give their orders here.
"""

from __future__ import annotations

import csv
import hashlib
import io
import re
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from placette.city.ground import Ground, place_fault
from placette.city.model import City, Device, Network
from placette.city.things import OPTIONAL, REQUIRED
from placette.fieldwork import FieldWork, Site
from placette.first_frame import first_frame
from placette.harmonise.uplinks import unknown
from placette.model.errors import BadInput
from placette.model.scans import scan
from placette.model.times import micros
from placette.photos import Photos
from placette.site_json import (
    FirstFrame,
    Installation,
    Order,
    Photo,
    Replacement,
    Retirement,
    SiteState,
    SiteWhole,
    state_of,
    whole,
)
from placette.store import Store, life, orders
from placette.store.inbox import Choice

Said = TypeVar("Said", SiteState, Photo)
Ordered = TypeVar("Ordered", Installation, Replacement, Retirement)
_NETWORK_ID = re.compile(r"[^\s\x00-\x1f]{0,200}")


_EARLIER = """
SELECT id FROM dead_letter WHERE replayed_at IS NULL AND dismissed_at IS NULL AND network = ? AND lower(what) = lower(?)
ORDER BY id DESC LIMIT 1000
"""
_BEFORE_US = 86_400_000_000
"""How long before it was hung a new device's frames count as its first, µs."""


class FieldDesk:
    """The field work of one city. ``replay`` tries dead letters again; ``clock`` gives µs UTC.

    Methods block unless they are coroutines.
    """

    def __init__(
        self,
        store: Store,
        work: FieldWork,
        data: Path,
        replay: Callable[[Choice], Awaitable[Any]],
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._replay = replay
        self.work = work
        self.photos = Photos(data)
        self.clock = clock
        self._store = store
        self._ground = Ground(work.city.outline)
        self._orders = threading.Lock()

    @property
    def city(self) -> City:
        """The city as the field has made it."""
        return self.work.city

    @property
    def networks(self) -> list[Network]:
        """The networks that a device can be hung in; feeds are none."""
        return [network for network in self.city.networks.values() if network.kind != "feed"]

    def sites(self) -> list[Site]:
        """Return every site as it is now."""
        return self.work.sites()

    def site(self, code: str) -> Site:
        """Return a site as it is now; raises ``NotFound``."""
        return self.work.site(code)

    def whole(self, code: str, *, known: bool) -> SiteWhole:
        """Return a site with its past; ``known``: for who has signed in. Raises ``NotFound``."""
        site = self.work.site(code)
        photos = self.photos.names(code) if known else ()
        return whole(site, life.attachments(self._store, code), life.events(self._store, code), photos, known=known)

    def install(self, order: Installation) -> SiteState:
        """Hang a device; raises ``BadInput`` or ``Conflict`` with the reason why it cannot be."""
        return self._once(order, order.key, SiteState, lambda: self._installed(order))

    def replace(self, code: str, order: Replacement) -> SiteState:
        """Hang another device at a site; raises ``NotFound``, ``BadInput`` or ``Conflict``."""

        def do() -> SiteState:
            device = _identifier(order.device)
            if not device:
                raise BadInput("the code of a site is no device", "device", "scan the device itself")
            return self._known(self.work.replace(code, device, order.model, order.note, self._done_at(order)))

        return self._once((code, order), order.key, SiteState, do)

    def retire(self, code: str, order: Retirement) -> SiteState:
        """Take the device of a site away for good; raises ``NotFound``."""

        def do() -> SiteState:
            return self._known(self.work.retire(code, order.note, self._done_at(order)))

        return self._once((code, order), order.key, SiteState, do)

    def photograph(self, code: str, content: bytes, key: str = "") -> Photo:
        """Keep a photo of a site; raises ``NotFound``, or what :meth:`Photos.add` does."""

        def do() -> Photo:
            self.work.site(code)
            return Photo(f"/api/sites/{code}/photos/{self.photos.add(code, content)}")

        return self._once((code, hashlib.sha256(content).hexdigest()), key, Photo, do)

    def install_said(self, said: Mapping[str, str]) -> SiteState:
        """:meth:`install` with what a form says; raises ``BadInput`` as well when that is no order."""
        return self.install(_order(said, Installation))

    def replace_said(self, code: str, said: Mapping[str, str]) -> SiteState:
        """:meth:`replace` with what a form says."""
        return self.replace(code, _order(said, Replacement))

    def retire_said(self, code: str, said: Mapping[str, str]) -> SiteState:
        """:meth:`retire` with what a form says."""
        return self.retire(code, _order(said, Retirement))

    async def first_frame(self, code: str, since: int) -> FirstFrame:
        """Return whether a site was heard since a time (µs UTC), and how."""
        return await first_frame(self._store, self.city, code, since, self.clock())

    def waits_since(self, site: Site) -> int:
        """Return since when a frame is the first of what hangs at a site, µs UTC.

        A device that was switched on before the site was told may have been heard already.
        """
        hung = life.attachments(self._store, site.device.code)
        if not hung:
            return site.since
        return hung[-1].since - (_BEFORE_US if len(hung) == 1 else 0)

    async def catch_up(self, site: SiteState) -> None:
        """Read again what a device sent before the city knew it, which waits as dead letters."""
        said = [site.network, unknown(site.device or "")]
        earlier = (await self._store.query(_EARLIER, said)).column("id").to_pylist()
        if earlier:
            await self._replay(Choice(ids=tuple(earlier)))

    def suggested(self, place: str, model: str) -> str:
        """Return the next free code for a device of this model at this place, made like those that are there."""
        city = self.city
        taken = {device.code for device in city.devices}
        kind = city.models[model].kind if model in city.models else ""
        for same in (
            [device.code for device in city.devices if device.place == place and device.model == model],
            [device.code for device in city.devices if device.place == place and device.kind == kind],
        ):
            counted = [match for code in same if (match := re.fullmatch(r"(.*?)(\d+)", code))]
            if counted:
                last = max(counted, key=lambda match: int(match[2]))
                return _free(last[1], int(last[2]) + 1, len(last[2]), taken)
        return _free(f"{_short(city.key)}-{_short(place)}-{_short(kind or model)}-", 1, 2, taken)

    def things_csv(self) -> str:
        """Return ``things.csv`` with what the field declared, for the city folder."""
        out = io.StringIO(newline="")
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow((*REQUIRED, *OPTIONAL))
        for each in self.city.devices:
            installed = each.installed.isoformat() if each.installed else ""
            row = (each.code, each.model, each.place, _degrees(each.longitude), _degrees(each.latitude), each.network)
            writer.writerow((*row, each.network_id, each.address, installed, each.photo))
        return out.getvalue()

    def _installed(self, order: Installation) -> SiteState:
        wrong = place_fault(self._ground, order.longitude, order.latitude)
        if wrong:
            raise BadInput(wrong[0], "longitude, latitude", wrong[1])
        found = scan(order.device)
        code = order.code or found.code
        if not code and order.model in self.city.models:
            code = self.suggested(order.place, order.model)
        before = next((device for device in self.city.devices if device.code == code), None)
        at = self._done_at(order)
        device = Device(
            code=code,
            model=order.model,
            kind=self.city.models[order.model].kind if order.model in self.city.models else "",
            place=order.place,
            longitude=round(order.longitude, 6),
            latitude=round(order.latitude, 6),
            network=order.network,
            network_id=_identifier(order.device) or (before.network_id if before and not order.device else ""),
            address=order.address.strip(),
            installed=datetime.fromtimestamp((at or self.clock()) / 1e6, ZoneInfo(self.city.zone)).date(),
            photo=before.photo if before else "",
        )
        return self._known(self.work.install(device, order.note, at))

    def _known(self, site: Site) -> SiteState:
        return state_of(site, known=True)

    def _done_at(self, order: Order) -> int | None:
        return micros(order.done_at) if order.done_at else None

    def _once(self, said: Any, key: str, gives: type[Said], do: Callable[[], Said]) -> Said:
        if not key:
            return do()
        body = hashlib.sha256(msgspec.json.encode(said)).hexdigest()
        with self._orders:  # two sendings of one order that overlap are one as well
            before = orders.answer_of(self._store, key, body)
            if before is not None:
                return msgspec.json.decode(before, type=gives)
            answer = do()
            orders.keep(self._store, key, body, msgspec.json.encode(answer).decode(), self.clock())
            return answer


def _order(said: Mapping[str, str], kind: type[Ordered]) -> Ordered:
    given = {name: text.strip() for name, text in said.items() if text.strip() and name in kind.__struct_fields__}
    for name in ("longitude", "latitude"):
        if name in given:
            given[name] = given[name].replace(",", ".")
    try:
        return msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise BadInput(
            f"the form cannot be used: {error}", remedy="fill in what is missing, and send it again"
        ) from None


def _identifier(text: str) -> str:
    found = scan(text)
    if not _NETWORK_ID.fullmatch(found.network_id):
        raise BadInput("the device's identifier has spaces", "device", "write it as the network does")
    return found.network_id


def _short(name: str) -> str:
    letters = re.sub(r"[^A-Z0-9]", "", name.upper())
    return letters[:3] or "X"


def _degrees(value: float) -> str:
    """Return a coordinate to a tenth of a metre, as folders write it, with more digits only where there are more."""
    return f"{value:.6f}" if round(value, 6) == value else repr(value)


def _free(begin: str, number: int, digits: int, taken: set[str]) -> str:
    while (code := f"{begin}{number:0{digits}}") in taken:
        number += 1
    return code
