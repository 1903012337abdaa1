"""What an operator sets: one TOML file, ``placette.toml`` in the data folder, every value with bounds and a default.

Secrets are never settings: they come from the environment, under the names that ``networks.toml`` declares.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import msgspec
from msgspec import Meta

from placette.model.errors import BadInput
from placette.store import StoreSettings

FILE_NAME = "placette.toml"
DATABASE = "placette.duckdb"
"""The database of a data folder."""

Megabytes = Annotated[int, Meta(ge=1, le=4096)]


class ServerSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[server]``: where Placette listens and how it is seen from outside."""

    host: str = "127.0.0.1"
    """Address to listen on; ``0.0.0.0`` for every interface, behind a TLS proxy."""
    port: Annotated[int, Meta(ge=0, le=65535)] = 8000
    """TCP port of pages and APIs; 0 takes any free one."""
    public_url: str = ""
    """Address under which others reach it, e.g. ``https://places.example.fr``; empty: taken from each request."""
    trust_proxy: bool = False
    """Believe the ``X-Forwarded-*`` headers; only behind a proxy of your own."""


class LimitSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[limits]``: sizes and times beyond which a request is refused."""

    body_mb: Megabytes = 4
    """Largest body of an ordinary request, MiB."""
    bulk_body_mb: Megabytes = 64
    """Largest body of a bulk request after decompression, MiB."""
    future_s: Annotated[int, Meta(ge=0)] = 86_400
    """How far ahead of the server's clock a measurement may lie, s; forecasts are not concerned."""
    upload_mb: Megabytes = 1024
    """Largest file that may be handed in on the import page, MiB."""
    upload_days: Annotated[int, Meta(ge=1, le=3650)] = 7
    """Days a file that was handed in is kept."""
    live_readers: Annotated[int, Meta(ge=1, le=100_000)] = 500
    """How many readers may follow the live stream at once."""


class StorageSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[storage]``: memory, queue and retention of the store."""

    memory_mb: Annotated[int, Meta(ge=64)] = 160
    """Memory DuckDB may use for its buffers, MiB."""
    threads: Annotated[int, Meta(ge=1, le=64)] = 2
    """Threads one query may use."""
    queue_rows: Annotated[int, Meta(ge=1_000)] = 2_000_000
    """Observations that may wait for the disk before writers are told to come back (503)."""
    dead_letter_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    """Days a frame that could not be used is kept for replay."""
    replay_mended: bool = True
    """Replay the dead letters of a codec by itself when a new version of it is loaded."""
    raw_frame_days: Annotated[int, Meta(ge=1, le=3650)] = 7
    """Days the bytes of a message are kept after it was understood, so that a mended codec can read it again."""


class MqttSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[mqtt]``: SensorThings over MQTT."""

    publish: bool = True
    """Publish new observations on ``v1.1/Datastreams(id)/Observations`` of every MQTT network that asks for it."""


class ForecastSettings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """``[forecast]``: what is forecast, and how long."""

    enabled: bool = True
    """Learn every night and forecast every hour, in a process of lowered priority."""
    issue_days: Annotated[int, Meta(ge=1, le=3650)] = 30
    """Days the forecasts of each hour are kept."""
    midnight_issue_days: Annotated[int, Meta(ge=1, le=3650)] = 400
    """Days the forecasts of each midnight, two weeks long, are kept."""
    leave_out: tuple[str, ...] = ("battery", "online")
    """Properties that are not forecast."""


class Settings(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The whole of ``placette.toml``."""

    server: ServerSettings = ServerSettings()
    limits: LimitSettings = LimitSettings()
    storage: StorageSettings = StorageSettings()
    mqtt: MqttSettings = MqttSettings()
    forecast: ForecastSettings = ForecastSettings()

    def of_store(self) -> StoreSettings:
        """Return what concerns the store, in its own words."""
        return StoreSettings(
            max_future_s=self.limits.future_s,
            memory_mib=self.storage.memory_mb,
            threads=self.storage.threads,
            queue_rows=self.storage.queue_rows,
            inbox_days=self.storage.dead_letter_days,
            raw_days=self.storage.raw_frame_days,
        )


def read(data: Path) -> Settings:
    """Return the settings of a data folder, the defaults where it has no ``placette.toml``.

    Raises ``BadInput`` with the file, the faulty key and its bounds.
    """
    file = data / FILE_NAME
    if not file.exists():
        return Settings()
    try:
        return msgspec.toml.decode(file.read_bytes(), type=Settings)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise BadInput(
            f"the settings cannot be used: {error}", str(file), "see docs/operate.md for every key"
        ) from None
