"""A small MQTT broker inside the process, for the demo: ``mosquitto_pub`` works at once, with nothing to install.

It is amqtt, speaks MQTT 3.1.1, carries about a thousand messages a second and keeps its sessions in memory. A city in
earnest runs Mosquitto, EMQX or another broker of its own; nothing but the demo uses this one.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from types import TracebackType
from typing import Any

import amqtt.broker
from amqtt.adapters import StreamReaderAdapter, StreamWriterAdapter
from amqtt.contexts import BrokerConfig, ListenerConfig
from amqtt.errors import AMQTTError, BrokerError

from placette.model.errors import Conflict

MAX_CONNECTIONS = 200
SESSION_S = 3_600
"""How long the session of a client that went away is kept, s."""
CONNECT_S = 10
"""How long a client may take to send its CONNECT, s."""
MQTT_5 = 5
REFUSED_VERSION = b"\x20\x02\x00\x01"
"""CONNACK with return code 1, unacceptable protocol version (MQTT 3.1.1, 3.2.2.3)."""

Authorise = Callable[[str | None, str | None], bool]
"""Says whether user and password may connect."""


class Broker:
    """``async with Broker(port=1883):`` serves on 127.0.0.1 alone, so that only this machine can publish.

    ``authorise`` decides who may connect; without it everybody on this machine may.
    """

    def __init__(self, *, port: int, host: str = "127.0.0.1", authorise: Authorise | None = None) -> None:
        self._address = f"{host}:{port}"
        self._authorise = authorise or (lambda _user, _password: True)
        self._broker: _Amqtt | None = None

    async def __aenter__(self) -> Broker:
        """Start listening; raises ``Conflict`` when the port is taken."""
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)  # it reports every client that hangs up as an error
        config = BrokerConfig(
            listeners={"default": ListenerConfig(bind=self._address, max_connections=MAX_CONNECTIONS)},
            session_expiry_interval=SESSION_S,
            plugins={},
        )
        broker = _Amqtt(config, self._authorise)
        try:
            await broker.start()
        except BrokerError as error:
            raise Conflict(
                f"the broker cannot listen on {self._address}: {error.__cause__ or error}",
                remedy="choose another port, or stop the program that uses it",
            ) from None
        self._broker = broker
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        """Stop serving."""
        if self._broker is not None:
            await self._broker.hang_up()
            await self._broker.shutdown()
            self._broker = None


class _Amqtt(amqtt.broker.Broker):  # type: ignore[misc]  # amqtt is not fully typed
    """amqtt without plug-ins: authentication is a function, and sessions outlive connections for everybody.

    Its own anonymous plug-in would mark sessions as anonymous, and drops what comes for those while they are away.
    """

    def __init__(self, config: BrokerConfig, authorise: Authorise) -> None:
        super().__init__(config)
        self._authorise = authorise
        self._connections: set[asyncio.Task[None]] = set()

    async def stream_connected(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str
    ) -> None:
        """Serve one connection, and close it whatever comes of it, which amqtt does not."""
        serving = asyncio.create_task(self._serve(reader, writer, listener_name))
        self._connections.add(serving)
        # waiting for the task and not on it: asyncio reports a connection whose own callback was cancelled as a failure
        await asyncio.wait({serving})
        writer.close()
        self._connections.discard(serving)
        if not serving.cancelled():
            serving.result()

    async def hang_up(self) -> None:
        """End every connection."""
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, listener_name: str) -> None:
        """Refuse clients of MQTT 5 as 3.1.1 wants it; amqtt itself would misread their CONNECT and wait for ever."""
        first = await _first_bytes(reader)
        level = _protocol_level(first)
        if level == MQTT_5:
            writer.write(REFUSED_VERSION)
        elif level is not None:
            await self._client_connected(listener_name, _Rest(first, reader), StreamWriterAdapter(writer))

    async def _initialize_client_session(self, *arguments: Any) -> Any:
        """Turn a client that hangs up at once into the error that amqtt expects, else its place is never given back."""
        try:
            return await super()._initialize_client_session(*arguments)
        except OSError as error:
            raise AMQTTError(str(error)) from None

    async def _handle_disconnect(self, session: Any, handler: Any, ended: Any) -> None:
        """Pass on what the client published before it left: it has been acknowledged, and amqtt would forget it."""
        while not session.delivered_message_queue.empty():
            message: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
            message.set_result(session.delivered_message_queue.get_nowait())
            await self._handle_message_delivery(session, handler, message)
        await super()._handle_disconnect(session, handler, ended)

    async def _authenticate(self, session: Any, _listener: Any) -> bool:
        return self._authorise(session.username, session.password)


class _Rest(StreamReaderAdapter):  # type: ignore[misc]  # amqtt is not fully typed
    """A stream whose first bytes have been looked at."""

    def __init__(self, first: bytes, reader: asyncio.StreamReader) -> None:
        super().__init__(reader)
        self._first = first

    async def read(self, n: int = -1) -> bytes:
        if not self._first:
            data: bytes = await super().read(n)
            return data
        taken, self._first = self._first[:n], self._first[n:]
        return taken if len(taken) == n else taken + await super().read(n - len(taken))


async def _first_bytes(reader: asyncio.StreamReader) -> bytes:
    """Return ten bytes, fewer than any CONNECT has; none when the client does not send as many in time."""
    try:
        async with asyncio.timeout(CONNECT_S):
            return await reader.readexactly(10)
    except (TimeoutError, OSError, asyncio.IncompleteReadError):
        return b""


def _protocol_level(connect: bytes) -> int | None:
    """Return the byte after type, length (two bytes when the first one says so) and name (MQTT 3.1.1, section 3.1)."""
    if not connect:
        return None
    return connect[9] if connect[1] & 0x80 else connect[8]
