"""Each kind of fault is found, on its line, with its remedy; a good folder has none."""

from pathlib import Path

import pytest

from placette import city
from placette.model.errors import BadInput

# file, text to replace, what to put there; "@" marks the line the fault must name and is taken out
FAULTS = [
    ("city.toml", 'zone = "Europe/Paris"', '@zone = "Europe/Pari"', "unknown time zone 'Europe/Pari'"),
    ("city.toml", 'zone = "Europe/Paris"', '@zone = "../../etc/passwd"', "unknown time zone"),
    ("city.toml", '["fr", "en"]', '@["fr", "xx"]', "unknown language 'xx'"),
    ("city.toml", 'languages = ["fr", "en"]', 'languages = [\n "fr",\n @"xx"]', "unknown language 'xx'"),
    ("city.toml", 'country = "FR"', '@country = "FX1"', "unknown country"),
    ("city.toml", 'country = "FR"', "@country = 33", "country: expected text, got a whole number"),
    ("city.toml", 'country = "FR"', '@cuntry = "FR"', "unknown key 'cuntry'"),
    ("city.toml", 'country = "FR"', '@country = "FR', "not TOML"),
    ("city.toml", 'country = "FR"', 'country = "FR"\n@country = "IT"', "not TOML"),
    ("city.toml", 'key = "arles"', '@key = "Arles !"', "is not a key"),
    ("city.toml", "[licence]", "[licence]\n@license = 1", "unknown key 'license' in licence"),
    ("city.toml", 'role = "data"', '@role = ["data"]', "contacts.0.role: expected text"),
    ("city.toml", "[licence]", '[population]\n@count = -4\nyear = 2018\nsource = "x"\n[licence]', "population.count"),
    ("properties.toml", 'unit = "{person}"', '@unit = "persons"', "unknown unit 'persons'"),
    ("properties.toml", 'definition = "https', '@definition = "see https', "is not a URI"),
    ("properties.toml", 'en = "PM10 particles"', '@es = "Partículas"', "no text in 'en'"),
    ("properties.toml", 'en = "PM10 particles"', '@en = "PM10", zz = "?"', "'zz' is not a language of the city"),
    ("properties.toml", 'combine = "sum"', '@combine = "add"', "invalid enum value 'add'"),
    ("properties.toml", "[pm10]", "@[PM_10]", "'PM_10' is not a key"),
    ("models.toml", 'property = "pm10"', '@property = "pm100"', "unknown property 'pm100'"),
    ("models.toml", 'property = "no2"', '@property = "pm10"', "'pm10' stands twice in hive"),
    ("models.toml", "maximum = 5000", "maximum = -1", "the range 0.0 to -1.0 is empty"),
    ("models.toml", "maximum = 5000", "@maximum = true", "maximum: expected a number, got true or false"),
    ("models.toml", "maximum = 5000", "maximum = inf", "the range 0.0 to inf is empty"),
    ("models.toml", "every_s = 300", "@every_s = 0", "every_s is 0"),
    ("models.toml", 'kind = "counter"', '@kind = "Counter"', "is not a key"),
    ("networks.toml", "port = 1883", "@port = 188300", "street-mqtt.port"),
    ("networks.toml", "devices/{code}/up", "@devices/up", "is the same for every device"),
    ("networks.toml", "devices/{code}/up", "@devices/{code}/+", "is no MQTT topic"),
    ("networks.toml", "port = 1883", '@password = "1234"', "the secret 'password' may not stand in a file"),
    ("networks.toml", '"PLACETTE_MQTT_PASSWORD"', '@"hunter2!"', "does not hold the name of an environment variable"),
    ("networks.toml", 'kind = "mqtt"', '@kind = "lora"', "invalid enum value 'lora'"),
    ("places.geojson", "[4.62780, 43.67770]", "@[43.67770, 4.62780]", "are swapped"),
    ("places.geojson", "[4.62780, 43.67770]", "@[4.62780, 43.0]", "outside the city's outline"),
    ("places.geojson", "[4.62780, 43.67770]", "@[4.62780, 91]", "is no position"),
    ("places.geojson", "[4.62780, 43.67770]", '@["4.6", 43]', "the coordinates are not numbers"),
    ("places.geojson", '"type": "Point"', '@"type": "Polygon"', "the geometry is not a Point"),
    ("places.geojson", '"flow", "air"', '@"flow", "aire"', "unknown objective 'aire'"),
    ("places.geojson", '"confirmed": false', '@"confirm": false', "unknown key 'confirm'"),
    ("places.geojson", '"confirmed": false', '@"confirmed": falsy', "not JSON"),
    ("places.geojson", '"type": "FeatureCollection"', '"type": "Features"', "not a GeoJSON FeatureCollection"),
    ("outline.geojson", '"Polygon"', '"Line"', "the outline is not a Polygon"),
    ("outline.geojson", '"source": ', '@"sauce": ', "no 'source'"),
    ("outline.geojson", "[[[4.6078", "@[[[444.6", "is not a number between −180 and 180"),
    ("things.csv", "ARLES-AIR-01,", "@ARLES-CNT-01,", "the id 'ARLES-CNT-01' stands twice, first on line 2"),
    ("things.csv", "ARLES-AIR-01,", "@ARLES/AIR+01,", "is no device id"),
    ("things.csv", ",hive,", "@,hives,", "unknown model 'hives'"),
    ("things.csv", ",hive,centre", "@,hive,center", "unknown place 'center'"),
    ("things.csv", "street-mqtt,,,,\n", "@lorawan,,,,\n", "unknown network 'lorawan'"),
    ("things.csv", "4.62780,43.67770", "@43.67770,4.62780", "are swapped"),
    ("things.csv", "4.62780,43.67770", "@4.62780,48.8", "outside the city's outline"),
    ("things.csv", "4.62780,43.67770", "@4.62780,91.5", "is no position"),
    ("things.csv", "4.62780,43.67770", "@east,43.67770", "longitude 'east' is not a number"),
    ("things.csv", "4.62780,43.67770", "@nan,43.67770", "longitude 'nan' is not a number"),
    ("things.csv", "street-mqtt,,,,\n", "@street-mqtt,,,2026-02-30,\n", "installed '2026-02-30' is not a date"),
    ("things.csv", "street-mqtt,,,,\n", "@street-mqtt,,,01/02/2026,\n", "installed '01/02/2026' is not a date"),
    ("things.csv", "street-mqtt,,,,\n", "@street-mqtt,,,,../../etc/passwd\n", "is not in the city folder"),
    ("things.csv", "street-mqtt,,,,\n", "@street-mqtt,,,\n", "9 cells where the header has 10"),
    ("things.csv", "street-mqtt,,,,\n", '@street-mqtt,,"Rue, 1"x,,\n', "not CSV"),
    ("things.csv", "longitude", "@lon", "the column 'longitude' is missing"),
    ("things.csv", "installed", "@instaled", "unknown column 'instaled'"),
    ("things.csv", "address", "@photo", "the column 'photo' stands twice"),
]


