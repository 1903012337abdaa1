"""A cause is a reason without its variable parts, the same whatever devices, numbers and times are in it."""

from __future__ import annotations

import time

import duckdb
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from placette.model.arrivals import Arrival, DeadLetter
from placette.store import Store, causes, inbox
from placette.store.inbox import Choice

NOW = time.time_ns() // 1000
CON = duckdb.connect()


def fold(text: str) -> str:
    row = CON.execute(f"SELECT {causes.folded('?')}", [text]).fetchone()
    assert row is not None
    return str(row[0])


@pytest.mark.parametrize(
    ("reason", "cause"),
    [
        ("'AIX-7' has no datastream for pm10", "'…' has no datastream for pm10"),
        ("'AIX-8' has no datastream for pm10", "'…' has no datastream for pm10"),
        ("the device's codec 'milesight' says: error 12", "the device's codec '…' says: error …"),
        ("'l'eau' has nothing", "'…' has nothing"),
        ("rows 1, 2, 3 and 4 of AIX-ROT-AIR-01: -3.5e4 is odd", "rows … of …: … is odd"),
        ("'a', 'b' and 'c' are unknown", "'…' are unknown"),
        ("24e124136b502217 sent 2026-07-01T12:00:00Z", "… sent …"),
        ("550e8400-e29b-41d4-a716-446655440000 came twice", "… came twice"),
        ("24:E1:24:13:6B:50:22:17 is in no list", "… is in no list"),
        ("pm2.5 and no2 of v1.1/Datastreams(12)", "pm2.5 and no2 of v1.1/Datastreams(…)"),
        ("no reader for this topic", "no reader for this topic"),
        ("", ""),
    ],
)
def test_the_variable_parts_of_a_reason_are_taken_out(reason: str, cause: str) -> None:
    assert fold(reason) == cause


NAMES = st.from_regex(r"[A-Z]{2,4}(-[A-Z]{2,4}){0,3}-[0-9]{1,4}", fullmatch=True)
EUIS = st.from_regex(r"[0-9a-f]{16}|[0-9A-F]{16}", fullmatch=True)
NUMBERS = st.one_of(st.integers().map(str), st.floats(allow_nan=False, allow_infinity=False).map(str))
TIMES = st.datetimes().map(lambda moment: f"{moment.isoformat(timespec='seconds')}Z")
QUOTED = st.text(st.characters(exclude_characters="'", exclude_categories=["Cs"]), max_size=30)
REASONS = (
    "'{quoted}' has no datastream for pm10",
    "{eui} is no device of this city",
    "the value {number} of {name} is no number",
    "{name} sent {time}, which is too early by {number} s",
    'the codec\'s own words: "{number}" at line {number}',
)


@given(
    template=st.sampled_from(REASONS),
    parts=st.fixed_dictionaries({"quoted": QUOTED, "eui": EUIS, "number": NUMBERS, "name": NAMES, "time": TIMES}),
)
def test_whatever_varies_the_cause_is_the_same(template: str, parts: dict[str, str]) -> None:
    usual = {"quoted": "x", "eui": "0" * 16, "number": "1", "name": "AIX-1", "time": "2026-01-01T00:00:00Z"}
    assert fold(template.format(**parts)) == fold(template.format(**usual))


def test_different_faults_are_different_causes() -> None:
    usual = {"quoted": "x", "eui": "0" * 16, "number": "1", "name": "AIX-1", "time": "2026-01-01T00:00:00Z"}
    assert len({fold(template.format(**usual)) for template in REASONS}) == len(REASONS)


@given(st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])))
@example("'" * 600)
@example("0" * 100_000)
def test_any_text_has_a_cause_and_a_cause_is_short(text: str) -> None:
    assert len(fold(text)) <= causes.LONGEST


@given(st.text("ab '\"", max_size=40))
def test_words_alone_stay_as_they_are(text: str) -> None:
    if "'" not in text and '"' not in text:
        assert fold(text) == text.strip(" ")


def letter(what: str, network: str = "lora", age: int = 0) -> DeadLetter:
    arrival = Arrival(network=network, channel="up", payload=b"{}", received_time=NOW - age)
    return DeadLetter(arrival=arrival, what=what, where="$", remedy="mend it")


async def test_causes_are_counted_with_their_first_and_last_letter(store: Store) -> None:
    told = [letter(f"'AIX-{number}' has no datastream for x", age=number) for number in range(4)]
    await inbox.keep(store, [*told, letter("no JSON"), letter("no JSON", network="http")])
    most, *others = await causes.listed(store)
    assert (most.network, most.what, most.count) == ("lora", "'…' has no datastream for x", 4)
    assert (most.first, most.last, most.keys) == (NOW - 3, NOW, (4, 3, 2))
    assert (most.example, most.remedy) == ("'AIX-3' has no datastream for x", "mend it")
    assert {(one.network, one.what, one.count) for one in others} == {("lora", "no JSON", 1), ("http", "no JSON", 1)}
    assert [one.network for one in await causes.listed(store, network="http")] == ["http"]


async def test_the_letters_of_a_cause_are_found_by_its_key(store: Store) -> None:
    await inbox.keep(store, [letter("row 1"), letter("column 1"), letter("row 2")])
    key = (await causes.listed(store))[0].key
    assert [one.id for one in await inbox.list(store, Choice(cause=key))] == [3, 1]
    assert await inbox.count(store, Choice(cause="nothing")) == 0


async def test_each_state_has_its_own_causes(store: Store) -> None:
    await inbox.keep(store, [letter("a"), letter("b"), letter("c")])
    await inbox.dismiss(store, Choice(what="b"), NOW)
    await inbox.settle(store, [3], {}, NOW)
    found = {state: [one.what for one in await causes.listed(store, state)] for state in causes.STATES}
    assert found == {"waiting": ["a"], "dismissed": ["b"], "replayed": ["c"]}
