"""The shares of law are dated rows that can be read."""

from __future__ import annotations

from datetime import date

import pytest

from placette.analyse.quality.capture import least_share
from placette.quality.rules import capture_rules


@pytest.mark.parametrize(
    ("statistic", "day", "share"),
    [
        ("hour", date(2026, 7, 1), 0.75),
        ("eight_hours", date(2026, 7, 1), 0.75),
        ("day_of_eight_hours", date(2026, 7, 1), 0.75),
        ("day", date(2026, 7, 1), 0.75),
        ("year", date(2026, 7, 1), 0.9),
        ("year", date(2027, 1, 1), 0.85),
    ],
)
def test_the_share_in_force_is_found(statistic: str, day: date, share: float) -> None:
    assert least_share(capture_rules(), statistic, day) == share  # type: ignore[arg-type]
