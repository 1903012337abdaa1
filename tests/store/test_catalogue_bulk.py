import pytest

from placette.model.entities import Location, Thing
from placette.model.errors import Conflict
from placette.store import Store
from placette.store.catalogue import insert_many, insert_thing, locate_many


@pytest.fixture
def store(tmp_path):
    opened = Store.open(tmp_path / "placette.duckdb")
    yield opened
    opened.close()


def thing(code: str) -> Thing:
    return Thing(name=code, description=code, properties={"code": code})


def test_many_things_are_inserted_with_their_locations_and_histories(store):
    def change(con):
        things = insert_many(con, [thing(str(number)) for number in range(1000)])
        point = {"type": "Point", "coordinates": [5.4, 43.5]}
        places = insert_many(con, [Location(name="l", description="l", location=point) for _ in things])
        locate_many(con, things, places)
        return things

    ids = store.change_now(change)
    assert len(set(ids)) == 1000
    [row] = store.query_now(
        "SELECT count(*) AS n, count(DISTINCT tl.location_id) AS places FROM thing_location tl"
        " JOIN historical_location h ON h.thing_id = tl.thing_id"
        " JOIN historical_location_location hl ON hl.historical_location_id = h.id AND hl.location_id = tl.location_id"
    ).to_pylist()
    assert row == {"n": 1000, "places": 1000}


@pytest.mark.parametrize("codes", [["new", "taken"], ["new", "new"]])
def test_a_code_that_is_taken_refuses_all_of_them(store, codes):
    store.change_now(lambda con: insert_thing(con, thing("taken")))
    with pytest.raises(Conflict):
        store.change_now(lambda con: insert_many(con, [thing(code) for code in codes]))
    assert store.query_now("SELECT count(*) AS n FROM thing").to_pylist() == [{"n": 1}]


def test_nothing_at_all_is_inserted_without_a_word(store):
    store.change_now(lambda con: (insert_many(con, []), locate_many(con, [], [])))
