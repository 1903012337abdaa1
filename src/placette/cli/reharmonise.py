"""``placette reharmonise``: read kept frames again by the codec or the device model of today."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import msgspec
from cyclopts import Parameter

from placette.cli import DATA
from placette.cli.asking import Client, ask, said
from placette.model import times
from placette.model.replays import ReharmoniseReport


def reharmonise(
    *,
    codec: str = "",
    model: str = "",
    from_: Annotated[str | None, Parameter(name="--from")] = None,
    to: str | None = None,
    dry_run: Annotated[bool, Parameter(negative=())] = False,
    data: Path = DATA,
    city: Path | None = None,
) -> None:
    """Read the kept frames again that another version of a codec or a device model understood.

    Values that change are replaced and the change is on record; new ones are added; those that no longer come out are
    told and stay.

    Example: placette reharmonise --codec milesight-em300-th --dry-run

    Args:
        codec: The codec, or
        model: the device model, as the city folder names it.
        from_: Only frames received from then on (ISO 8601, UTC).
        to: Only frames received before.
        dry_run: Only tell what would change.
        data: The data folder.
        city: The city folder, where no server runs on the data.
    """

    async def work(client: Client) -> ReharmoniseReport:
        report, after = ReharmoniseReport(), 0
        while True:
            order = {"codec": codec, "model": model, "since": from_, "until": to, "dry_run": dry_run, "after": after}
            answer = await said(await client.post("/api/reharmonise", json=order))
            report = report.plus(msgspec.convert(answer, ReharmoniseReport))
            if report.next is None:
                return report
            after = report.next
            print(f"{report.frames:,} frames read…", file=sys.stderr)

    report = ask(data, city, work)
    print(
        f"{report.frames:,} frames: {report.changed:,} values {'would change' if dry_run else 'changed'},"
        f" {report.added:,} {'would be ' if dry_run else ''}added, {report.unchanged:,} the same,"
        f" {report.gone:,} no longer come out, {report.unreadable:,} frames cannot be read today"
    )
    for each in report.examples:
        before, after = each.before or "nothing", each.after or "nothing"
        print(f"  {each.datastream} at {times.iso(each.time)}: {before} → {after}")
    for fault in report.faults:
        print(f"  cannot be read: {fault}")
