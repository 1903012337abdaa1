"""The addresses that TALQ gateways call, under ``/talq/{key}``: announcements, device updates, log reports.

Source: paths, parameters, statuses of ``talq-api-cms`` 2.7.1 (OpenAPI of the TALQ Consortium, BSD-3), and the bootstrap
process of the specification: a gateway posts itself with the NIL address, is given one, announces its classes and
services, and then its devices, which are given addresses too. Commands, programmes, calendars, groups, logger
configurations and type catalogues are not here: a gateway that asks for groups hears that there are none.
"""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Iterable
from pathlib import Path
from typing import Any

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from placette.api import Access, Route, json_response
from placette.connect.bodies import blocks
from placette.connect.gathering import Gathering
from placette.connect.talq import checks
from placette.connect.talq.errors import TalqErrorMessage, TalqFault, answer
from placette.connect.talq.registry import Device, Registry
from placette.model.arrivals import Arrival
from placette.model.errors import NotFound
from placette.model.networks import NetworkCounters, Sink

PREFIX = "/talq/{key}"
PAGE = 1_000
"""Devices of a page when a gateway gives an offset and no limit."""
Handler = Callable[["_Network", Request], Awaitable[Response]]


class _Network:
    """One network of TALQ gateways: what they announced, and how it is doing."""

    def __init__(self, key: str, file: Path, sink: Sink, clock: Callable[[], int]) -> None:
        self.registry = Registry(key, file)
        health = NetworkCounters(name=key, address=PREFIX.format(key=key), connected=True)
        self.counted = Gathering(health, sink, clock)


