"""The command line's door to quality control in a running city, and the same work on a stopped one."""

from __future__ import annotations

import asyncio
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response, read_body
from placette.model.errors import BadInput, NotFound
from placette.quality.plans import Plan, Plans
from placette.quality.report import Line, report
from placette.quality.review import Review, review_span
from placette.quality.weeks import review_counts
from placette.store import Store

RUN, REPORT = "/api/admin/quality/run", "/api/admin/quality/report"
_BODY_BYTES = 65_536


class QualityOrder(msgspec.Struct, frozen=True):
    """Which observations: ``[low, high)`` in µs UTC, of one property or of all."""

    low: int
    high: int
    property: str | None = None
    dry_run: bool = False


class Reported(msgspec.Struct, frozen=True):
    """A line per datastream."""

    lines: list[Line]


def run(store: Store, plans: Plans, order: QualityOrder) -> Review:
    """Judge what nobody judged yet in the order's span; blocks. Raises ``BadInput`` and ``NotFound``."""
    _check(store, order)

    def wanted(plan: Plan) -> bool:
        return order.property in (None, plan.info.property_key)

    found = review_span(store, plans, order.low, order.high, wanted=wanted, dry_run=order.dry_run)
    if not order.dry_run and order.property is None:
        suspect = review_counts(store, plans, order.low, order.high)
        found.written += suspect
        found.flags[3] = found.flags.get(3, 0) + suspect
    return found


def told(store: Store, plans: Plans, order: QualityOrder) -> Reported:
    """Return the report of the order's span; blocks. Raises ``BadInput`` and ``NotFound``."""
    _check(store, order)
    return Reported(report(store, plans, order.low, order.high, order.property))


def routes(store: Store, plans: Plans) -> list[Route]:
    """Return the routes that ``placette quality`` asks of a running city."""

    async def run_here(request: Request) -> Response:
        return json_response(await asyncio.to_thread(run, store, plans, await _order(request)))

    async def report_here(request: Request) -> Response:
        return json_response(await asyncio.to_thread(told, store, plans, await _order(request)))

    return [
        Route(
            method="POST",
            path=RUN,
            handler=run_here,
            access=Access.LOCAL,
            summary="Judge stored observations that nobody judged yet",
            takes=QualityOrder,
        ),
        Route(
            method="POST",
            path=REPORT,
            handler=report_here,
            access=Access.LOCAL,
            summary="Count flags and gaps of each datastream",
            takes=QualityOrder,
        ),
    ]


def _check(store: Store, order: QualityOrder) -> None:
    if not order.low < order.high:
        raise BadInput("the time span is empty", "--from, --to", "give a --to later than --from")
    keys = {info.property_key for info in store.directory.by_id.values() if info.property_key}
    if order.property is not None and order.property not in keys:
        raise NotFound(f"no datastream observes '{order.property}'", "--property", f"one of {', '.join(sorted(keys))}")


async def _order(request: Request) -> Any:
    try:
        return msgspec.json.decode(await read_body(request, _BODY_BYTES), type=QualityOrder)
    except msgspec.DecodeError as error:
        raise BadInput(f"the order cannot be read: {error}", request.url.path) from None
