"""What a feed is, what a connector is given, and what it gives back: one shape for all of them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from placette.connect.feeds.fetch import Answer, Question, Validator, Web
from placette.model import feeds
from placette.model.arrivals import Arrival
from placette.model.errors import Unreachable

Cursor = dict[str, Any]
"""Where a connector is: JSON values under its own names, ``{}`` at the first run."""


MOST_VALIDATORS = 64
MOST_ASKED = 100
"""Addresses that are remembered to be shown."""


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """One device of the feed: how the source names it, where it stands (degrees), the fields its model reads."""

    name: str
    longitude: float
    latitude: float
    fields: tuple[str, ...] = ()


class FeedConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One feed of a city; secrets come from the environment, ``zone`` is the city's IANA time zone."""

    key: str
    kind: str
    url: str
    every_s: float
    options: feeds.Options
    stations: tuple[Station, ...] = ()
    zone: str = "UTC"
    token: str = ""
    username: str = ""
    password: str = ""

    @property
    def names(self) -> str:
        """The names of its stations with spaces between them: none has a space in it."""
        return " ".join(station.name for station in self.stations)


class Page(msgspec.Struct, frozen=True):
    """Some arrivals, the cursor that stands behind them, and whether there is more to ask for at once."""

    arrivals: tuple[Arrival, ...]
    cursor: Cursor
    more: bool = False


class Client:
    """How a connector asks: with the feed's limits, its validators and its place in time (``now``, µs UTC).

    ``validators`` are read and gathered here; the feed keeps them together with the cursor. ``bearer`` is a place for a
    token that was asked for; it lives as long as the feed. ``asked`` are the addresses, without secrets.
    """

    def __init__(self, web: Web, config: FeedConfig, validators: Mapping[str, Validator], now: int) -> None:
        self.now = now
        self.asked: list[str] = []
        self.bearer = ""
        self.validators: dict[str, Validator] = dict(validators)
        self._web = web
        self._config = config

    async def get(
        self,
        path: str,
        params: Mapping[str, str | int | float] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
        conditional: bool = False,
        anew: bool = False,
    ) -> Answer | None:
        """Ask for ``path``, below the feed's address unless it is an address itself; ``None``: nothing has changed.

        Only a ``conditional`` question is asked conditionally; ``anew`` asks it as if for the first time. Raises what
        :meth:`Web.ask` raises.
        """
        question = self._question(path, params, headers)
        if not conditional:
            return await self._web.ask(question)
        key = question.shown
        validator = Validator() if anew else self.validators.get(key, Validator())
        answer = await self._web.ask(msgspec.structs.replace(question, validator=validator))
        if answer is not None:
            self.validators.pop(key, None)
            if answer.validator != Validator() and len(self.validators) < MOST_VALIDATORS:
                self.validators[key] = answer.validator
        return answer

    async def whole(
        self,
        path: str,
        params: Mapping[str, str | int | float] | None = None,
        *,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask unconditionally; raises ``Unreachable`` for a server that says "unchanged" nonetheless."""
        answer = await self.get(path, params, headers=headers)
        if answer is None:
            what = "the server says 'unchanged' to one that has nothing"
            raise Unreachable(what, self._config.url, "it is asked again later")
        return answer

    async def post(self, path: str, body: Any) -> Answer | None:
        """Post JSON."""
        return await self._web.ask(msgspec.structs.replace(self._question(path, None, None), body=body))

    def arrival(self, answer: Answer, told: Mapping[str, str | int] = {}, payload: bytes | None = None) -> Arrival:
        """Return an answer, or a part of it, as an arrival; its channel tells the question and what is ``told``."""
        return Arrival(
            network=self._config.key,
            channel=feeds.channel(answer.url, **told),
            payload=answer.body if payload is None else payload,
            received_time=self.now,
        )

    def _question(
        self, path: str, params: Mapping[str, str | int | float] | None, headers: Mapping[str, str] | None
    ) -> Question:
        config = self._config
        whole = path if "://" in path else f"{config.url.rstrip('/')}{path}"
        question = Question(
            url=whole,
            params=params or {},
            headers=headers or {},
            secrets={"token": config.token} if config.token else {},
            limit=config.options.most_mib << 20,
            private=config.options.private,
        )
        self.asked = [*self.asked, question.shown][-MOST_ASKED:]
        return question


Fetch = Callable[[Client, Cursor, FeedConfig], Awaitable[Page]]
"""Asks for the next page: what came, where it left off, and whether there is more."""
