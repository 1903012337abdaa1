"""`placette feed test` of every kind against servers that answer oddly: a clear word each time, and no secret in it."""

from __future__ import annotations

import gzip
import ssl
import subprocess
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import msgspec
import pytest
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from tests.connect.feeds.conftest import Source, json

from placette import city as cities
from placette import feeds
from placette.city.model import City, Feed
from placette.cli import feed as command
from placette.model.errors import PlacetteError, Unreachable
from placette.model.feeds import KINDS

AIX = Path(__file__).resolve().parents[1] / "cities" / "aix"
SECRETS = {"T": "s3cret-token", "U": "s3cret-user", "P": "s3cret-word"}
OPTIONS: dict[str, dict[str, Any]] = {
    "meteo-france-climate": {"file": "H_13_latest-2025-2026.csv.gz"},
    "opendatasoft": {"dataset": "d", "date_field": "date", "station_field": "s"},
}
NONSENSE = {key: [1] for key in ("value", "results", "data", "features", "zones", "hourly")} | {"ttl": None}
ODD: dict[str, Callable[[Request], Response]] = {
    "a web page": lambda _: Response("<!doctype html><h1>Maintenance</h1>", media_type="text/html"),
    "an error with status 200": lambda _: json({"error": True, "message": "quota exceeded"}),
    "an empty list": lambda _: json([]),
    "an empty object": lambda _: json({}),
    "nothing": lambda _: Response(b""),
    "null": lambda _: json(None),
    "rows of nonsense": lambda _: json(NONSENSE),
    "too much": lambda _: Response(b"[" + b"1," * 600_000 + b"1]"),
    "Latin-1": lambda _: Response('{"value":[{"name":"Hôtel"}]}'.encode("latin-1")),
    "UTF-16": lambda _: Response('{"value":[]}'.encode("utf-16")),
    "a well": lambda _: Response(b"[" * 100_000),
    "a bomb": lambda _: Response(gzip.compress(bytes(3_000_000)), headers={"content-encoding": "gzip"}),
    "a redirect to nobody": lambda _: RedirectResponse("http://127.0.0.1:1/elsewhere", 302),
}
QUIET = {
    ("meteo-france", "an empty list"),
    ("meteo-france", "nothing"),
    ("vigieau", "an empty list"),
    ("sensorthings", "rows of nonsense"),
}
"""Where such an answer says that there is nothing, as these services do."""


@pytest.fixture(scope="module")
def source() -> Iterator[Source]:
    service = Source()
    yield service
    service.stop()


@pytest.fixture(scope="module")
def aix() -> City:
    return cities.read(AIX)


def asking(aix: City, kind: str, url: str) -> City:
    """A city with one feed of a kind, and one device on it."""
    needs = KINDS[kind].needs
    declared = Feed(
        key="odd",
        kind=kind,
        names={},
        url=url,
        every_s=3600,
        options=msgspec.convert({"private": True, "most_mib": 1} | OPTIONS.get(kind, {}), KINDS[kind].options),
        licence="ODbL",
        attribution="somebody",
        origin="measured",
        token_env="T" if needs == "token" else "",
        username_env="U" if needs == "login" else "",
        password_env="P" if needs == "login" else "",
    )
    device = msgspec.structs.replace(aix.devices[0], network="odd", network_id="13001")
    return msgspec.structs.replace(aix, feeds={"odd": declared}, devices=(device,))


async def said(city: City) -> tuple[str, bool]:
    """Return all that a try says, and whether it says that something is wrong, where, and what to do."""
    try:
        report = await feeds.trial(city, "odd", SECRETS)
    except PlacetteError as error:
        return str(error), bool(error.what and error.where and error.remedy)
    return f"{report}", bool(report.asked and report.faults) and all("\n" not in fault for fault in report.faults)


@pytest.mark.parametrize("kind", KINDS)
async def test_an_odd_answer_is_told_with_where_and_remedy(source: Source, aix: City, kind: str) -> None:
    for name, answer in ODD.items():
        source.answer = answer
        text, clear = await said(asking(aix, kind, source.url))
        assert clear or (kind, name) in QUIET, (name, text)
        assert "s3cret" not in text


async def test_a_server_without_tls_is_told_as_such(source: Source, aix: City) -> None:
    with pytest.raises(Unreachable, match="does not speak TLS"):
        await feeds.trial(asking(aix, "gbfs", source.url.replace("http:", "https:")), "odd")


@pytest.fixture
def unvouched(tmp_path: Path) -> Iterator[str]:
    """The address of a server whose certificate is its own."""
    key, certificate = tmp_path / "key.pem", tmp_path / "certificate.pem"
    made = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "1", "-subj", "/CN=127.0.0.1"]
    subprocess.run([*made, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate, key)
    server = HTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.handle_error = lambda *_: None  # type: ignore[method-assign]  # the asker hangs up, as it should
    server.socket = context.wrap_socket(server.socket, server_side=True, do_handshake_on_connect=False)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield f"https://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()
    thread.join(10)


async def test_a_certificate_that_nobody_vouches_for_is_told_as_such(aix: City, unvouched: str) -> None:
    with pytest.raises(Unreachable, match="certificate is not valid: self") as caught:
        await feeds.trial(asking(aix, "gbfs", unvouched), "odd")
    assert caught.value.remedy == "correct 'url' in feeds.toml"


def test_the_command_says_what_was_asked_when_nothing_came(
    source: Source, aix: City, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    source.answer = ODD["an empty list"]
    monkeypatch.setenv("T", "s3cret-token")
    monkeypatch.setattr(cities, "read", lambda _: asking(aix, "meteo-france", source.url))
    assert command.test("odd", city=AIX) == 0
    text = capsys.readouterr().out
    assert f"asked {source.url}/station/horaire?id_station=13001" in text
    assert "nothing to store: the source has nothing new for 1 device" in text
    monkeypatch.setattr(
        cities, "read", lambda _: msgspec.structs.replace(asking(aix, "meteo-france", source.url), devices=())
    )
    assert command.test("odd", city=AIX) == 0
    assert "no device stands on this feed" in capsys.readouterr().out
