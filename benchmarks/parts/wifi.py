"""People's devices by Wi-Fi: bodies of a network posted to a running city, and counted without keeping an address."""

from __future__ import annotations

import json
import os
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import httpx

from benchmarks.bench import Bench
from benchmarks.figures import Figure, Result
from benchmarks.server import Server
from placette import city

PART = "wifi"
ABOUT = (
    "Bodies of 1,000 frames in the form of Meraki's Scanning API 2.1, each frame of another device, posted one after "
    "the other to `placette serve` by one sender that made them beforehand. Every address is read, keyed with "
    "HMAC-SHA256 and counted in a sketch; all buffers are overwritten."
)
SECRET = "benchmark"
POINT = "00:18:0a:13:dd:b0"
FRAMES, BODIES = 1_000, 100
TARGET = 20_000
CITY = {
    "models.toml": '\n[scanner]\nkind = "counter"\nnames = { fr = "Scanner", en = "Scanner" }\nevery_s = 300\n'
    'quantities = [ { property = "pedestrians", key = "devices", minimum = 0, maximum = 900000 } ]\n',
    "networks.toml": '\n[square]\nkind = "wifi"\nnames = { fr = "Wi-Fi", en = "Wi-Fi" }\ntoken_env = "BENCH_WIFI"\n',
}


def run(bench: Bench) -> Iterator[Result]:
    """Post the bodies ``bench.runs`` times."""
    data = bench.folder("wifi")
    data.mkdir(parents=True)
    folder = _city(bench.folder("wifi-city"))
    os.environ["BENCH_WIFI"] = SECRET
    server = Server(data, "serve", "--city", str(folder))
    try:
        server.wait()
        rates = [_frames_per_s(server.port, run) for run in range(bench.runs)]
    finally:
        server.kill()
        del os.environ["BENCH_WIFI"]
    yield Figure(
        part=PART,
        name="frames counted and forgotten",
        unit="frames/s",
        values=tuple(rates),
        target=TARGET,
        at_least=True,
    )


def _frames_per_s(port: int, run: int) -> float:
    bodies = [_body(run * BODIES + number) for number in range(BODIES)]
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False) as client:
        started = time.perf_counter()
        for body in bodies:
            client.post("/api/wifi/square", content=body).raise_for_status()
        return FRAMES * BODIES / (time.perf_counter() - started)


def _body(number: int) -> bytes:
    now = int(time.time())
    seen = [
        {
            "clientMac": (number * FRAMES + device).to_bytes(6).hex(":"),
            "seenEpoch": now,
            "seenTime": "2026-09-24T00:06:23Z",
            "rssi": 40,
            "ssid": None,
            "ipv4": None,
            "manufacturer": "Unknown",
        }
        for device in range(FRAMES)
    ]
    data = {"apMac": POINT, "apTags": [], "apFloors": [], "observations": seen}
    return json.dumps({"version": "2.1", "secret": SECRET, "type": "DevicesSeen", "data": data}).encode()


def _city(folder: Path) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    city.scaffold("Banc", folder)
    row = (folder / "things.csv").read_text().splitlines()[1].split(",")
    (folder / "things.csv").write_text(
        f"id,model,place,longitude,latitude,network,network_id\nW-1,scanner,{row[2]},{row[3]},{row[4]},square,{POINT}\n"
    )
    for name, text in CITY.items():
        with (folder / name).open("a") as file:
            file.write(text)
    return folder
