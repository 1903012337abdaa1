import json

import pyarrow as pa

from placette.harmonise.faults import Fault
from placette.harmonise.mapping import Mapping, Position, Things, Time, Values
from placette.harmonise.plan import GEOMETRY, lay
from placette.harmonise.projection import LAMBERT_93
from placette.harmonise.subjects import Subjects
from placette.model.file_format import FileFormat


def only_things(things: Things, columns: tuple[str, ...], **more: object) -> Subjects:
    written = more.pop("file", FileFormat())
    return Subjects(lay(Mapping(title="t", source="s", licence="l", things=things, file=written), columns), **more)


def point(x: float, y: float) -> str:
    return json.dumps({"type": "Point", "coordinates": [x, y, 0.0]})


def test_each_feature_is_a_thing_at_its_projected_position():
    things = Things(each="row", code="L-{row}", name="Lamp {row}", kind="light", properties={"model": "{type}"})
    subjects = only_things(things, ("type", GEOMETRY), projection=LAMBERT_93)
    shapes = [point(700_000, 6_600_000), None, point(float(10**12), 0)]
    named = subjects.read(pa.table({"type": ["A", "", "C"], GEOMETRY: shapes}))
    assert named.fault.tolist() == [Fault.NONE, Fault.NONE, Fault.POSITION]
    first, second = subjects.things
    assert (first.code, first.name, first.properties) == ("L-1", "Lamp 1", {"model": "A"})
    assert first.location == {"type": "Point", "coordinates": [3.0, 46.5]}
    assert (second.location, second.properties, subjects.unplaced) == (None, {}, ["L-2"])


def test_rows_are_counted_across_blocks():
    subjects = only_things(Things(each="row", code="L-{row}", kind="light"), ("a",))
    for _ in range(2):
        subjects.read(pa.table({"a": ["x", "y"]}))
    assert [thing.code for thing in subjects.things] == ["L-1", "L-2", "L-3", "L-4"]


def test_positions_come_from_columns_with_a_decimal_comma():
    position = Position(longitude="lon", latitude="lat")
    things = Things(each="row", code="{id}", kind="tree", position=position)
    subjects = only_things(things, ("id", "lon", "lat"), file=FileFormat(decimal=","))
    table = pa.table({"id": ["a", "b", "c", "d"], "lon": ["5,45", "", "181", "x"], "lat": ["43,5", "", "1", "2"]})
    assert subjects.read(table).fault.tolist() == [Fault.NONE, Fault.NONE, Fault.POSITION, Fault.POSITION]
    assert subjects.things[0].location == {"type": "Point", "coordinates": [5.45, 43.5]}


def test_positions_come_from_a_file_beside_by_name():
    things = Things(
        each="column",
        code="C-{column}",
        kind="counter",
        position=Position(longitude="x", latitude="y", file="where.csv", key="name"),
    )
    values = Values(columns="*", observed_property="pedestrians", unit="{person}")
    using = Mapping(title="t", source="s", licence="l", things=things, time=Time(column="t"), values=(values,))
    subjects = Subjects(lay(using, ("t", "High Street", "Elsewhere")), {"High Street": (174.7, -36.8)})
    assert [thing.location and thing.location["coordinates"] for thing in subjects.things] == [[174.7, -36.8], None]
    assert subjects.unplaced == ["C-Elsewhere"]


def test_columns_that_share_a_thing_belong_to_one():
    things = Things(each="column", code="C-{column}", kind="counter")
    values = (
        Values(columns="in", thing="gate", observed_property="pedestrians", unit="{person}"),
        Values(columns="temp", thing="gate", observed_property="temperature", unit="Cel"),
        Values(columns="other", observed_property="pedestrians", unit="{person}"),
    )
    using = Mapping(title="t", source="s", licence="l", things=things, time=Time(column="t"), values=values)
    subjects = Subjects(lay(using, ("t", "in", "temp", "other")))
    assert [thing.code for thing in subjects.things] == ["C-gate", "C-other"]
    assert subjects.of_column == (0, 0, 1)


def test_lines_and_areas_keep_their_shape():
    area = {"type": "Polygon", "coordinates": [[[5, 43], [6, 43], [6, 44], [5, 43]]]}
    subjects = only_things(Things(each="row", code="{id}", kind="park"), ("id", GEOMETRY))
    subjects.read(pa.table({"id": ["a"], GEOMETRY: [json.dumps(area)]}))
    assert subjects.things[0].location == area
