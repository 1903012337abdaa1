"""CoAP: a real client against a real server; answered means durable."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import Any

import aiocoap
import pytest
from aiocoap import oscore
from aiocoap.numbers import codes
from hypothesis import given
from hypothesis import strategies as st

from placette.connect import coap_oscore
from placette.connect.coap import CoapConfig, CoapNetwork
from placette.connect.coap_blocks import MOST, Block, Blocks, Incomplete
from placette.model.arrivals import Arrival
from placette.model.errors import Busy, PlacetteError, StorageFailure, TooLarge
from placette.model.networks import Taken

TOKEN = "sesame"


class Recorder:
    """A sink that keeps arrivals, answers what it is told to, and waits at its gate."""

    def __init__(self, answer: Taken | Exception | None = None) -> None:
        self.answer = answer or Taken(1)
        self.arrivals: list[Arrival] = []
        self.gate = asyncio.Event()
        self.gate.set()

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        await self.gate.wait()
        if isinstance(self.answer, Exception):
            raise self.answer
        self.arrivals += arrivals
        return self.answer


class Client:
    """A CoAP client of one server."""

    def __init__(self, context: aiocoap.Context, port: int) -> None:
        self._context = context
        self._root = f"coap://127.0.0.1:{port}/"

    async def __call__(
        self, path: str, payload: bytes = b"1", content_format: int | None = 42, code: Any = codes.POST
    ) -> Any:
        message = aiocoap.Message(code=code, uri=self._root + path, payload=payload)
        if content_format is not None:
            message.opt.content_format = content_format
        return await asyncio.wait_for(self._context.request(message).response, 30)


@pytest.fixture
def udp_port() -> int:
    with socket.socket(type=socket.SOCK_DGRAM) as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port


@contextlib.asynccontextmanager
async def served(network: CoapNetwork, until: Any) -> AsyncIterator[Client]:
    running = asyncio.create_task(network.run())
    await until(lambda: network.health.connected)
    context = await aiocoap.Context.create_client_context(transports=["udp6"])
    try:
        yield Client(context, network.config.port)
    finally:
        await context.shutdown()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def config(port: int, **changed: Any) -> CoapConfig:
    return CoapConfig(**{"name": "street", "host": "127.0.0.1", "port": port, "token": TOKEN} | changed)


async def test_a_message_is_answered_once_it_is_durable(udp_port: int, until: Any) -> None:
    sink = Recorder()
    sink.gate.clear()
    network = CoapNetwork(config(udp_port), sink)
    async with served(network, until) as post:
        asked = asyncio.create_task(post(f"s/AIX-RUC-01?token={TOKEN}&id=17", b"\x01\x02"))
        await until(lambda: network.health.waiting == 1)
        assert not asked.done()
        sink.gate.set()
        assert (await asked).code == codes.CHANGED
    (arrival,) = sink.arrivals
    assert (arrival.network, arrival.channel, arrival.payload) == ("street", "s/AIX-RUC-01;ct=42;id=17", b"\x01\x02")
    assert (network.health.received, network.health.stored, network.health.waiting) == (1, 1, 0)


@pytest.mark.parametrize(
    ("path", "content_format", "code"),
    [
        (f"s/A/3303/0/5700?token={TOKEN}", 0, codes.CHANGED),
        (f"street/A?token={TOKEN}", 110, codes.CHANGED),
        (f"s/A?token={TOKEN}", None, codes.CHANGED),
        ("s/A", 42, codes.UNAUTHORIZED),
        ("s/A?token=sesam", 42, codes.UNAUTHORIZED),
        (f"other/A?token={TOKEN}", 42, codes.NOT_FOUND),
        (f"s?token={TOKEN}", 42, codes.NOT_FOUND),
        (f"s/A?token={TOKEN}", 11542, codes.UNSUPPORTED_CONTENT_FORMAT),
    ],
)
async def test_each_request_has_its_answer(
    udp_port: int, until: Any, path: str, content_format: int | None, code: Any
) -> None:
    async with served(CoapNetwork(config(udp_port), Recorder()), until) as post:
        response = await post(path, content_format=content_format)
        assert response.code == code
        assert TOKEN.encode() not in response.payload


@pytest.mark.parametrize(
    ("answer", "device", "code", "said"),
    [
        (Taken(0, 1, aside={0: "no such field"}), "A", codes.BAD_REQUEST, b"kept aside: no such field"),
        (Taken(0, 1, aside={0: "no device"}), "B", codes.NOT_FOUND, b"kept aside: no device"),
        (Taken(1, 1, reasons=("half",)), "A", codes.CHANGED, b"half"),
        (Taken(0, 0, 1), "A", codes.CHANGED, b""),
        (Busy("the queue is full", retry_after_s=7), "A", codes.SERVICE_UNAVAILABLE, b"the queue is full"),
        (StorageFailure("the disk is full"), "A", codes.SERVICE_UNAVAILABLE, b"the disk is full"),
        (ValueError("a bug"), "A", codes.INTERNAL_SERVER_ERROR, b"an error on our side"),
    ],
)
async def test_what_became_of_it_is_told(
    udp_port: int, until: Any, answer: Any, device: str, code: Any, said: bytes
) -> None:
    network = CoapNetwork(config(udp_port), Recorder(answer), lambda name: name == "A")
    async with served(network, until) as post:
        response = await post(f"s/{device}?token={TOKEN}")
    assert (response.code, response.payload) == (code, said)
    if isinstance(answer, Busy):
        assert response.opt.max_age == 7


class Picky(Recorder):
    """Waits at its gate, and sets aside what holds the word bad."""

    async def __call__(self, arrivals: Sequence[Arrival]) -> Taken:
        await super().__call__(arrivals)
        return Taken(1, 1, aside={n: "bad" for n, each in enumerate(arrivals) if each.payload == b"bad"})


async def test_of_messages_that_went_together_each_has_its_own_answer(udp_port: int, until: Any) -> None:
    sink = Picky()
    sink.gate.clear()
    network = CoapNetwork(config(udp_port), sink)
    async with served(network, until) as post:
        answers = [asyncio.create_task(post(f"s/A?token={TOKEN}", body)) for body in (b"1", b"2", b"bad", b"3")]
        await until(lambda: network.health.waiting == 4)
        sink.gate.set()
        said = [(each.code, each.payload) for each in await asyncio.gather(*answers)]
    assert [code for code, _ in said] == [codes.CHANGED, codes.CHANGED, codes.BAD_REQUEST, codes.CHANGED]
    assert said[2][1] == b"kept aside: bad"


async def test_long_bodies_come_in_blocks(udp_port: int, until: Any) -> None:
    sink = Recorder()
    pack = json.dumps([{"n": "t", "v": value} for value in range(1000)]).encode()
    async with served(CoapNetwork(config(udp_port), sink), until) as post:
        assert (await post(f"s/A?token={TOKEN}", pack, 110)).code == codes.CHANGED
    assert [arrival.payload for arrival in sink.arrivals] == [pack]


async def test_a_body_beyond_the_limit_is_refused(udp_port: int, until: Any) -> None:
    sink = Recorder()
    async with served(CoapNetwork(config(udp_port, limit=3000), sink), until) as post:
        response = await post(f"s/A?token={TOKEN}", b"x" * 5000)
    assert (response.code, response.opt.size1, sink.arrivals) == (codes.REQUEST_ENTITY_TOO_LARGE, 3000, [])


async def test_what_is_there_can_be_asked(udp_port: int, until: Any) -> None:
    async with served(CoapNetwork(config(udp_port), Recorder()), until) as ask:
        known = await ask(".well-known/core", b"", None, codes.GET)
        assert known.payload == b'</s>;ct="0 42 50 110 112"'
        assert (await ask(f"s/A?token={TOKEN}", b"", None, codes.GET)).code == codes.METHOD_NOT_ALLOWED


async def test_a_port_in_use_is_told_and_tried_again(udp_port: int, until: Any) -> None:
    network = CoapNetwork(config(udp_port), Recorder())
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        other.bind(("127.0.0.1", udp_port))
        running = asyncio.create_task(network.run())
        await until(lambda: "cannot listen" in network.health.problem)
    await until(lambda: network.health.connected)
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


def test_blocks_become_the_whole() -> None:
    blocks = Blocks(100)
    assert blocks.take("a", Block(0, True, b"xx"), 0.0) is None
    assert blocks.take("b", Block(0, True, b"yy"), 0.0) is None
    assert blocks.take("a", Block(0, True, b"xx"), 1.0) is None
    assert blocks.take("a", Block(2, True, b"zz"), 1.0) is None
    assert blocks.take("a", Block(2, True, b"zz"), 1.0) is None, "a block that comes again changes nothing"
    assert blocks.take("a", Block(4, False, b"!"), 1.0) == b"xxzz!"
    assert blocks.take("b", Block(2, False, b""), 1.0) == b"yy"


@pytest.mark.parametrize("now", [0.0, 100.0])
def test_a_missing_block_is_told(now: float) -> None:
    blocks = Blocks(100)
    blocks.take("a", Block(0, True, b"xx"), 0.0)
    with pytest.raises(Incomplete):
        blocks.take("a", Block(2 if now else 4, True, b"zz"), now)


def test_requests_in_blocks_are_bounded() -> None:
    blocks = Blocks(10)
    for key in range(MOST + 1):
        blocks.take(key, Block(0, True, b"x"), 0.0)
    with pytest.raises(Incomplete):
        blocks.take(0, Block(1, True, b"x"), 0.0)
    with pytest.raises(TooLarge):
        blocks.take(MOST, Block(1, True, b"x" * 10), 0.0)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40), st.booleans(), st.binary(max_size=12)), max_size=20))
def test_any_blocks_are_kept_below_the_limit(sent: list[tuple[int, int, bool, bytes]]) -> None:
    blocks = Blocks(30)
    for key, start, more, payload in sent:
        try:
            whole = blocks.take(key, Block(start, more, payload), 0.0)
        except PlacetteError:
            continue
        assert whole is None or len(whole) <= 30


@contextlib.asynccontextmanager
async def guarded(network: CoapNetwork, until: Any, key: Path) -> AsyncIterator[Client]:
    """A client that protects all it sends with the key of a folder."""
    running = asyncio.create_task(network.run())
    await until(lambda: network.health.connected)
    context = await aiocoap.Context.create_client_context(transports=["oscore", "udp6"])
    context.client_credentials.load_from_dict(
        {f"coap://127.0.0.1:{network.config.port}/*": {"oscore": {"basedir": f"{key}/"}}}
    )
    try:
        yield Client(context, network.config.port)
    finally:
        await context.shutdown()
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running


def key_for(folder: Path, device: str) -> Path:
    """Make a device's key on the server, and its own side of it beside."""
    made = coap_oscore.make_key(folder / "keys", device)
    own = folder / "device"
    own.mkdir()
    (own / "settings.json").write_text(json.dumps(made))
    return own


