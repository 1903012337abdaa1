"""``placette quality``: judge what is stored, and tell how good it is; the city may be running."""

from __future__ import annotations

import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any

import msgspec
from cyclopts import App, Parameter

from placette import city as cities
from placette import control, settings
from placette.cli import DATA
from placette.model import times
from placette.model.errors import NotFound
from placette.quality import orders
from placette.quality.orders import QualityOrder, Reported
from placette.quality.plans import Plans
from placette.quality.review import Review
from placette.store import Store

app = App(name="quality", help="Judge stored observations by the quality tests, and tell how good they are.")

_WORDS = {1: "good", 2: "not evaluated", 3: "suspect", 4: "fail", 9: "missing"}
_WEEK_US = 7 * 86_400_000_000


@app.command(name="run")
def run_(
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    property_: Annotated[str | None, Parameter(name="--property")] = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    data: Path = DATA,
    city: Path | None = None,
) -> int:
    """Judge the stored observations that nobody judged yet; only flags are written, never results.

    Example: placette quality run --from 2026-01-01 --property temperature --dry-run

    Args:
        from_: First time, ISO 8601; a week ago unless given.
        to: End, not included; now unless given.
        property_: Only this observed property.
        dry_run: Count the verdicts and write none.
        data: The data folder.
        city: The city folder with its quality.toml, when no server runs; the built-in numbers unless given.
    """
    order = _order(from_, to, property_, dry_run=dry_run)
    found = msgspec.convert(_ask(orders.RUN, orders.run, order, data, city), Review, str_keys=True)
    kinds = ", ".join(f"{count:,} {_WORDS[flag]}" for flag, count in sorted(found.flags.items())) or "no verdict"
    written = "nothing written" if dry_run else f"{found.written:,} written"
    print(f"{found.looked_at:,} observations looked at: {kinds}; {written}.")
    return 0


@app.command(name="report")
def report_(
    *,
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    property_: Annotated[str | None, Parameter(name="--property")] = None,
    each: Annotated[bool, Parameter(negative=())] = False,
    data: Path = DATA,
    city: Path | None = None,
) -> int:
    """Show the share of each flag, the gaps and what was captured, by property or for each datastream.

    Example: placette quality report --from 2026-01-01 --each

    Args:
        from_: First time, ISO 8601; a week ago unless given.
        to: End, not included; now unless given.
        property_: Only this observed property.
        each: One line per datastream.
        data: The data folder.
        city: The city folder with its quality.toml, when no server runs; the built-in numbers unless given.
    """
    order = _order(from_, to, property_)
    lines = msgspec.convert(_ask(orders.REPORT, orders.told, order, data, city), Reported, str_keys=True).lines
    groups: dict[str, list[Any]] = defaultdict(list)
    for line in lines:
        groups[line.datastream if each else line.property].append(line)
    what = "datastream" if each else "property"
    width = max(map(len, [what, *groups]))
    heads = ("stored", "good", "suspect", "fail", "missing", "not yet", "gaps", "captured")
    print(" ".join([what.ljust(width), *(head.rjust(9) for head in heads)]))
    for name, group in groups.items():
        print(_row(name.ljust(width), group))
    return 0


def _row(name: str, lines: list[Any]) -> str:
    stored = sum(line.stored for line in lines)
    shares = [
        sum(getattr(line, flag) for line in lines) / stored
        for flag in ("good", "suspect", "failed", "missing", "not_evaluated")
    ]
    captured = [line.captured for line in lines if line.captured is not None]
    cells = [f"{stored:,}", *(f"{share:.2%}" for share in shares), f"{sum(line.gaps for line in lines):,}"]
    cells.append(f"{sum(captured) / len(captured):.1%}" if captured else "–")
    return " ".join([name, *(cell.rjust(9) for cell in cells)])


def _order(from_: str | None, to: str | None, property_: str | None, *, dry_run: bool = False) -> QualityOrder:
    high = times.micros(to) if to else time.time_ns() // 1000
    low = times.micros(from_) if from_ else high - _WEEK_US
    return QualityOrder(low, high, property_, dry_run)


def _ask(
    path: str,
    work: Callable[[Store, Plans, QualityOrder], Any],
    order: QualityOrder,
    data: Path,
    city: Path | None,
) -> Any:
    """Let the running server do the work, or do it on the data folder that none uses."""
    running = control.find(data)
    if running is not None:
        return next(control.ask(running, path, order))
    file = data / settings.DATABASE
    if not file.exists():
        raise NotFound(f"there is no data in {data}", str(file), "name the data folder with --data")
    found = cities.read(city) if city else None
    store = Store.open(file, settings.read(data).of_store())
    try:
        plans = Plans(store, found.quality, found.zone) if found else Plans(store, cities.quality.defaults())
        return msgspec.to_builtins(work(store, plans, order), str_keys=True)
    finally:
        store.close()
