import getpass
import shutil
import subprocess
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest

from placette import city
from placette.city import City


@pytest.fixture(scope="session")
def aix() -> City:
    return city.read(Path(__file__).parents[2] / "cities" / "aix")


@pytest.fixture
def at():
    """Return a function from ISO 8601 text with an offset to µs since 1970-01-01 UTC."""

    def micros(text: str) -> int:
        moment = datetime.fromisoformat(text)
        assert moment.tzinfo is not None
        return round((moment - datetime(1970, 1, 1, tzinfo=UTC)).total_seconds()) * 1_000_000

    return micros


@pytest.fixture
def mosquitto(tmp_path: Path, free_port: int) -> Iterator[int]:
    """A real broker on a free port; returns the port."""
    binary = shutil.which("mosquitto", path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
    if binary is None:
        pytest.skip("mosquitto is not installed (apt install mosquitto)")
    config = tmp_path / "mosquitto.conf"
    config.write_text(f"listener {free_port} 127.0.0.1\nallow_anonymous true\nuser {getpass.getuser()}\n")
    with subprocess.Popen([binary, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as broker:
        yield free_port
        broker.terminate()
