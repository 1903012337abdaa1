from __future__ import annotations

import asyncio
import gzip
import socket
import threading
from typing import Any

import httpx
import pytest
from starlette.responses import RedirectResponse, Response, StreamingResponse

from placette.connect.feeds.addresses import is_public
from placette.connect.feeds.fetch import Question, Validator, Web
from placette.connect.feeds.unpack import gunzip
from placette.model.errors import BadInput, PlacetteError, TooLarge, Unreachable


async def ask(web: Web, url: str, **given: Any) -> Any:
    return await web.ask(Question(url=url, **({"private": True} | given)))


async def test_an_answer_is_plain_and_its_address_shows_no_secret(source: Any, web: Web) -> None:
    source.answer = lambda request: Response(gzip.compress(b"plain"), headers={"Content-Encoding": "gzip"})
    answer = await ask(web, source.url + "/flux/{token}", params={"day": 1}, secrets={"token": "s3cret"})
    assert answer.body == b"plain"
    assert answer.url == source.url + "/flux/{token}?day=1"
    assert source.paths == ["/flux/s3cret?day=1"]


async def test_what_has_not_changed_is_not_sent_again(source: Any, web: Web) -> None:
    def answer(request: Any) -> Response:
        same = request.headers.get("if-none-match") == '"7"' and "if-modified-since" in request.headers
        return Response(status_code=304) if same else Response("x", headers={"ETag": '"7"', "Last-Modified": "then"})

    source.answer = answer
    first = await ask(web, source.url)
    assert first.validator == Validator('"7"', "then")
    assert await ask(web, source.url, validator=first.validator) is None


@pytest.mark.parametrize(
    ("status", "headers", "retry_s"),
    [
        (500, {}, 0),
        (404, {}, 0),
        (401, {}, 0),
        (429, {"Retry-After": "120"}, 120),
        (503, {"Retry-After": "999999999"}, 86_400),
        (429, {"Retry-After": "Mon, 01 Jan 2024 00:00:00 GMT"}, 0),
        (429, {"Retry-After": "soon"}, 0),
    ],
)
async def test_a_refusal_says_its_status_and_when_to_come_back(
    source: Any, web: Web, status: int, headers: dict[str, str], retry_s: float
) -> None:
    source.answer = lambda request: Response("no", status, headers)
    with pytest.raises(Unreachable) as caught:
        await ask(web, source.url + "/x?key=s3cret")
    assert (caught.value.status, caught.value.retry_after_s) == (status, retry_s)
    assert "s3cret" not in str(caught.value)


async def test_a_retry_date_ahead_is_a_pause(source: Any, web: Web) -> None:
    source.answer = lambda request: Response("no", 429, {"Retry-After": "Fri, 01 Jan 2100 00:00:00 GMT"})
    with pytest.raises(Unreachable) as caught:
        await ask(web, source.url)
    assert caught.value.retry_after_s == 86_400


async def test_a_server_that_never_answers_is_given_up(source: Any, web: Web) -> None:
    async def never(request: Any) -> Response:
        while not await request.is_disconnected():  # noqa: ASYNC110  # a hang-up is told in no other way
            await asyncio.sleep(0.02)
        return Response()

    source.answer = never
    with pytest.raises(Unreachable, match="in time"):
        await ask(web, source.url)


async def test_a_server_that_drips_is_given_up_as_a_whole(source: Any) -> None:
    async def drops() -> Any:
        while True:
            yield b"."
            await asyncio.sleep(0.02)

    source.answer = lambda request: StreamingResponse(drops())
    web = Web(whole_s=0.3)
    with pytest.raises(Unreachable, match="too long"):
        await ask(web, source.url)
    await web.close()


def raw_server(answer: bytes) -> str:
    """Answer one request with exactly these bytes, then hang up."""
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with listening:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(answer)

    threading.Thread(target=serve, daemon=True).start()
    return f"http://127.0.0.1:{listening.getsockname()[1]}"


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{",
        b'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\n{"a":\r\n',
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nConnection: close\r\n\r\n" + gzip.compress(b"x" * 999)[:-9],
        b"nonsense\r\n\r\n",
        b"",
    ],
)
async def test_an_answer_that_breaks_off_is_no_answer(web: Web, answer: bytes) -> None:
    with pytest.raises((Unreachable, BadInput), match="breaks off"):
        await ask(web, raw_server(answer))


async def test_what_is_too_large_is_refused_before_it_is_read(source: Any, web: Web) -> None:
    source.answer = lambda request: Response(headers={"Content-Length": str(200 << 20)}, status_code=200)
    with pytest.raises(TooLarge, match="64 MiB"):
        await ask(web, source.url)


