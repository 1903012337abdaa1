"""One connection to an MQTT broker: all that knows gmqtt.

gmqtt acknowledges a message when its ``on_message`` returns, one task for each. Placette acknowledges many messages at
once after one commit, and never on another connection than the one that brought them: packet identifiers are only
valid there, and a broker that forgot the session gives them to other messages. Therefore the handler of QoS 1
publications is replaced on the client (gmqtt calls it by name), acknowledgements are written together, and each
connection has a client of its own. Source: MQTT 5.0 (OASIS), sections 3.4, 4.3.2 and 4.4.
"""

from __future__ import annotations

import asyncio
import logging
import ssl
from collections.abc import Callable, Coroutine, Iterable
from typing import Annotated, Any, Literal

import gmqtt
import msgspec
from gmqtt.mqtt.constants import MQTTv50, MQTTv311

from placette.model.errors import PlacetteError

_SAID_BY_US = ("CONNACK", "max number of failed")
"""We reconnect ourselves, and say in our own words why."""
_log = logging.getLogger(__name__)
_log.setLevel(logging.WARNING)  # below it gmqtt logs whole payloads, which may hold personal data
_log.addFilter(lambda record: not any(words in str(record.msg) for words in _SAID_BY_US))

PUBACK = 0x40
MAX_UNSENT = 1 << 20
"""Bytes that may wait for the socket before updates are left out."""
_NEVER_RECONNECT = -2
_REFUSED = 0x80


class Credentials(msgspec.Struct, frozen=True):
    """User name and password; never shown."""

    username: str
    password: str | None = None

    def __repr__(self) -> str:
        return "Credentials(…)"


class MqttConfig(msgspec.Struct, frozen=True, kw_only=True):
    """How to reach a broker and what to take from it. Secrets are read from the environment by whoever makes this."""

    name: str
    """The network's key, shown on the health page and kept with dead letters."""
    host: str
    port: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 1883
    topics: tuple[str, ...] = ("devices/+/up",)
    """Topic filters, each subscribed at QoS 1; shared ones (``$share/group/…``) too."""
    client_id: str
    """The name of the session at the broker: stable, and unique among all that connect there."""
    version: Literal["auto", "5", "3.1.1"] = "auto"
    """``auto``: MQTT 5, and 3.1.1 with a broker that knows no better."""
    credentials: Credentials | None = None
    tls: bool = False
    ca_file: str | None = None
    """Certificate authority of the broker; the system's own list without it."""
    session_expiry_s: Annotated[int, msgspec.Meta(ge=0, le=0xFFFFFFFF)] = 604_800
    """How long the broker keeps messages for us while we are away, s (MQTT 5; one week)."""
    in_flight: Annotated[int, msgspec.Meta(ge=1, le=65535)] = 4_000
    """Messages that may wait for the disk without acknowledgement (MQTT 5: Receive Maximum)."""
    keepalive_s: Annotated[int, msgspec.Meta(ge=5, le=3600)] = 20
    answer_s: Annotated[float, msgspec.Meta(gt=0)] = 10.0
    """How long connecting and subscribing may take, s."""
    first_pause_s: Annotated[float, msgspec.Meta(gt=0)] = 0.5
    longest_pause_s: Annotated[float, msgspec.Meta(gt=0)] = 60.0
    """Pauses between attempts to connect double from the first to the longest, s."""


class LinkFailure(PlacetteError):
    """The broker cannot be reached or refuses us; the connection is tried again."""


class OldBroker(LinkFailure):
    """The broker does not speak MQTT 5."""


class Delivery(msgspec.Struct, frozen=True, gc=False):
    """A message as the broker gave it; ``packet`` is its identifier, ``None`` at QoS 0."""

    topic: str
    payload: bytes
    packet: int | None
    retained: bool
    duplicate: bool


