"""What is kept of the catalogue, and for how long."""

from __future__ import annotations

from placette.publish.kept import SHARE, Kept
from placette.store import Directory


def test_a_thing_is_made_anew_when_the_catalogue_has_changed_and_its_price_is_paid_off() -> None:
    now, made = [0.0], []

    def make(directory: Directory) -> int:
        now[0] += 1.0
        made.append(directory.version)
        return directory.version

    kept = Kept(make, lambda: now[0])
    first, second = (Directory({}, {}, version) for version in (1, 2))
    assert [kept.of(first), kept.of(first), kept.of(second)] == [1, 1, 1]
    now[0] += SHARE
    assert kept.of(second) == 2
    assert made == [1, 2]
