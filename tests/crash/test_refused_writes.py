"""A disk that may only be read, from the start or all of a sudden: a clear error, and nothing changed."""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from http.client import HTTPConnection
from pathlib import Path

import numpy as np
import pytest
from benchmarks import encode
from benchmarks.crash.writers import rows
from benchmarks.server import Server, city_folder, serving
from benchmarks.world import World, make

BEGIN_S = 1_577_836_800
PAUSE_S = 1.1
"""A little more than the store waits after a failure before it tries again."""

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("folder", ["data", "new"])
def test_a_server_on_a_read_only_disk_ends_with_one_clear_line(small_disk: Path, tmp_path: Path, folder: str) -> None:
    make(small_disk / "data", 10)
    subprocess.run(["mount", "-o", "remount,ro", str(small_disk)], check=True)
    command = [sys.executable, "-m", "placette", "serve", "--port", "0"]
    done = subprocess.run(
        [*command, "--data", str(small_disk / folder), "--city", str(city_folder(tmp_path / "city"))],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
    assert "Read-only file system" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_writes_that_fail_all_of_a_sudden_are_507_until_they_work_again(tmp_path: Path) -> None:
    world = make(tmp_path / "data", 10)
    with serving(world.data) as server:
        assert _post(server, world, 0)[0] == 201
        _let_write(server, False)
        for _ in range(2):
            status, answer = _post(server, world, 1)
            assert (status, bool(answer["what"]), bool(answer["remedy"])) == (507, True, True)
            assert server.stored() == 10, "reading goes on, and what was refused is not there"
        _let_write(server, True)
        time.sleep(PAUSE_S)
        assert _post(server, world, 1)[0] == 201
        assert server.stored() == 20
    with serving(world.data) as server:
        assert server.stored() == 20


def _let_write(server: Server, allowed: bool) -> None:
    """Forbid a process to make any file longer (EFBIG), which needs no rights and no disk of its own."""
    _, most = resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE)
    resource.prlimit(server.process.pid, resource.RLIMIT_FSIZE, (most if allowed else 0, most))


def _post(server: Server, world: World, number: int) -> tuple[int, dict[str, object]]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=30)
    headers = {"Authorization": f"Bearer {world.token}", "Content-Type": encode.NDJSON}
    body = encode.ndjson(world, rows(np.arange(10), np.full(10, BEGIN_S + number)))
    connection.request("POST", "/api/observations", body, headers)
    answer = connection.getresponse()
    content = json.loads(answer.read())
    connection.close()
    return answer.status, content
