"""What happens to devices in the street: planned, installed, silent, replaced, retired; each site keeps its series.

The city folder declares devices, the field may too: what was declared in the field counts until the folder's line of
that device is changed. Every attachment is kept with its times, so that a late frame of a device that was replaced
still belongs to the site where it was measured.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterable
from datetime import datetime
from functools import partial
from zoneinfo import ZoneInfo

import duckdb
import msgspec

from placette.city.model import City, Device
from placette.harmonise.devices import Devices, Hung
from placette.model.entities import Origin
from placette.model.errors import BadInput, Conflict, NotFound
from placette.publish.city_sync import sync
from placette.store import Store, life
from placette.store.life import DECLARED_BY_FOLDER, DECLARED_IN_THE_FIELD, Attachment, Event, State

SILENT_TIMES = 3
"""A site is silent after this many of its usual intervals without a frame (at least a quarter of an hour)."""
LEAST_SILENCE_US = 900_000_000
LONGEST_OFFLINE_US = 30 * 86_400_000_000
"""How far back a phone that was offline is believed."""


class Site(msgspec.Struct, frozen=True, kw_only=True):
    """A site as it is now; times in µs UTC, ``last_frame`` is that of its newest observation."""

    device: Device
    state: State
    since: int
    attached: Attachment | None
    last_frame: int | None


def overlay(store: Store, city: City) -> City:
    """Return the city with what the field declared; a line of the folder that was changed since counts more. Blocks."""
    declared = {
        row["thing_code"]: row
        for row in store.query_now("SELECT thing_code, device, folder FROM field_device").to_pylist()
    }
    if not declared:
        return city
    devices: list[Device] = []
    for device in city.devices:
        row = declared.pop(device.code, None)
        keeps = row is not None and row["folder"] == _written(device)
        devices.append((_read(row["device"]) if row is not None and keeps else None) or device)
    devices += filter(None, (_read(row["device"]) for row in declared.values()))
    usable = [each for each in devices if each.model in city.models and city.place(each.place) is not None]
    return msgspec.structs.replace(city, devices=tuple(usable))


class FieldWork:
    """The sites of one city. Its methods block, so call them from a thread; they are safe to call from several.

    ``folder`` are the devices as the city folder declares them, before :func:`overlay`; ``changed`` is told the devices
    whenever one was installed, replaced or retired. ``clock`` gives µs UTC.
    """

    def __init__(
        self,
        store: Store,
        city: City,
        folder: Iterable[Device],
        origin: Origin,
        changed: Callable[[City, Devices], None] = lambda _city, _devices: None,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self.city = city
        self._store = store
        self._folder = {device.code: device for device in folder}
        self._origin = origin
        self._changed = changed
        self._clock = clock
        self._lock = threading.Lock()

    def settle(self) -> Devices:
        """Attach what the folder declares and nobody has attached yet; return the devices as they hang."""
        now = self._clock()
        before = life.attachments(self._store)
        open_now = {each.thing_code: each for each in before if each.until is None}
        known, hung = {each.thing_code for each in before}, {each.network_id.casefold() for each in before}
        states = life.states(self._store)
        new: list[Attachment] = []
        events: list[Event] = []
        for device in self.city.devices:
            hangs = open_now.get(device.code)
            same = hangs is not None and hangs.network_id.casefold() == network_id(device).casefold()
            if same or (hangs is None and device.code in known) or _retired(states.get(device.code)):
                continue  # what was taken away in the field stays away until it is attached again
            elsewhere = hangs is not None or network_id(device).casefold() in hung
            since = now if elsewhere else min(now, _hung_on(device, self.city.zone) or now)
            new.append(_attachment(device, since, DECLARED_BY_FOLDER))
            events.append(Event(thing_code=device.code, state="replaced" if hangs else "planned", time=now))
        if new:
            self._store.change_now(partial(_write, attachments=new, events=events), refresh=False)
        retired = {code: state.time if _retired(state) else None for code, state in states.items()}
        self._store.change_now(partial(life.mark, retired=retired))
        return self.devices()

    def devices(self) -> Devices:
        """Return which device hangs where, with what hung there before."""
        hung = [
            Hung(each.thing_code, each.network_id, each.model, each.since, each.until)
            for each in life.attachments(self._store)
        ]
        return Devices.of(self.city, hung)

    def install(self, device: Device, note: str = "", at: int | None = None) -> Site:
        """Hang a device at a site that is new, planned or empty; return the site.

        ``at`` is when that was done (µs UTC), now unless said: a phone without network tells later.

        Raises ``BadInput`` when its model, place or network are unknown, ``Conflict`` when the site has another device
        (replace it) or the device hangs elsewhere (retire that site, or say that it was moved by installing it there).
        """
        with self._lock:
            self._check(device)
            hangs = self._hangs(device.code)
            if hangs is not None and hangs.declared == DECLARED_IN_THE_FIELD and not _same(hangs, device):
                raise Conflict(
                    f"'{device.code}' has the device '{hangs.network_id}'", device.code, "replace it instead"
                )
            return self._hang(device, "installed", note, at)

    def replace(self, code: str, new_id: str, model: str = "", note: str = "", at: int | None = None) -> Site:
        """Hang another device at a site; its series go on. ``model`` is the new device's, the same unless said.

        ``at`` is when that was done (µs UTC), now unless said.

        Raises ``NotFound`` without such a site and ``BadInput`` on an unknown model, or one without its properties.
        """
        with self._lock:
            site = self._device(code)
            new = msgspec.structs.replace(site, network_id=new_id, model=model or site.model)
            new = msgspec.structs.replace(new, kind=self._kind(new.model))
            self._check(new)
            return self._hang(new, "replaced", note, at)

    def retire(self, code: str, note: str = "", at: int | None = None) -> Site:
        """Take the device of a site away for good (``at`` in µs UTC); its history stays. Raises ``NotFound``."""
        with self._lock:
            device = self._device(code)
            now = self._moment(code, at)
            event = self._event(code, "retired", now, note)
            self._store.change_now(partial(_take_away, code=code, at=now, event=event))
            self._changed(self.city, self.devices())
            return self.site(device.code)

    def site(self, code: str) -> Site:
        """Return a site as it is now; raises ``NotFound``."""
        device = self._device(code)
        states = life.states(self._store)
        return self._site(device, states, {code: self._hangs(code)}, self._last_frames())

    def sites(self) -> list[Site]:
        """Return every site as it is now, in the order of the folder."""
        states = life.states(self._store)
        hangs = {each.thing_code: each for each in life.attachments(self._store) if each.until is None}
        frames = self._last_frames()
        return [self._site(device, states, hangs, frames) for device in self.city.devices]

    def watch(self) -> int:
        """Note which sites fell silent or were heard again since the last time; return how many."""
        now = self._clock()
        states = life.states(self._store)
        frames = self._last_frames()
        events: list[Event] = []
        for device in self.city.devices:
            state = states.get(device.code)
            if state is None or state.state == "retired":
                continue
            last = frames.get(device.code)
            heard = last is not None and (state.state in ("planned", "silent") or last >= state.time)
            quiet = now - (last or state.time) > self._patience(device)
            if state.state in ("planned", "replaced", "silent") and heard and not quiet:
                events.append(Event(thing_code=device.code, state="installed", time=now))
            elif state.state == "installed" and quiet:
                events.append(Event(thing_code=device.code, state="silent", time=now))
        if events:
            self._store.change_now(partial(life.note, events=events), refresh=False)
        return len(events)

    async def work(self) -> None:
        """The job: watch, from the event loop."""
        await asyncio.to_thread(self.watch)

    def _hang(self, device: Device, state: State, note: str, at: int | None) -> Site:
        now = self._moment(device.code, at)
        others = tuple(each for each in self.city.devices if each.code != device.code)
        city = msgspec.structs.replace(self.city, devices=(*others, device))
        sync(self._store, msgspec.structs.replace(city, devices=(device,)), self._origin)
        attachment = _attachment(device, now, DECLARED_IN_THE_FIELD, note)
        event = self._event(device.code, state, now, note)
        declared = self._folder.get(device.code)
        folder = "" if declared is None else _written(declared)
        self._store.change_now(
            partial(_declare, device=_written(device), folder=folder, attachment=attachment, event=event)
        )
        self.city = city
        self._changed(city, self.devices())
        return self.site(device.code)

    def _moment(self, code: str, at: int | None) -> int:
        """Return when something was done: never ahead of now, and after the device before was hung there."""
        now = self._clock()
        if at is None:
            return now
        before = max((each.since for each in life.attachments(self._store, code)), default=0)
        return min(now, max(at, before + 1, now - LONGEST_OFFLINE_US))

    def _event(self, code: str, state: State, at: int, note: str) -> Event:
        """Return what came of an order: the state since it was done, even when others were noted meanwhile."""
        noted = max((event.time + 1 for event in life.events(self._store, code)[:1]), default=0)
        return Event(thing_code=code, state=state, time=max(at, noted), note=note)

    def _check(self, device: Device) -> None:
        city = self.city
        for what, key, known in (
            ("model", device.model, city.models),
            ("network", device.network, city.networks),
            ("place", device.place, {place.key: place for place in city.places}),
        ):
            if key not in known:
                raise BadInput(f"the city has no {what} '{key[:80]}'", device.code, f"it has {', '.join(known)}")
        elsewhere = next(
            (
                each.thing_code
                for each in life.attachments(self._store)
                if each.until is None
                and each.thing_code != device.code
                and each.network_id.casefold() == network_id(device).casefold()
            ),
            None,
        )
        if elsewhere is not None:
            raise Conflict(
                f"the device '{network_id(device)}' hangs at '{elsewhere}'", device.code, "retire that site first"
            )

    def _kind(self, model: str) -> str:
        found = self.city.models.get(model)
        return found.kind if found is not None else ""

    def _device(self, code: str) -> Device:
        found = next((each for each in self.city.devices if each.code == code), None)
        if found is None:
            raise NotFound(f"there is no device '{code[:80]}'", remedy="install it, or see things.csv for the codes")
        return found

    def _hangs(self, code: str) -> Attachment | None:
        return next((each for each in life.attachments(self._store, code) if each.until is None), None)

    def _last_frames(self) -> dict[str, int]:
        """Return for each site the time of its newest observation of a declared property, µs UTC."""
        ids = {info.id: info.thing_code for info in self._store.directory.observed if info.thing_code}
        found: dict[str, int] = {}
        latest = self._store.latest.of(list(ids))
        times = zip(
            latest.column("datastream_id").to_pylist(),
            latest.column("phenomenon_time").cast("int64").to_pylist(),
            strict=True,
        )
        for datastream, at in times:
            code = ids[datastream]
            found[code] = max(found.get(code, at), at)
        return found

    def _patience(self, device: Device) -> int:
        every = min(quantity.every_s for quantity in self.city.models[device.model].quantities)
        return max(SILENT_TIMES * every * 1_000_000, LEAST_SILENCE_US)

    def _site(
        self,
        device: Device,
        states: dict[str, Event],
        hangs: dict[str, Attachment] | dict[str, Attachment | None],
        frames: dict[str, int],
    ) -> Site:
        event = states.get(device.code)
        return Site(
            device=device,
            state="planned" if event is None else event.state,
            since=0 if event is None else event.time,
            attached=hangs.get(device.code),
            last_frame=frames.get(device.code),
        )


def network_id(device: Device) -> str:
    """Return how the network names a device."""
    return device.network_id or device.code


def _hung_on(device: Device, zone: str) -> int | None:
    """Return the beginning of the day on which the folder says that a device was hung, µs UTC."""
    if device.installed is None:
        return None
    return int(datetime.combine(device.installed, datetime.min.time(), ZoneInfo(zone)).timestamp()) * 1_000_000


def _attachment(device: Device, since: int, declared: str, note: str = "") -> Attachment:
    return Attachment(
        thing_code=device.code,
        network_id=network_id(device),
        network=device.network,
        model=device.model,
        since=since,
        declared=declared,
        note=note,
    )


def _same(hangs: Attachment, device: Device) -> bool:
    return hangs.network_id.casefold() == network_id(device).casefold()


def _retired(event: Event | None) -> bool:
    return event is not None and event.state == "retired"


def _written(device: Device) -> str:
    return msgspec.json.encode(device, order="sorted").decode()


def _read(text: str) -> Device | None:
    try:
        return msgspec.json.decode(text, type=Device)
    except msgspec.DecodeError:
        return None


def _write(con: duckdb.DuckDBPyConnection, *, attachments: list[Attachment], events: list[Event]) -> None:
    life.attach(con, attachments)
    life.note(con, events)


def _declare(con: duckdb.DuckDBPyConnection, *, device: str, folder: str, attachment: Attachment, event: Event) -> None:
    con.execute("DELETE FROM field_device WHERE thing_code = ?", [attachment.thing_code])
    con.execute("INSERT INTO field_device VALUES (?, ?, ?)", [attachment.thing_code, device, folder])
    _write(con, attachments=[attachment], events=[event])
    life.mark(con, {attachment.thing_code: None})


def _take_away(con: duckdb.DuckDBPyConnection, *, code: str, at: int, event: Event) -> None:
    life.detach(con, code, at)
    life.note(con, [event])
    life.mark(con, {code: event.time})