def broken(folder: Path, file: str, old: str, new: str) -> int:
    """Put ``new`` for the first ``old`` and return the line that ``@`` marks, or 0 where nothing is marked."""
    text = (folder / file).read_text(encoding="utf-8")
    assert old in text
    text = text.replace(old, new, 1)
    line = text.count("\n", 0, text.index("@")) + 1 if "@" in new else 0
    at = text.index(new)
    text = text[:at] + new.replace("@", "") + text[at + len(new) :]
    (folder / file).write_text(text, encoding="utf-8")
    return line


def test_the_reference_city_has_no_fault(aix):
    assert city.check(aix) == []


def test_a_new_city_has_no_fault(folder):
    assert city.check(folder) == []


@pytest.mark.parametrize(("file", "old", "new", "what"), FAULTS, ids=[fault[3][:40] for fault in FAULTS])
def test_each_fault_is_found_on_its_line(folder, file, old, new, what):
    line = broken(folder, file, old, new)
    found = [fault for fault in city.check(folder) if what in fault.what]
    assert [(fault.file, fault.line or line) for fault in found] == [(file, line or found[0].line)]
    assert found[0].remedy


def test_all_faults_of_all_files_come_at_once(folder):
    one_per_file = {fault[0]: fault for fault in FAULTS if fault[0] != "outline.geojson" and "not " not in fault[3]}
    for file, old, new, _ in one_per_file.values():
        broken(folder, file, old, new)
    assert [fault.file for fault in city.check(folder)] == sorted(one_per_file)


def test_all_faults_of_one_table_come_at_once(folder):
    broken(folder, "city.toml", 'country = "FR"', "country = 33")
    broken(folder, "city.toml", "Europe/Paris", "Europe/Pari")
    broken(folder, "models.toml", 'property = "pm10"', 'property = "pm11"')
    broken(folder, "models.toml", "minimum = 0\nmaximum = 1000\n", 'minimum = "0"\nmaximum = 1000\nunit = "ppm"\n')
    assert [fault.what.split(" '")[0] for fault in city.check(folder)] == [
        "country: expected text, got a whole number",
        "unknown time zone",
        "unknown property",
        "hive.quantities.0.minimum: expected a number, got text",
        "unknown unit",
    ]