class Link:
    """A connection, from :meth:`open` to :meth:`close`; ``deliver`` is called with each message, and must not wait."""

    def __init__(self, config: MqttConfig, deliver: Callable[[Link, Delivery], None]) -> None:
        self._config = config
        self._version = MQTTv311 if config.version == "3.1.1" else MQTTv50
        self._deliver = deliver
        self._lost = asyncio.Event()
        self._subscribed: asyncio.Future[tuple[int, ...]] = asyncio.get_running_loop().create_future()
        self.resumed = False
        """True when the broker had kept our session."""
        self._client = self._made_client()

    async def open(self) -> None:
        """Connect and subscribe; raises ``LinkFailure`` with the remedy."""
        config = self._config
        try:
            async with asyncio.timeout(config.answer_s):
                await self._answered(
                    self._client.connect(
                        config.host, config.port, ssl=_tls(config), keepalive=config.keepalive_s, version=self._version
                    )
                )
                self._client.subscribe(list(map(self._subscription, config.topics)))
                granted = await self._subscribed
        except TimeoutError:
            remedy = "check that it speaks MQTT, and with TLS or without"
            raise LinkFailure("the broker does not answer", self._address, remedy) from None
        except gmqtt.MQTTConnectError as error:
            raise LinkFailure(f"the broker refuses us: {error}", self._address, "check user and password") from None
        except OSError as error:
            why = error.strerror or str(error)
            remedy = "start a broker there, or correct host and port in networks.toml; it is tried again"
            raise LinkFailure(f"the broker cannot be reached: {why}", self._address, remedy) from None
        refused = [topic for topic, code in zip(config.topics, granted, strict=False) if code >= _REFUSED]
        if refused:
            raise LinkFailure(f"the broker refuses {', '.join(refused)}", self._address, "let this user read the topic")

    async def _answered(self, connecting: Coroutine[Any, Any, None]) -> None:
        """Wait for the broker's answer, or for it to hang up, which gmqtt would not notice here."""
        connect, lost = asyncio.ensure_future(connecting), asyncio.ensure_future(self._lost.wait())
        try:
            await asyncio.wait({connect, lost}, return_when=asyncio.FIRST_COMPLETED)
            if connect.done():
                connect.result()
            elif self._client._connection_state.protocol_version != self._version:  # gmqtt noted the refusal
                raise OldBroker("the broker does not speak MQTT 5", self._address, 'set version = "3.1.1"')
            else:
                raise ConnectionResetError("it hung up")
        finally:
            connect.cancel()
            lost.cancel()

    async def lost(self) -> None:
        """Return when the connection has ended, whoever ended it."""
        await self._lost.wait()

    def acknowledge(self, packets: Iterable[int]) -> None:
        """Acknowledge messages of this connection, all in one write; nothing happens once it is lost."""
        if self._alive:
            answers = b"".join(bytes((PUBACK, 2, packet >> 8, packet & 0xFF)) for packet in packets)
            if answers:
                self._client._connection.send_package(answers)

    def publish(self, topic: str, payload: bytes) -> bool:
        """Send a message at QoS 0; false when the broker is away or reads too slowly, and it was left out."""
        if not self._alive or self._transport.get_write_buffer_size() > MAX_UNSENT:
            return False
        self._client.publish(topic, payload, qos=0)
        return True

    def pause(self) -> None:
        """Read no more for now: the kernel's buffers fill up and the broker keeps the messages."""
        if self._alive:
            self._transport.pause_reading()

    def resume(self) -> None:
        """Read again."""
        if self._alive:
            self._transport.resume_reading()

    async def close(self) -> None:
        """Say good-bye; the session stays at the broker."""
        if self._client._connection is None or self._lost.is_set():
            return
        transport = self._transport
        try:
            async with asyncio.timeout(2):
                await self._client.disconnect()
        except (TimeoutError, OSError):
            transport.abort()
        self._lost.set()

    @property
    def _address(self) -> str:
        return f"{self._config.host}:{self._config.port}"

    @property
    def _alive(self) -> bool:
        connection = self._client._connection
        return connection is not None and not self._lost.is_set() and not connection.is_closing()

    @property
    def _transport(self) -> Any:
        return self._client._connection._transport

    def _made_client(self) -> Any:
        config = self._config
        client = gmqtt.Client(
            config.client_id,
            clean_session=False,
            optimistic_acknowledgement=False,
            logger=_log,
            receive_maximum=config.in_flight,
            session_expiry_interval=config.session_expiry_s,
        )
        client.set_config({"reconnect_retries": _NEVER_RECONNECT})
        if config.credentials is not None:
            client.set_auth_credentials(config.credentials.username, config.credentials.password)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_subscribe = self._on_subscribe
        client.on_message = self._on_message
        handler = client._package_handler
        handler._handle_qos_1_publish_packet = self._on_acknowledged_message
        # A reconnection that ended with the process is asked for its error, which raises where nobody can catch it.
        told = handler._handle_exception_in_future
        handler._handle_exception_in_future = lambda done, msg=None: None if done.cancelled() else told(done, msg)
        return client

    def _subscription(self, topic: str) -> Any:
        if self._version != MQTTv50:
            return gmqtt.Subscription(topic, qos=1)
        shared = topic.startswith("$share/")  # no_local on a shared subscription is a protocol error (MQTT 5, 3.8.3.1)
        once = 1  # retained messages only when the subscription is new, so not at every reconnection
        return gmqtt.Subscription(topic, qos=1, no_local=not shared, retain_handling_options=once)

    def _on_connect(self, _client: Any, flags: int, _code: int, _properties: dict[str, Any]) -> None:
        self.resumed = bool(flags & 1)

    def _on_disconnect(self, _client: Any, _packet: Any, _error: Any = None) -> None:
        self._lost.set()
        if not self._subscribed.done():
            self._subscribed.set_exception(ConnectionResetError("the broker hung up"))
            self._subscribed.exception()  # marks it as seen: open() may have given up already

    def _on_subscribe(self, _client: Any, _packet: int, granted: tuple[int, ...], _properties: Any) -> None:
        if not self._subscribed.done():
            self._subscribed.set_result(granted)

    def _on_message(self, _client: Any, topic: str, payload: bytes, _qos: int, properties: dict[str, Any]) -> None:
        self._hand_over(None, payload, topic, properties)

    def _on_acknowledged_message(
        self, packet: int, payload: bytes, topic: str | bytes, properties: dict[str, Any]
    ) -> None:
        self._hand_over(packet, payload, topic, properties)

    def _hand_over(self, packet: int | None, payload: bytes, topic: str | bytes, properties: dict[str, Any]) -> None:
        name = topic if isinstance(topic, str) else topic.decode("utf-8", "replace")
        self._deliver(self, Delivery(name, payload, packet, bool(properties["retain"]), bool(properties["dup"])))


def _tls(config: MqttConfig) -> ssl.SSLContext | bool:
    return ssl.create_default_context(cafile=config.ca_file) if config.tls else False
