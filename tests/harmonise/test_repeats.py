import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from placette.harmonise.repeats import Repeats

HOUR = 3_600_000_000
ROWS = st.lists(st.tuples(st.integers(0, 3), st.integers(-5, 40).map(lambda hour: hour * HOUR)), max_size=60)


def find(repeats: Repeats, rows: list[tuple[int, int]]) -> list[bool]:
    """Return for each row whether it repeats an earlier one, in the order given."""
    series, times = (np.array([row[part] for row in rows], np.int64) for part in (0, 1))
    order, repeated = repeats.find(series, times)
    marks = np.empty(len(rows), bool)
    marks[order] = repeated
    return marks.tolist()


@given(st.lists(ROWS, max_size=30))
def test_a_row_repeats_exactly_when_its_series_and_time_came_before(blocks):
    repeats, seen = Repeats(), set()
    for block in blocks:
        expected = []
        for row in block:
            expected.append(row in seen)
            seen.add(row)
        assert find(repeats, block) == expected


def test_the_first_of_two_rows_is_the_one_that_stays():
    assert find(Repeats(), [(0, 7), (0, 5), (0, 7)]) == [False, False, True]


def test_years_of_regular_rows_are_remembered_as_a_few_runs():
    repeats = Repeats(most_runs=10)
    for day in (*range(100), *range(101, 200)):
        find(repeats, [(0, (day * 24 + hour) * HOUR) for hour in range(24)])
    assert find(repeats, [(0, 0), (0, 100 * 24 * HOUR), (0, 4799 * HOUR)]) == [True, False, True]


def test_a_full_memory_is_admitted():
    repeats = Repeats(most_runs=3)
    rng = np.random.default_rng(1)
    for _ in range(4):
        find(repeats, [(0, int(time)) for time in rng.integers(0, 10**12, 9)])
    assert repeats.forgot
