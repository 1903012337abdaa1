"""A place: what it is and is for, how it is now, how it usually is, and every live value with its age and quality."""

from __future__ import annotations

from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.model.errors import NotFound
from placette.web.fleet import OBJECTIVE_ORDER, Member
from placette.web.habits import Habit
from placette.web.outlook import outlook
from placette.web.pages.anomalies import marks
from placette.web.pages.explorer import explore
from placette.web.pages.layers import mapped_at
from placette.web.pages.site import Site
from placette.web.readings import Cell, readings

PLAN = (560, 420)
PARTS = {"now": "parts/place_now.html", "chart": "parts/explorer.html", "outlook": "parts/outlook.html"}
_HOURS_HEIGHT = 100.0


class Group(msgspec.Struct, frozen=True, kw_only=True):
    """Devices of one kind: one row each, one column per property; an empty cell is ``None``."""

    objective: str
    kind: str
    headings: tuple[Cell, ...]
    rows: tuple[tuple[Member, tuple[Cell | None, ...]], ...]


class Hour(msgspec.Struct, frozen=True):
    """One hour of the day at a place: passages usual and today, with their heights in per cent of the largest."""

    hour: int
    usual: float | None
    today: float | None
    usual_height: float
    today_height: float


async def place(site: Site, request: Request, language: str) -> Response:
    """Answer ``/fr/places/{key}``; ``part=now``, ``part=chart``, ``part=outlook`` answer those parts."""
    key = request.path_params["key"]
    here = next((one for one in await site.places() if one.place.key == key), None)
    if here is None:
        raise NotFound(f"no place '{key[:80]}'", request.url.path, "the city page lists the places")
    asked = dict(request.query_params)
    part = asked.get("part", "")
    values: dict[str, Any] = {"here": here, "place": here.place}
    if part in ("", "outlook"):
        values["outlook"] = await outlook(site, language, site.fleet.at(key), asked)
    if part not in ("chart", "outlook"):
        values |= {"hours": hours(here.habit) if here.habit else ()}
    if part not in ("now", "outlook"):
        values["explorer"] = await explore(site, language, site.fleet.at(key), asked)
    if part in PARTS:
        return site.renderer.page(request, language, PARTS[part], **values)
    members = site.fleet.at(key)
    return site.renderer.page(
        request,
        language,
        "place.html",
        groups=groups(site, language, members),
        mapped=mapped_at(site, members),
        plan=site.place_map(key, *PLAN),
        strange=await marks(site, members),
        strange_at=key,
        others=[one for one in site.city.places if one.key != key],
        **values,
    )


def groups(site: Site, language: str, members: list[Member]) -> list[Group]:
    """Return the devices by objective and kind, each with its newest values."""
    cells = site.cells(language)
    known = readings(site.store, (info for member in members for info in member.infos))
    by_kind: dict[tuple[str, str], list[Member]] = {}
    for member in members:
        by_kind.setdefault((member.objective, member.kind), []).append(member)
    found = []
    for (objective, kind), alike in sorted(by_kind.items(), key=lambda entry: OBJECTIVE_ORDER.index(entry[0][0])):
        columns: dict[str, Cell] = {}
        rows = []
        for member in alike:
            mine = {
                info.property_key or info.name: cells.cell(member, info, known.get(info.id)) for info in member.infos
            }
            columns = mine | columns
            rows.append((member, mine))
        headings = tuple(columns.values())
        found.append(
            Group(
                objective=objective,
                kind=kind,
                headings=headings,
                rows=tuple((member, tuple(mine.get(name) for name in columns)) for member, mine in rows),
            )
        )
    return found


def hours(habit: Habit) -> tuple[Hour, ...]:
    """Return the twenty-four hours of the day, ready to be drawn as bars."""
    most = max((value for value in (*habit.usual, *habit.today) if value), default=0.0)

    def height(value: float | None) -> float:
        return round(_HOURS_HEIGHT * value / most, 1) if value and most else 0.0

    return tuple(
        Hour(hour, usual, today, height(usual), height(today))
        for hour, (usual, today) in enumerate(zip(habit.usual, habit.today, strict=True))
    )
