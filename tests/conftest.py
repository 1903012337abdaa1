"""What every room's tests share: the real data beside the project, free ports."""

from __future__ import annotations

import os
import socket
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

settings.register_profile("placette", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("placette")  # a busy machine is no fault of what is tested

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real public data; tests that need it skip where it is absent."""
    folder = Path(os.environ.get("PLACETTE_SHARED", ROOT.parent / "shared")) / "data"
    if not folder.is_dir():
        pytest.skip(f"the real data is not here: {folder} (set PLACETTE_SHARED)")
    return folder


@pytest.fixture
def free_port() -> int:
    """A TCP port of this machine that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