def test_reading_a_faulty_folder_names_every_fault(folder):
    broken(folder, *FAULTS[0][:3])
    broken(folder, "networks.toml", "port = 1883", "port = 0")
    with pytest.raises(BadInput, match=r"2 faults:\n.*city\.toml:\d+: unknown time zone.*\n.*networks\.toml:\d+:"):
        city.read(folder)


def test_a_broken_file_is_not_blamed_on_those_that_refer_to_it(folder):
    (folder / "models.toml").write_text("[counter\n")
    assert [(fault.file, fault.line) for fault in city.check(folder)] == [("models.toml", 1)]


@pytest.mark.parametrize("file", city.FILES)
def test_a_missing_file_is_a_fault(folder, file):
    (folder / file).unlink()
    assert [(fault.file, fault.what) for fault in city.check(folder)] == [(file, "the file is missing")]


@pytest.mark.parametrize("file", city.FILES)
def test_a_byte_order_mark_is_a_fault_and_hides_no_other(folder, file):
    (folder / file).write_bytes(b"\xef\xbb\xbf" + (folder / file).read_bytes())
    assert [(fault.file, fault.what) for fault in city.check(folder)] == [
        (file, "the file begins with a byte order mark")
    ]


@pytest.mark.parametrize("file", city.FILES)
def test_another_encoding_is_a_fault_on_its_line(folder, file):
    (folder / file).write_bytes(b"\n\n" + "café".encode("latin-1"))
    assert ("byte 0xe9 is not UTF-8", 3) in [(fault.what, fault.line) for fault in city.check(folder)]


@pytest.mark.parametrize("file", city.FILES)
def test_an_empty_file_is_explained(folder, file):
    (folder / file).write_text("")
    assert any(file in (fault.file, fault.remedy.split()[-1]) or file in fault.remedy for fault in city.check(folder))


@pytest.mark.parametrize(("separator", "shown"), [(";", "';'"), ("\t", "tab")])
def test_another_separator_is_one_fault_and_the_rows_are_still_read(folder, separator, shown):
    file = folder / "things.csv"
    file.write_text(file.read_text().replace(",", separator).replace("hive", "hives"))
    assert [fault.what for fault in city.check(folder)] == [
        f"the columns are separated by {shown}",
        "unknown model 'hives'",
    ]


def test_lines_are_counted_through_texts_of_several_lines(folder):
    file = folder / "things.csv"
    rows = file.read_text().splitlines()
    rows[1] = rows[1].replace("street-mqtt,,,", 'street-mqtt,,"Rue,\nde la paix",')
    file.write_text("\n".join(rows).replace("hive", "hives"))
    assert [fault.line for fault in city.check(folder)] == [4]


def test_very_deep_json_is_a_fault(folder):
    (folder / "places.geojson").write_text("[" * 100_000)
    assert next(iter(city.check(folder))).file == "places.geojson"


def test_a_folder_that_is_not_there_is_a_fault(tmp_path):
    assert "no such folder" in city.check(tmp_path / "nowhere")[0].what


def test_thirty_thousand_devices_are_read(folder):
    file = folder / "things.csv"
    rows = [f"D-{n},counter,centre,{4.61 + n * 1e-6:.6f},43.68,street-mqtt,,,," for n in range(30_000)]
    file.write_text(file.read_text() + "\n".join(rows) + "\n")
    assert len(city.read(folder).devices) == 30_003


def test_the_reference_city_says_what_the_facts_say(aix):
    found = city.read(aix)
    assert (found.insee, found.zone, found.school_holidays) == ("13001", "Europe/Paris", "B")
    assert [place.key for place in found.places] == ["hotel-de-ville", "torse", "rotonde", "pole-culturel"]
    assert [place.confirmed for place in found.places] == [True, False, True, False]
    assert len(found.outline["coordinates"][0]) < 100
    assert "IGN Admin Express 2018" in found.outline_source
    assert {device.kind for device in found.devices} == {
        *("counter", "air", "temperature", "noise", "light", "bin", "soil", "valve"),
        *("parking", "wifi", "kiosk", "totem"),
    }


def test_every_place_of_the_reference_city_has_devices_at_positions_of_their_own(aix):
    found = city.read(aix)
    assert {device.place for device in found.devices} == {place.key for place in found.places}
    assert len({(device.longitude, device.latitude) for device in found.devices}) == len(found.devices)
