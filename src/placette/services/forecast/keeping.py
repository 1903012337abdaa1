"""The files of the forecaster in the data folder: what was learnt, and its former forecasts.

What was learnt is a pickle, which runs whatever it says: it is signed with a secret of this data folder and read only
when the signature holds, so that a file from elsewhere is never opened. Former forecasts are MessagePack. Both are
replaced in one step, so that a process killed in the middle leaves the old ones.
"""

from __future__ import annotations

import hashlib
import hmac
import os
import pickle
import secrets
import zlib
from pathlib import Path

import msgspec
import numpy as np

from placette.analyse.forecast import system
from placette.services.forecast.terms import Floats

FORMAT = b"placette forecast model 4\n"
_KEY = "key"
_RECORD_LIMIT = 28
"""Issues of midnight that are kept: what is weighed, corrected and judged by."""


class Learnt(msgspec.Struct, frozen=True, kw_only=True):
    """What was learnt, when (µs UTC), of which series and covariates, and at what cost.

    ``trained`` looks two days ahead, ``far`` two weeks: one model of both would be blunt where it matters most.
    """

    trained: system.Trained
    far: system.Trained
    at: int
    names: tuple[str, ...]
    keys: tuple[int, ...]
    cpu_s: float
    history_steps: int
    values: int
    without_lightgbm: bool = False


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One former issue: local time of its first step (s), its series, and quantiles (steps × series × levels, f4).

    ``parts`` are the forecaster's own, before weighing; ``raw`` before correction, ``final`` as it would be shown.
    ``widened`` is the logarithm of how many times wider each property's bands were made (``widening``).
    """

    start_s: int
    keys: tuple[int, ...]
    steps: int
    parts: tuple[bytes, ...]
    raw: bytes
    final: bytes
    replayed: bool = False
    widened: dict[str, float] = {}

    def array(self, data: bytes) -> Floats:
        """Return stored quantiles as they were."""
        return np.frombuffer(data, np.float32).reshape(self.steps, len(self.keys), -1).astype(np.float64)


def packed(quantiles: Floats) -> bytes:
    """Return quantiles as they are stored: 4 bytes each are finer than any sensor."""
    return np.ascontiguousarray(quantiles, np.float32).tobytes()


def save_model(folder: Path, name: str, learnt: Learnt) -> None:
    """Keep what was learnt; raises ``OSError``, and then what was kept before is still there."""
    body = zlib.compress(pickle.dumps(learnt), 1)
    _replace(folder, f"{name}.model", FORMAT + _signature(folder, body) + body)


def load_model(folder: Path, name: str) -> Learnt | None:
    """Return what was learnt; ``None`` when there is nothing, or nothing of ours and of this version."""
    file = folder / f"{name}.model"
    if not file.exists():
        return None
    data = file.read_bytes()
    size = len(FORMAT) + hashlib.sha256().digest_size
    head, body = data[:size], data[size:]
    if not hmac.compare_digest(head, FORMAT + _signature(folder, body)):
        return None
    try:
        found = pickle.loads(zlib.decompress(body))  # noqa: S301  # signed with the secret of this folder
    except (AttributeError, ImportError, TypeError, pickle.UnpicklingError, zlib.error):  # learnt by an older version
        return None
    return found if isinstance(found, Learnt) else None


def save_record(folder: Path, name: str, record: list[Kept]) -> None:
    """Keep the newest former issues; raises ``OSError``."""
    newest = sorted(record, key=lambda each: each.start_s)[-_RECORD_LIMIT:]
    _replace(folder, f"{name}.record", msgspec.msgpack.encode(newest))


def load_record(folder: Path, name: str) -> list[Kept]:
    """Return the former issues, the oldest first; none when they cannot be read."""
    file = folder / f"{name}.record"
    try:
        return msgspec.msgpack.decode(file.read_bytes(), type=list[Kept])
    except (OSError, msgspec.DecodeError):
        return []


def _signature(folder: Path, body: bytes) -> bytes:
    return hmac.new(_secret(folder), body, hashlib.sha256).digest()


def _secret(folder: Path) -> bytes:
    file = folder / _KEY
    folder.mkdir(parents=True, exist_ok=True)
    if not file.exists():
        descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(descriptor, "wb") as stream:
            stream.write(secrets.token_bytes(32))
    return file.read_bytes()


def _replace(folder: Path, name: str, data: bytes) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    half = folder / f"{name}.part"
    try:
        with half.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        half.replace(folder / name)
    finally:
        half.unlink(missing_ok=True)