async def test_what_a_devices_key_protects_is_taken(udp_port: int, until: Any, tmp_path: Path) -> None:
    key, sink = key_for(tmp_path, "A"), Recorder()
    network = CoapNetwork(config(udp_port, keys=tmp_path / "keys"), sink)
    async with guarded(network, until, key) as post:
        assert (await post("s/A", b"short")).code == codes.CHANGED
        assert (await post("s/A", b"long" * 1000)).code == codes.CHANGED
        assert (await post("s/B", b"of another")).code == codes.FORBIDDEN
    assert [arrival.payload for arrival in sink.arrivals] == [b"short", b"long" * 1000]


async def test_what_is_not_protected_is_refused(udp_port: int, until: Any, tmp_path: Path) -> None:
    key_for(tmp_path, "A")
    async with served(CoapNetwork(config(udp_port, keys=tmp_path / "keys"), Recorder()), until) as post:
        assert (await post(f"s/A?token={TOKEN}")).code == codes.UNAUTHORIZED


async def test_a_key_nobody_knows_is_refused(udp_port: int, until: Any, tmp_path: Path) -> None:
    key = key_for(tmp_path, "A")
    network = CoapNetwork(config(udp_port, keys=tmp_path / "none"), Recorder())
    async with guarded(network, until, key) as post:
        with pytest.raises(oscore.NotAProtectedMessage, match="No Object-Security") as refused:
            await post("s/A")
    assert refused.value.plain_message.code == codes.UNAUTHORIZED


def test_keys_are_kept_from_others_and_made_once(tmp_path: Path) -> None:
    made = coap_oscore.make_key(tmp_path, "A")
    assert len(bytes.fromhex(made["secret_hex"])) == 16
    assert (tmp_path / "A" / "secret.json").stat().st_mode & 0o077 == 0
    for device in ("A", "../A", ""):
        with pytest.raises(PlacetteError):
            coap_oscore.make_key(tmp_path, device)
