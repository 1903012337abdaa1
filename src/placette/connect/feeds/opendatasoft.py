"""An Opendatasoft portal: the records of a data set in the order of a date field (Explore API 2.1).

The cursor is the newest date and the number of records read that have exactly that date: the next request asks for the
records from that date on and skips those. Paging by the portal's own offset alone ends at 10,000 records.
"""

from __future__ import annotations

from typing import Any, cast

from placette.connect.feeds.days import start
from placette.connect.feeds.shape import Client, Cursor, FeedConfig, Page
from placette.model.errors import BadInput
from placette.model.feeds import OpendatasoftOptions


async def fetch(client: Client, cursor: Cursor, config: FeedConfig) -> Page:
    """Return the next records; ``cursor``: ``{"at": ISO, "skip": number}``."""
    options = cast("OpendatasoftOptions", config.options)
    at = cursor.get("at", start(options.since, client.now))
    skip = cursor.get("skip", 0)
    conditions = [f"{options.date_field} >= date'{at}'", *([f"({options.where})"] if options.where else [])]
    params: dict[str, str | int] = {
        "where": " and ".join(conditions),
        "order_by": options.date_field,
        "limit": options.page,
        "offset": skip,
    }
    headers = {"Authorization": f"Apikey {config.token}"} if config.token else {}
    path = f"/api/explore/v2.1/catalog/datasets/{options.dataset}/records"
    answer = await client.whole(path, params, headers=headers)
    told = {"date_field": options.date_field, "station_field": options.station_field, "zone": config.zone}
    arrival = client.arrival(answer, {**told, "devices": config.names})
    dates = _dates(answer, options.date_field)
    if not dates:
        empty = dates is not None
        return Page(() if empty else (arrival,), cursor)
    newest = dates[-1]
    same = dates.count(newest)
    ahead = {"at": newest, "skip": same + (skip if newest == at else 0)}
    return Page((arrival,), ahead, more=len(dates) == options.page and ahead != cursor)


def _dates(answer: Any, field: str) -> list[str] | None:
    """Return the dates of the records in their order, ``None`` when the answer is not what was expected."""
    try:
        said = answer.json()
    except BadInput:
        return None
    results = said.get("results") if isinstance(said, dict) else None
    if not isinstance(results, list):
        return None
    dates = [one.get(field) if isinstance(one, dict) else None for one in results]
    known = [one for one in dates if isinstance(one, str)]
    return known if len(known) == len(dates) or known else None
