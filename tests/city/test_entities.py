from placette import city
from placette.model.entities import Origin


def test_every_quantity_of_every_device_is_a_datastream(aix):
    found = city.read(aix)
    planned = city.entities(found)
    expected = [
        f"{device.code}/{quantity.property}"
        for device in found.devices
        for quantity in found.models[device.model].quantities
    ]
    assert [datastream.code for datastream in planned.datastreams] == expected
    assert len(planned.things) == len(found.devices)


def test_entities_carry_what_the_store_keeps_columns_for(aix):
    planned = city.entities(city.read(aix), Origin.SIMULATED)
    datastream = next(one for one in planned.datastreams if one.code == "AIX-ROT-AIR-01/pm2_5")
    thing = next(one for one in planned.things if one.code == datastream.thing)
    assert datastream.properties["origin"] == "simulated"
    assert datastream.properties["identity"] == "phenomenonTime"
    assert datastream.unit.definition == "ug/m3"
    assert (thing.thing.properties["place"], thing.thing.properties["kind"]) == ("rotonde", "air")
    assert planned.observed_properties["pm2_5"].properties["key"] == "pm2_5"
    assert planned.sensors[datastream.sensor].properties["model"] == "hive"
    assert set(thing.thing.properties["names"]) == {"fr", "en"}
