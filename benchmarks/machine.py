"""The machine a benchmark ran on, read from /proc and the tools themselves."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import time
from importlib.metadata import version
from pathlib import Path

import msgspec
import psutil

PACKAGES = ("duckdb", "pyarrow", "msgspec", "starlette", "uvicorn", "uvloop", "gmqtt")


class Machine(msgspec.Struct, frozen=True, kw_only=True):
    """Processor, memory, kernel, disk and versions."""

    processor: str
    cores: int
    memory_gib: float
    kernel: str
    system: str
    disk: str
    fsync_ms: float
    python: str
    packages: dict[str, str]

    def same_as(self, other: Machine) -> bool:
        """Return whether figures of both machines may stand in one table."""
        return (self.processor, self.cores, self.kernel) == (other.processor, other.cores, other.kernel)


def look(folder: Path) -> Machine:
    """Return the facts of this machine; the disk is the one that holds ``folder``."""
    return Machine(
        processor=_processor(),
        cores=len(os.sched_getaffinity(0)),
        memory_gib=round(psutil.virtual_memory().total / 2**30, 1),
        kernel=platform.release(),
        system=platform.freedesktop_os_release().get("PRETTY_NAME", platform.system()),
        disk=_disk(folder),
        fsync_ms=round(_fsync_ms(folder), 2),
        python=platform.python_version(),
        packages={name: version(name) for name in PACKAGES},
    )


def commit(folder: Path) -> str:
    """Return the short commit of the checkout, with a ``+`` when files under ``src`` differ from it."""
    git = shutil.which("git")
    if git is None:
        return "unknown"
    asked = [git, "rev-parse", "--short", "HEAD"]
    head = subprocess.run(asked, cwd=folder, capture_output=True, text=True, check=False)
    changed = subprocess.run([git, "diff", "--quiet", "HEAD", "--", "src"], cwd=folder, check=False).returncode
    return (head.stdout.strip() or "unknown") + ("+" if changed else "")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _disk(folder: Path) -> str:
    """Name the file system under ``folder``: on a tmpfs no figure of durability would mean anything."""
    best = max(
        (part for part in psutil.disk_partitions(all=True) if folder.resolve().is_relative_to(part.mountpoint)),
        key=lambda part: len(part.mountpoint),
    )
    free = psutil.disk_usage(str(folder)).free / 2**30
    return f"{best.fstype} on {Path(best.device).name}, {free:.0f} GiB free"


def _fsync_ms(folder: Path) -> float:
    """Return the median time to write 4 KiB and fsync them, the price of every durable commit."""
    path = folder / "fsync.probe"
    times = []
    with path.open("wb") as file:
        for _ in range(101):
            started = time.perf_counter()
            file.write(bytes(4096))
            file.flush()
            os.fsync(file.fileno())
            times.append(time.perf_counter() - started)
    path.unlink()
    return sorted(times)[50] * 1000
