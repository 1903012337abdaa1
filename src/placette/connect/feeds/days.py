"""Days and hours as the services of feeds write them in their requests; all UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

DAY_US = 86_400_000_000
HOUR_US = 3_600_000_000
USUAL_DAYS_BACK = 7
"""Where a feed begins at its first run when the city does not say."""


def today(now: int, zone: str = "UTC") -> date:
    """Return the day of ``now`` (µs UTC) in a time zone.

    >>> str(today(1_782_943_200_000_000, "Europe/Paris"))
    '2026-07-02'
    """
    return datetime.fromtimestamp(now // 1_000_000, UTC).astimezone(ZoneInfo(zone)).date()


def start(since: str, now: int) -> str:
    """Return the instant at which a first run begins: the day ``since``, or a week back.

    >>> start("2026-01-01", 0)
    '2026-01-01T00:00:00Z'
    """
    day = since or str(today(now) - timedelta(days=USUAL_DAYS_BACK))
    return f"{day}T00:00:00Z"