class TalqRoutes:
    """The networks named; ``folder`` keeps what is announced, ``limit`` is the largest body in bytes."""

    def __init__(
        self,
        keys: Iterable[str],
        sink: Sink,
        folder: Path,
        *,
        limit: int = 4 << 20,
        clock: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        self._networks = {key: _Network(key, folder / f"{key}.json", sink, clock) for key in keys}
        self.networks = {key: each.counted for key, each in self._networks.items()}
        self._limit = limit
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return every address that a gateway calls."""
        one, some = "/devices/{address}", "/devices"
        listed: list[tuple[str, str, Handler, str]] = [
            ("GET", some, self._list, "List the devices that TALQ gateways announced"),
            ("POST", some, self._announce, "Take new devices of a TALQ gateway, or the gateway itself"),
            ("PUT", some, self._replace, "Take new definitions of TALQ devices"),
            ("PATCH", some, self._update, "Take updates and readings of TALQ devices"),
            ("GET", one, self._get, "Show a TALQ device"),
            ("PUT", one, self._replace, "Take a new definition of a TALQ device"),
            ("PATCH", one, self._update, "Take updates and readings of a TALQ device"),
            ("DELETE", one, self._delete, "Forget a TALQ device; with a gateway, all its devices"),
            ("GET", one + "/{function}", self._get_function, "Show a function of a TALQ device"),
            ("GET", one + "/{function}/{attribute}", self._get_attribute, "Show an attribute of a TALQ device"),
            ("POST", "/device-classes", self._classes, "Take the device classes of a TALQ gateway"),
            ("PUT", "/device-classes", self._classes, "Take new definitions of TALQ device classes"),
            ("PUT", "/device-classes/{name}", self._classes, "Take a new definition of a TALQ device class"),
            ("DELETE", "/device-classes/{name}", self._forget_class, "Forget a TALQ device class"),
            ("POST", "/services", self._services, "Take the services that a TALQ gateway announces"),
            ("POST", "/log-reports", self._report, "Take readings and events that a TALQ gateway logged"),
            ("GET", "/groups", self._none, "List groups for a TALQ gateway: there are none"),
            ("GET", "/groups/{address}", self._nothing, "Show a group to a TALQ gateway: there is none"),
            ("GET", "/logger-configs/{address}", self._nothing, "Show a logger to a TALQ gateway: there is none"),
        ]
        return [
            Route(
                method=method,
                path=PREFIX + path,
                handler=self._answered(handler),
                access=Access.WRITE,
                summary=summary,
                gives=list[TalqErrorMessage] if method != "GET" else None,
            )
            for method, path, handler, summary in listed
        ]

    def _answered(self, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
        async def call(request: Request) -> Response:
            network = self._networks.get(request.path_params["key"])
            if network is None:
                raise NotFound(
                    "there is no network of TALQ gateways of this name",
                    request.url.path[:200],
                    'networks.toml declares them: kind = "http", format = "talq"',
                )
            try:
                checks.check(request, network.registry)
                return await handler(network, request)
            except TalqFault as fault:
                return answer(fault)

        return call

    async def _list(self, network: _Network, request: Request) -> Response:
        query = request.query_params
        found = network.registry.devices(frozenset(query.getlist("deviceClasses")))
        if "offset" not in query and "limit" not in query:
            return json_response(found)
        offset, limit = checks.number(request, "offset", 0), checks.number(request, "limit", PAGE)
        page = found[offset : offset + limit]
        headers = {
            "pagination-offset": str(offset),
            "pagination-defaultLimit": str(PAGE),
            "pagination-count": str(len(page)),
            "pagination-totalCount": str(len(found)),
        }
        return json_response(page, headers=headers)

    async def _announce(self, network: _Network, request: Request) -> Response:
        body = await self._body(request)
        client = request.query_params["clientAddress"]
        devices = [checks.device(each, whole=True) for each in checks.listed(body)]
        checks.may_announce(client, devices)
        kept = [network.registry.add(client, each) for each in devices]
        await self._readings(network, request, kept)
        network.registry.save()
        return json_response(kept, 201)

    async def _replace(self, network: _Network, request: Request) -> Response:
        address = request.path_params.get("address")
        body = await self._body(request)
        devices = [checks.device(each, whole=True) for each in ([body] if address else checks.listed(body))]
        kept = [network.registry.replace(checks.address(each, address), each) for each in devices]
        await self._readings(network, request, kept)
        network.registry.save()
        return json_response(kept[0] if address else kept)

    async def _update(self, network: _Network, request: Request) -> Response:
        address = request.path_params.get("address")
        body = await self._body(request)
        devices = [checks.device(each, whole=False) for each in ([body] if address else checks.listed(body))]
        addressed = [{**each, "address": checks.address(each, address)} for each in devices]
        for each in addressed:
            network.registry.device(each["address"])
        await self._readings(network, request, addressed)
        for each in addressed:
            network.registry.update(each["address"], each)
        network.registry.save()
        return Response(status_code=200)

    async def _get(self, network: _Network, request: Request) -> Response:
        return json_response(network.registry.device(request.path_params["address"]))

    async def _get_function(self, network: _Network, request: Request) -> Response:
        return json_response(_function(network.registry, request))

    async def _get_attribute(self, network: _Network, request: Request) -> Response:
        name = request.path_params["attribute"]
        found = _function(network.registry, request).get(name)
        if not isinstance(found, dict):
            raise TalqFault("resourceNotFound", f"there is no attribute '{name[:80]}'")
        return json_response(found)

    async def _delete(self, network: _Network, request: Request) -> Response:
        removed = network.registry.remove(request.path_params["address"])
        network.registry.save()
        return json_response(removed)

    async def _classes(self, network: _Network, request: Request) -> Response:
        body = await self._body(request)
        name = request.path_params.get("name")
        classes = [checks.named(each) for each in ([body] if name else checks.listed(body))]
        if name and classes[0]["name"] != name:
            raise TalqFault("payloadError", "the class in the address and the one in the body differ")
        for each in classes:
            network.registry.announce("class", each, known=request.method == "PUT")
        network.registry.save()
        return json_response(classes[0] if name else classes, 201 if request.method == "POST" else 200)

    async def _forget_class(self, network: _Network, request: Request) -> Response:
        removed = network.registry.forget_class(request.path_params["name"])
        network.registry.save()
        return json_response(removed)

    async def _services(self, network: _Network, request: Request) -> Response:
        services = [checks.named(each) for each in checks.listed(await self._body(request))]
        for each in services:
            network.registry.announce("service", each)
        network.registry.save()
        return json_response(services, 201)

    async def _report(self, network: _Network, request: Request) -> Response:
        payload = b"".join([block async for block in blocks(request, self._limit, self._limit)])
        await self._take(network, request, payload)
        return Response(status_code=201)

    async def _none(self, network: _Network, request: Request) -> Response:
        return json_response([])

    async def _nothing(self, network: _Network, request: Request) -> Response:
        raise TalqFault("resourceNotFound", f"there is no {request.url.path[-80:]}")

    async def _readings(self, network: _Network, request: Request, devices: list[Device]) -> None:
        """Hand over devices that tell readings: attributes that say when they were measured."""
        told = [each for each in devices if checks.has_readings(each)]
        if told:
            await self._take(network, request, msgspec.json.encode(told))

    async def _take(self, network: _Network, request: Request, payload: bytes) -> None:
        counted = network.counted
        arrival = Arrival(
            network=counted.health.name, channel=request.url.path[:200], payload=payload, received_time=self._clock()
        )
        await counted.hand_over(arrival)

    async def _body(self, request: Request) -> Any:
        payload = b"".join([block async for block in blocks(request, self._limit, self._limit)])
        return checks.json(payload)


def _function(registry: Registry, request: Request) -> dict[str, Any]:
    wanted = request.path_params["function"]
    for function in registry.device(request.path_params["address"]).get("functions", []):
        if function.get("id") == wanted:
            return dict(function)
    raise TalqFault("resourceNotFound", f"there is no function '{wanted[:80]}'")
