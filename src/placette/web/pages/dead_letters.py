"""Frames that were set aside: grouped by cause, looked at, mended, tried again, put away. All of it without scripts."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import urlencode

import msgspec
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from placette.api import read_form
from placette.model.errors import BadInput, NotFound
from placette.model.replays import ReharmoniseReport, ReplayReport, Rereading
from placette.store import causes, inbox, mending, shares
from placette.store.causes import STATES, State
from placette.store.inbox import FILES, Choice, KeptLetter
from placette.store.mending import MEND_BYTES, Mended, Mending, Replacement
from placette.web import payloads
from placette.web.pages.site import Site
from placette.web.payloads import Shown

PER_PAGE = 10
READ_AT_ONCE = 100_000
"""Frames that one press of the button reads again; the next press goes on."""
_REPORTED = ("replayed", "stored", "failed", "left", "next", "letters")
_READ = ("frames", "changed", "added", "unchanged", "gone", "unreadable")


class Sheet(msgspec.Struct, frozen=True):
    """A letter as the page shows it; ``mended`` is the form in which it will be replayed, where it has one."""

    kept: KeptLetter
    came: Shown
    mended: Shown | None


async def dead_letters(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/dead-letters``: every cause; with ``cause=`` one of them and its letters, page by page."""
    asked = request.query_params
    state = _state(asked.get("state", ""))
    found = await causes.listed(site.store, state)
    values: dict[str, Any] = {
        "state": state,
        "states": {one: await inbox.count(site.store, Choice(state=one)) for one in STATES},
        "files": FILES,
        "networks": {key: network.names.get(language, key) for key, network in site.city.networks.items()},
        "done": asked.get("done", ""),
        "chosen": asked.get("of", ""),
        "report": {name: _number(asked.get(name)) for name in _REPORTED + _READ},
        "days": site.store.settings.inbox_days,
        "let_go": await shares.let_go(site.store),
        "raw_days": site.store.settings.raw_days,
    }
    if "cause" not in asked:
        newest = await inbox.list(
            site.store, Choice(ids=tuple(each.keys[0] for each in found) or (0,)), len(found) or 1
        )
        sheets = {sheet.kept.id: sheet for sheet in map(_sheet, newest)}
        values |= {"causes": found, "sheets": sheets, "codecs": _codecs(site)}
        return site.renderer.page(request, language, "dead-letters.html", **values)
    cause = next((each for each in found if each.key == asked["cause"]), None)
    choice = Choice(cause=asked["cause"], state=state, before=_number(asked.get("before")) or None)
    letters = await inbox.list(site.store, choice, PER_PAGE + 1)
    return site.renderer.page(
        request,
        language,
        "dead-letter-cause.html",
        cause=cause,
        letters=[_sheet(kept) for kept in letters[:PER_PAGE]],
        more=letters[PER_PAGE - 1].id if len(letters) > PER_PAGE else None,
        replacement=_replacement(asked),
        preview=await _preview(site, choice, asked),
        show=payloads.shown,
        **values,
    )


async def change_dead_letters(site: Site, request: Request, language: str) -> Response:
    """Answer the page's forms: do what ``do`` says with one letter (``id``), a cause or all, and lead back."""
    form = await read_form(request, 4 * MEND_BYTES)
    do, cause = form.get("do", ""), form.get("cause") or None
    key = _number(form.get("id"))
    state = _state(form.get("state", ""))
    before = _number(form.get("before")) or None
    choice = Choice(ids=(key,)) if key else Choice(cause=cause, state=state, before=before)
    report: dict[str, int] = {}
    named = bool(key or cause)  # only a replay may concern all
    of = form.get("of", "")
    if do in ("try-again", "read-again"):
        report = await _read_again(site, of, dry_run=do == "try-again")
    elif do == "replay":
        report = _counts(await site.again.replay(choice, _codec(site, of)))
    elif do in ("dismiss", "restore") and named:
        at = time.time_ns() // 1000 if do == "dismiss" else None
        report = {"letters": await inbox.dismiss(site.store, choice, at)}
    elif do == "mend-all" and named:
        report = {"letters": (await mending.mend_all(site.store, choice, _replacement(form))).changed}
    elif do in ("mend", "unmend", "mend-replay") and key:
        await _mend(site, key, form)
        report = _counts(await site.again.replay(choice, None)) if do == "mend-replay" else {"letters": 1}
    else:
        raise BadInput("the form says nothing to do", request.url.path, "use the page's own buttons")
    kept = {"cause": cause, "state": None if state == "waiting" else state, "done": do, "of": of, **report}
    where = urlencode({name: value for name, value in kept.items() if value not in (None, "")})
    return RedirectResponse(f"/{language}/dead-letters?{where}", 303, {"Cache-Control": "no-store"})


async def _read_again(site: Site, of: str, *, dry_run: bool) -> dict[str, int]:
    """Read kept frames of ``codec:<name>`` or ``model:<key>`` again, to the end; return the account."""
    kind, _, name = of.partition(":")
    order = Rereading(codec=name if kind == "codec" else "", model=name if kind == "model" else "", dry_run=dry_run)
    total, after = ReharmoniseReport(), 0
    while True:
        total = total.plus(await site.again.reharmonise(msgspec.structs.replace(order, after=after)))
        if total.next is None or total.frames >= READ_AT_ONCE:
            return {name: getattr(total, name) for name in _READ}
        after = total.next


def _codec(site: Site, of: str) -> str | None:
    """Return the codec that ``codec:<name>`` or ``model:<key>`` means, ``None`` when the form names neither."""
    kind, _, name = of.partition(":")
    if kind == "model":
        if name not in site.city.models:
            raise NotFound(f"there is no device model '{name[:80]}'", "models.toml", "choose one of the list")
        return site.city.models[name].codec
    return name if kind == "codec" else None


def _codecs(site: Site) -> dict[str, tuple[str, ...]]:
    """Return the codecs of the city's models, and the models that have one."""
    models = {key: model.codec for key, model in site.city.models.items() if model.codec}
    return {"codec": tuple(sorted(set(models.values()))), "model": tuple(sorted(models))}


async def _mend(site: Site, key: int, form: dict[str, str]) -> None:
    kept = await inbox.get(site.store, key)
    if kept is None:
        raise NotFound(f"there is no dead letter {key}", "dead-letters", "its days are over")
    if form["do"] == "unmend":
        await mending.mend(site.store, kept, None)
        return
    now = kept.arrival
    payload = payloads.written(form["payload"], now.payload) if "payload" in form else now.payload
    await mending.mend(site.store, kept, Mended(form.get("channel", now.channel), payload))


async def _preview(site: Site, choice: Choice, asked: Any) -> Mending | None:
    if not asked.get("find"):
        return None
    whole = msgspec.structs.replace(choice, before=None)
    return await mending.preview(site.store, whole, _replacement(asked))


def _replacement(asked: Any) -> Replacement:
    in_channel = asked.get("part") == "channel"
    return Replacement(asked.get("find", ""), asked.get("by", ""), "channel" if in_channel else "payload")


def _sheet(kept: KeptLetter) -> Sheet:
    mended = payloads.shown(kept.arrival.payload) if kept.mended else None
    return Sheet(kept, payloads.shown(kept.letter.arrival.payload), mended)


def _counts(report: ReplayReport) -> dict[str, int]:
    return {name: getattr(report, name) or 0 for name in ("replayed", "stored", "failed", "left", "next")}


def _state(text: str) -> State:
    return next((state for state in STATES if state == text), "waiting")


def _number(text: str | None) -> int:
    return int(text) if text and text.isascii() and text.isdigit() and len(text) < 19 else 0
