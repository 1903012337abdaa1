"""Run by test_wheel.py inside the empty environment, alone in a network namespace: starts the demo and looks at it.

Prints one line of JSON. Only the standard library and what the wheel brought are there.
"""

from __future__ import annotations

import fcntl
import json
import re
import socket
import struct
import subprocess
import sys
import time
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

SIOCSIFFLAGS = 0x8914
IFF_UP = 1
START_S = 180
OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}))


def loopback_up() -> None:
    """Raise ``lo``, which is down in a new network namespace; elsewhere it is up and this is refused."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        try:
            fcntl.ioctl(control, SIOCSIFFLAGS, struct.pack("16sh14x", b"lo", IFF_UP))
        except PermissionError:
            return


def outside() -> bool:
    """Tell whether there is an interface besides loopback."""
    return any(name != "lo" for _, name in socket.if_nameindex())


def fetch(url: str) -> dict[str, Any]:
    """Return status, type and the body's beginning."""
    with OPENER.open(url, timeout=30) as answer:
        body = answer.read()
        return {"status": answer.status, "type": answer.headers["content-type"], "start": body.decode()[:200_000]}


def wait(url: str, demo: subprocess.Popen[bytes]) -> None:
    """Return once the demo answers."""
    deadline = time.monotonic() + START_S
    while True:
        try:
            fetch(url)
        except (OSError, urllib.error.URLError):
            if demo.poll() is not None or time.monotonic() > deadline:
                sys.exit(f"the demo did not start (exit code {demo.poll()})")
            time.sleep(0.1)
        else:
            return


def main() -> None:
    """Start, look, stop."""
    loopback_up()
    binaries, data = map(Path, sys.argv[1:])
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    placette = binaries / "placette"
    version = subprocess.run([placette, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    url = f"http://127.0.0.1:{port}"
    options = ["--no-browser", "--port", str(port), "--data", data, "--days", "2"]
    with subprocess.Popen([placette, "demo", *options], stdout=sys.stderr) as demo:
        try:
            wait(f"{url}/api/health", demo)
            answers = {path: fetch(url + path) for path in ("/", "/fr/", "/en/health", "/v1.1", "/v1.1/Things?$top=1")}
            assets = sorted(set(re.findall(r"/static/[\w./@-]+", answers["/fr/"]["start"])))
            answers |= {path: fetch(url + path) for path in assets if not path.endswith(".woff2")}
        finally:
            demo.terminate()
    seen = {"version": version, "outside": outside(), "answers": answers, "assets": assets, "exit": demo.returncode}
    print(json.dumps(seen))  # noqa: T201  # its one result


if __name__ == "__main__":
    main()
