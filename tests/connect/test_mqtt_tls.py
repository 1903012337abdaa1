"""MQTT over TLS and with a password, through a real Mosquitto."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from placette.connect.mqtt import Credentials, MqttNetwork
from placette.model.arrivals import Arrival
from placette.model.networks import Taken

pytestmark = pytest.mark.broker


async def sink(arrivals: Sequence[Arrival]) -> Taken:
    return Taken(len(arrivals), 0)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A self-signed certificate of 127.0.0.1, its key beside it."""
    if shutil.which("openssl") is None:
        pytest.skip("openssl is not installed")
    file = tmp_path / "broker" / "server.pem"
    file.parent.mkdir(exist_ok=True)
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=127.0.0.1"]
    names = ["-addext", "subjectAltName=IP:127.0.0.1", "-keyout", str(file.with_suffix(".key")), "-out", str(file)]
    subprocess.run(command + names, check=True, capture_output=True, timeout=60)
    return file


@pytest.fixture
def guarded(mosquitto: Any, certificate: Path) -> Any:
    """The broker with TLS, for the user ``ada`` alone."""
    passwords = certificate.with_name("passwords")
    subprocess.run(["mosquitto_passwd", "-c", "-b", str(passwords), "ada", "right"], check=True, timeout=60)
    mosquitto.restart_with(
        f"allow_anonymous false\npassword_file {passwords}\ncertfile {certificate}\n"
        f"keyfile {certificate.with_suffix('.key')}\n"
    )
    return mosquitto


async def test_a_known_authority_and_the_right_password_connect(
    guarded: Any, certificate: Path, running: Any, until: Any
) -> None:
    config = guarded.config(tls=True, ca_file=str(certificate), credentials=Credentials("ada", "right"))
    network = MqttNetwork(config, sink)
    async with running(network):
        await until(lambda: network.health.connected)


@pytest.mark.parametrize(
    ("changed", "says"),
    [
        ({"ca_file": None}, "certificate verify failed"),
        ({"credentials": Credentials("ada", "wrong")}, "refuses us"),
        ({"tls": False}, "hung up"),
    ],
)
async def test_what_is_wrong_is_said(
    guarded: Any, certificate: Path, running: Any, until: Any, changed: dict[str, Any], says: str
) -> None:
    right = {"tls": True, "ca_file": str(certificate), "credentials": Credentials("ada", "right")}
    network = MqttNetwork(guarded.config(**(right | changed)), sink)
    async with running(network):
        await until(lambda: says in network.health.problem)
    assert not network.health.connected