async def test_two_hundred_megabytes_of_unknown_length_are_refused(source: Any, web: Web) -> None:
    async def flood() -> Any:
        for _ in range(200):
            yield bytes(1 << 20)

    source.answer = lambda request: StreamingResponse(flood())
    with pytest.raises(TooLarge, match="8 MiB"):
        await ask(web, source.url, limit=8 << 20)


async def test_a_small_answer_does_not_unpack_to_a_large_one(source: Any, web: Web) -> None:
    bomb = gzip.compress(bytes(64 << 20))
    source.answer = lambda request: Response(bomb, headers={"Content-Encoding": "gzip"})
    with pytest.raises(TooLarge, match="unpacks"):
        await ask(web, source.url, limit=1 << 20)
    with pytest.raises(TooLarge):
        gunzip(bomb, 1 << 20)


async def test_a_redirect_is_followed_and_takes_no_secret_to_another_host(source: Any, web: Web) -> None:
    def answer(request: Any) -> Response:
        if request.url.path == "/old":
            return RedirectResponse(source.url.replace("127.0.0.1", "localhost") + "/new")
        return Response(request.headers.get("x-api-key", "none"))

    source.answer = answer
    answer_ = await ask(web, source.url + "/old", headers={"X-API-Key": "s3cret"})
    assert answer_.body == b"none"


async def test_redirects_end(source: Any, web: Web) -> None:
    source.answer = lambda request: RedirectResponse("/again")
    with pytest.raises(Unreachable, match="more than 5"):
        await ask(web, source.url)
    assert len(source.asked) == 6


@pytest.mark.parametrize("target", ["http://127.0.0.1:1/", "http://10.0.0.1/", "http://[::1]/", "file:///etc/passwd"])
async def test_a_redirect_to_a_private_address_is_refused(
    source: Any, web: Web, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    source.answer = lambda request: RedirectResponse(target) if request.url.path == "/" else Response("inside")
    monkeypatch.setattr("placette.connect.feeds.addresses.is_public", _public_once())
    with pytest.raises(BadInput):
        await ask(web, source.url, private=False)
    assert len(source.asked) == 1


def _public_once() -> Any:
    """Take the test's own server, which is asked first, for a public one."""
    seen: list[str] = []

    def judge(host: str) -> bool:
        seen.append(host)
        return len(seen) == 1 or is_public(host)

    return judge


@pytest.mark.parametrize(
    ("host", "public"),
    [
        ("8.8.8.8", True),
        ("2001:4860:4860::8888", True),
        ("127.0.0.1", False),
        ("10.1.2.3", False),
        ("172.16.0.1", False),
        ("192.168.1.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104  # compared, not bound
        ("224.0.0.1", False),
        ("::1", False),
        ("fe80::1%eth0", False),
        ("fd00::1", False),
        ("::ffff:127.0.0.1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_private_addresses_are_known(host: str, public: bool) -> None:
    assert is_public(host) is public


async def test_a_private_address_is_asked_only_when_the_feed_says_so(source: Any, web: Web) -> None:
    with pytest.raises(match="private") as caught:
        await ask(web, source.url, private=False)
    assert "private = true" in caught.value.remedy
    assert source.asked == []


@pytest.mark.parametrize("url", ["ftp://a.example/", "file:///etc/passwd", "gopher://a.example", "http://", "nonsense"])
async def test_only_web_addresses_are_asked(web: Web, url: str) -> None:
    with pytest.raises(PlacetteError):
        await ask(web, url)


async def test_a_name_that_nobody_knows_is_told(web: Web) -> None:
    with pytest.raises(Unreachable, match="unknown"):
        await ask(web, "http://nobody.invalid/")


async def test_a_port_where_nobody_listens_is_told(web: Web, free_port: int) -> None:
    with pytest.raises(Unreachable, match="cannot be reached"):
        await ask(web, f"http://127.0.0.1:{free_port}/")


async def test_two_connections_to_a_host_are_enough(source: Any) -> None:
    together, most = 0, 0

    async def answer(request: Any) -> Response:
        nonlocal together, most
        together += 1
        most = max(most, together)
        await asyncio.sleep(0.02)
        together -= 1
        return Response("x")

    source.answer = answer
    web = Web(timeout=httpx.Timeout(10))
    await asyncio.gather(*(ask(web, source.url) for _ in range(8)))
    await web.close()
    assert most == 2
