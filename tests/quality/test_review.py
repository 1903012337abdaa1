"""What was posted or imported is judged later, with both sides and the neighbours at hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.quality.conftest import CHECKS, HOUR, NOON, TEN, Make, flags, put

from placette.quality import review
from placette.quality.plans import Plans
from placette.quality.report import report
from placette.quality.review import review_new, review_span
from placette.quality.weeks import review_counts
from placette.store import Store

DAY = 24 * HOUR


def steps(count: int, first: int = 0) -> list[int]:
    return [NOON + step * TEN for step in range(first, first + count)]


@pytest.fixture
def plans(store: Store) -> Plans:
    return Plans(store, CHECKS)


def test_an_import_is_judged_once(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("AIR")
    put(store, datastream, steps(6), [20.0, 20.5, 30.0, 20.6, 99.0, None])
    found = review_new(store, plans)
    assert flags(store, datastream) == [1, 1, 4, 1, 4, 9]
    assert (found.looked_at, found.written, found.flags) == (6, 6, {1: 3, 4: 2, 9: 1})
    assert store.latest.of([datastream]).column("quality").to_pylist() == [9]
    assert review_new(store, plans).looked_at == 0


@pytest.mark.parametrize("piece", [1, 2, 1000])
def test_pieces_do_not_change_the_verdicts(
    store: Store, make: Make, plans: Plans, monkeypatch: pytest.MonkeyPatch, piece: int
) -> None:
    monkeypatch.setattr(review, "PIECE_ROWS", piece)
    datastream = make("AIR")
    put(store, datastream, steps(9), [20.0, 20.5, 30.0, 20.6, 20.6, 20.6, 20.6, 20.6, 20.6])
    review_new(store, plans, pieces=99)
    assert flags(store, datastream) == [1, 1, 4, 1, 1, 1, 1, 1, 1]
    put(store, datastream, steps(2, 9), [20.6, 20.6])
    review_new(store, plans, pieces=99)
    assert flags(store, datastream)[9:] == [3, 3]


def test_late_rows_and_corrected_ones_are_judged_where_they_stand(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("AIR")
    put(store, datastream, [*steps(2), *steps(2, 3)], [20.0, 20.1, 20.2, 20.3])
    review_new(store, plans)
    put(store, datastream, steps(1, 2), [28.5])
    review_new(store, plans)
    assert flags(store, datastream) == [1, 1, 4, 1, 1]
    put(store, datastream, steps(1, 3), [77.0])
    assert flags(store, datastream)[3] == 2
    review_new(store, plans)
    assert flags(store, datastream)[3] == 4


def test_a_verdict_given_by_others_stands(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("AIR")
    put(store, datastream, steps(3), [20.0, 99.0, 20.0])
    store.change_now(
        lambda con: con.execute("UPDATE observation SET quality = 1 WHERE result = 99").fetchall(), refresh=False
    )
    review_new(store, plans)
    assert flags(store, datastream) == [1, 1, 1]


def test_who_differs_from_the_neighbours_is_suspect(store: Store, make: Make, plans: Plans) -> None:
    quarter = [make(f"AIR-{number}", east=100.0 * number) for number in range(5)]
    far = make("AIR-FAR", east=50_000)
    for number, datastream in enumerate([*quarter, far]):
        warm = 12.0 if datastream in (quarter[2], far) else 0.0
        put(store, datastream, steps(12), np.linspace(20, 22, 12) + number / 10 + warm)
    review_new(store, plans)
    assert flags(store, quarter[2]) == [3] * 12
    assert {flag for datastream in (*quarter[:2], *quarter[3:], far) for flag in flags(store, datastream)} == {1}


def test_a_dry_run_writes_nothing(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("AIR")
    put(store, datastream, steps(3), [20.0, 99.0, 20.0])
    found = review_span(store, plans, NOON - DAY, NOON + DAY, dry_run=True)
    assert (found.flags, found.written, flags(store, datastream)) == ({1: 2, 4: 1}, 0, [2, 2, 2])


def test_a_counter_that_died_is_found_among_its_weeks(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("COUNT", "pedestrians", "{person}", every_s=900)
    quarters = np.arange(10 * 7 * 96)
    hour = quarters // 4 % 24
    counts = np.where(hour < 6, 0, np.random.default_rng(2).poisson(30, len(quarters))).astype(float)
    dead = slice(9 * 7 * 96 + 32, 9 * 7 * 96 + 80)
    counts[dead] = 0
    start = NOON // DAY * DAY
    put(store, datastream, start + quarters * (HOUR // 4), counts)
    review_new(store, plans)
    assert set(flags(store, datastream)) == {1}
    assert review_counts(store, plans, start + 63 * DAY, start + 70 * DAY) >= 48
    found = np.array(flags(store, datastream))
    assert (found[dead] == 3).all()
    assert (found[: dead.start] == 1).mean() > 0.99


def test_the_report_tells_flags_gaps_and_capture(store: Store, make: Make, plans: Plans) -> None:
    datastream = make("AIR")
    put(store, datastream, [*steps(10), *steps(5, 20)], [20 + 0.1 * step for step in range(14)] + [99.0])
    review_new(store, plans)
    (line,) = report(store, plans, NOON, NOON + 30 * TEN)
    assert (line.datastream, line.stored, line.good, line.failed, line.gaps) == ("AIR/temperature", 15, 14, 1, 1)
    assert (line.longest_s, line.captured) == (6600, 0.5)
    assert report(store, plans, NOON, NOON + DAY, "pm10") == []
