"""A mended codec reads again what came before: its dead letters by itself, the kept frames when it is asked to."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.harmonise.networks.test_lorawan import chirpstack

from placette import city, settings
from placette.access import Tokens
from placette.api import Access
from placette.app import House
from placette.harmonise.devices import Devices
from placette.model import times
from placette.model.arrivals import Arrival
from placette.model.entities import Origin
from placette.model.errors import BadInput, Conflict, NotFound
from placette.model.replays import Rereading
from placette.publish.city_sync import sync
from placette.store import Store, inbox
from placette.store.inbox import WAITING

EUI = "24E124136B502217"
MINUTE = 60_000_000
START = (time.time_ns() // 1000 // MINUTE - 120) * MINUTE
"""Two hours ago: dead letters are kept for days, not for ever."""
MODELS = """
[probe]
codec = "probe"
kind = "air"
names = { fr = "Sonde", en = "Probe" }
every_s = 600
quantities = [
  { property = "temperature", minimum = -50, maximum = 100 },
  { property = "humidity", minimum = 0, maximum = 100 },
]
"""
NETWORKS = """
[lora]
kind = "http"
format = "chirpstack"
names = { fr = "ChirpStack", en = "ChirpStack" }
"""
DEVICES = f"""id,model,place,longitude,latitude,network,network_id
V-AIR-01,probe,centre,0,0,lora,{EUI}
"""
FAULTY = """
function decodeUplink(input) {
  if (input.bytes[0] > 127) throw new Error("no negative temperature yet");
  return {data: {temperature: input.bytes[0] / 10, humidity: input.bytes[1]}};
}
"""
MENDED = """
function decodeUplink(input) {
  const signed = input.bytes[0] > 127 ? input.bytes[0] - 256 : input.bytes[0];
  return {data: {temperature: signed / 2, humidity: input.bytes[1]}};
}
"""
WITHOUT_HUMIDITY = "function decodeUplink(input) { return {data: {temperature: input.bytes[0] / 10}} }"
BROKEN = "function decodeUplink(input) { throw new Error('worse than before') }"


def write(home: Path, codec: str) -> None:
    (home / "codecs" / "probe").mkdir(parents=True, exist_ok=True)
    (home / "codecs" / "probe" / "codec.js").write_text(codec)


@pytest.fixture
async def house(tmp_path: Path) -> AsyncIterator[House]:
    home, data = tmp_path / "city", tmp_path / "data"
    city.scaffold("Ville", home)
    (home / "models.toml").write_text(MODELS)
    (home / "networks.toml").write_text(NETWORKS)
    (home / "things.csv").write_text(DEVICES)
    write(home, FAULTY)
    data.mkdir()
    store = Store.open(data / "placette.duckdb")
    found = city.read(home)
    sync(store, found, Origin.MEASURED)
    made = House(
        store=store,
        city=found,
        settings=settings.Settings(),
        tokens=Tokens(data),
        data=data,
        url="http://ville",
        folder=home,
    )
    yield made
    made.codecs.close()
    store.close()


def frame(counter: int, *payload: int) -> Arrival:
    event: dict[str, Any] = chirpstack(
        time=times.iso(START + counter * MINUTE),
        deduplicationId=f"d{counter}",
        fCnt=counter,
        data=base64.b64encode(bytes(payload)).decode(),
        object=None,
        rxInfo=None,
    )
    return Arrival(
        network="lora",
        channel=f"application/17/device/{EUI}/event/up",
        payload=json.dumps(event).encode(),
        received_time=START + counter * MINUTE,
    )


async def mend(house: House, codec: str) -> None:
    """Change the codec in the city folder and load it, as the city does by itself."""
    assert house.codecs._folder is not None
    write(house.codecs._folder, codec)
    await house.reload_codecs()


def values(house: House, key: str = "temperature") -> list[float]:
    table = house.store.query_now(
        "SELECT result FROM observation WHERE datastream_id = ? ORDER BY phenomenon_time",
        [house.store.directory.by_code[f"V-AIR-01/{key}"].id],
    )
    found: list[float] = table["result"].to_pylist()
    return found


async def test_a_mended_codec_replays_its_dead_letters_by_itself(house: House) -> None:
    await house.intake([frame(1, 200, 50), frame(2, 210, 51), frame(3, 42, 52)])
    assert (await inbox.count(house.store), values(house)) == (2, [4.2])
    await mend(house, MENDED)
    assert (await inbox.count(house.store), values(house)) == (0, [-28.0, -23.0, 4.2])


async def test_it_leaves_them_when_the_settings_say_so(house: House) -> None:
    house.settings = settings.Settings(storage=settings.StorageSettings(replay_mended=False))
    await house.intake([frame(1, 200, 50)])
    await mend(house, MENDED)
    assert await inbox.count(house.store) == 1
    assert (await house.replaying.replay(WAITING, "another")).replayed == 0
    assert (await house.replaying.replay(WAITING, "probe")).replayed == 1


async def test_kept_frames_are_read_again_and_every_change_is_on_record(house: House) -> None:
    await house.intake([frame(counter, 40 + counter, 50) for counter in range(4)])
    assert values(house) == [4.0, 4.1, 4.2, 4.3]
    await mend(house, MENDED)
    tried = await house.reharmonising.run(Rereading(codec="probe", dry_run=True))
    assert (tried.frames, tried.changed, tried.unchanged, tried.added, tried.gone) == (4, 4, 4, 0, 0)
    assert (tried.examples[0].before, tried.examples[0].after) == ("4.0", "20.0")
    assert values(house) == [4.0, 4.1, 4.2, 4.3]
    done = await house.reharmonising.run(Rereading(codec="probe"))
    assert (done.changed, done.next, values(house)) == (4, None, [20.0, 20.5, 21.0, 21.5])
    changes = house.store.query_now("SELECT old_result, new_result FROM observation_change ORDER BY old_result")
    assert changes.to_pylist()[0] == {"old_result": 4.0, "new_result": 20.0}
    assert (await house.reharmonising.run(Rereading(codec="probe"))).frames == 0


async def test_the_lineage_of_what_was_read_again_is_that_of_today(house: House) -> None:
    await house.intake([frame(1, 40, 50)])
    await mend(house, MENDED)
    await house.reharmonising.run(Rereading(codec="probe"))
    key = house.store.query_now("SELECT id FROM observation WHERE result = 20")["id"][0].as_py()
    found = await house.intake.arrivals.origin(key)
    assert found is not None
    assert found.lineage.codec_version == house.understanding.codecs.get("probe").version


async def test_what_no_longer_comes_out_is_told_and_stays_and_comes_back(house: House) -> None:
    await house.intake([frame(1, 40, 50)])
    await mend(house, WITHOUT_HUMIDITY)
    report = await house.reharmonising.run(Rereading(codec="probe"))
    assert (report.gone, report.unchanged, values(house, "humidity")) == (1, 1, [50.0])
    assert (report.examples[0].before, report.examples[0].after) == ("50.0", None)


async def test_what_a_new_version_adds_is_added(house: House) -> None:
    await mend(house, WITHOUT_HUMIDITY)
    await house.intake([frame(1, 40, 50)])
    await mend(house, FAULTY)
    report = await house.reharmonising.run(Rereading(codec="probe"))
    assert (report.added, report.unchanged, values(house, "humidity")) == (1, 1, [50.0])


async def test_a_frame_that_a_new_version_cannot_read_keeps_its_observations(house: House) -> None:
    await house.intake([frame(1, 40, 50)])
    await mend(house, BROKEN)
    report = await house.reharmonising.run(Rereading(codec="probe"))
    assert (report.unreadable, report.changed, values(house)) == (1, 0, [4.0])
    assert "worse than before" in report.faults[0]
    assert await inbox.count(house.store) == 0
    await mend(house, MENDED)
    assert (await house.reharmonising.run(Rereading(codec="probe"))).changed == 1


@pytest.mark.parametrize(
    ("span", "changed"), [({"since": times.iso(START + MINUTE)}, 3), ({"until": times.iso(START + MINUTE)}, 1)]
)
async def test_only_the_span_is_read(house: House, span: dict[str, str], changed: int) -> None:
    await house.intake([frame(counter, 40, 50) for counter in range(4)])
    await mend(house, MENDED)
    assert (await house.reharmonising.run(Rereading(codec="probe", **span))).changed == changed


async def test_an_order_has_an_end_and_the_next_goes_on(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("placette.reharmonising.PIECE", 2)
    monkeypatch.setattr("placette.reharmonising.MOST", 2)
    await house.intake([frame(counter, 40 + counter, 50) for counter in range(3)])
    await mend(house, MENDED)
    first = await house.reharmonising.run(Rereading(codec="probe", dry_run=True))
    assert (first.frames, first.next is None) == (2, False)
    second = await house.reharmonising.run(Rereading(codec="probe", dry_run=True, after=first.next or 0))
    assert second.frames == 1


async def test_a_changed_model_reads_again_what_its_mapping_read(house: House, tmp_path: Path) -> None:
    await house.intake([frame(1, 40, 50)])
    home = tmp_path / "city"
    (home / "models.toml").write_text(MODELS.replace("minimum = -50,", "minimum = -50, multiply = 2,"))
    house.understanding.use_devices(Devices.of(city.read(home)))
    report = await house.reharmonising.run(Rereading(model="probe"))
    assert (report.changed, values(house)) == (1, [8.0])


async def test_what_comes_in_meanwhile_is_taken(house: House) -> None:
    await house.intake([frame(counter, 40, 50) for counter in range(1, 60)])
    await mend(house, MENDED)
    again = asyncio.create_task(house.reharmonising.run(Rereading(codec="probe")))
    await asyncio.gather(*(house.intake([frame(counter, 44, 50)]) for counter in range(60, 80)))
    assert (await again).changed == 59
    assert values(house) == [20.0] * 59 + [22.0] * 20


async def test_two_orders_at_once_are_refused(house: House) -> None:
    await house.intake([frame(1, 40, 50)])
    await mend(house, MENDED)
    answers = await asyncio.gather(
        *(house.reharmonising.run(Rereading(codec="probe")) for _ in range(2)), return_exceptions=True
    )
    assert sorted(type(answer) is Conflict for answer in answers) == [False, True]


@pytest.mark.parametrize(
    ("order", "error"),
    [
        (Rereading(), BadInput),
        (Rereading(codec="probe", model="probe"), BadInput),
        (Rereading(codec="nothing"), NotFound),
        (Rereading(model="nothing"), NotFound),
        (Rereading(codec="probe", since="yesterday"), BadInput),
    ],
)
async def test_an_order_that_means_nothing_is_refused(house: House, order: Rereading, error: type[Exception]) -> None:
    with pytest.raises(error):
        await house.reharmonising.run(order)


async def test_an_administrator_asks_for_it_over_http(house: House) -> None:
    await house.intake([frame(1, 40, 50)])
    await mend(house, MENDED)
    headers = {"Authorization": f"Bearer {house.tokens.create('admin', Access.ADMIN)}"}
    transport = httpx.ASGITransport(app=house.asgi())  # type: ignore[arg-type]  # httpx names the same types otherwise
    async with httpx.AsyncClient(transport=transport, base_url="http://ville") as client:
        assert (await client.post("/api/reharmonise", json={"codec": "probe"})).status_code == 401
        answer = await client.post("/api/reharmonise", json={"codec": "probe"}, headers=headers)
        assert (answer.status_code, answer.json()["changed"]) == (200, 1)
        assert (await client.post("/api/reharmonise", content=b"{", headers=headers)).status_code == 400


@pytest.mark.parametrize("of", ["codec:probe", "model:probe"])
async def test_the_page_tries_it_and_replays_what_was_set_aside(house: House, of: str) -> None:
    house.settings = settings.Settings(storage=settings.StorageSettings(replay_mended=False))
    await house.intake([frame(1, 40, 50), frame(2, 200, 50)])
    await mend(house, MENDED)
    headers = {"Authorization": f"Bearer {house.tokens.create('admin', Access.ADMIN)}"}
    transport = httpx.ASGITransport(app=house.asgi())  # type: ignore[arg-type]  # httpx names the same types otherwise
    async with httpx.AsyncClient(transport=transport, base_url="http://ville", headers=headers) as client:

        async def press(do: str, of: str = of) -> str:
            answer = await client.post("/en/dead-letters", data={"do": do, "of": of})
            assert answer.status_code == 303
            return (await client.get(answer.headers["location"])).text

        assert f'<option value="{of}">' in (await client.get("/en/dead-letters")).text
        assert "Trial on 1 frame: 1 values would change" in await press("try-again", "codec:probe")
        assert values(house) == [4.0]
        assert "1 frame read again: 1 values replaced" in await press("read-again", "codec:probe")
        assert "Nothing to read again" in await press("read-again")
        assert "1 frame replayed" in await press("replay")
        assert values(house) == [20.0, -28.0]
        refused = await client.post("/en/dead-letters", data={"do": "read-again", "of": ""})
        assert refused.status_code == 400
        assert "name a codec or a device model" in refused.text
