"""Which addresses a feed may ask: public ones, over http or https, looked up once and then held to.

A name is resolved here and the connection goes to the address that was checked: a name that points elsewhere at the
second look-up (DNS rebinding) leads nowhere. Redirects are checked in the same way, each one anew.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket

import httpx

from placette.model.errors import BadInput

MOST_ADDRESSES = 3
"""Addresses of one name that are tried."""


async def addresses(url: httpx.URL, *, private: bool) -> list[str]:
    """Return the addresses to try for ``url``.

    Raises ``BadInput`` for another scheme than http and https and, unless ``private``, for any address that is not
    public; ``OSError`` when the name is unknown.
    """
    if url.scheme not in ("http", "https") or not url.host:
        raise BadInput(f"'{url.scheme}' addresses are not asked", _shown(url), "give an http or https address")
    port = url.port or (443 if url.scheme == "https" else 80)
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(url.host, port, type=socket.SOCK_STREAM)
    hosts = list(dict.fromkeys(str(entry[4][0]) for entry in found))
    if not private:
        for host in hosts:
            if not is_public(host):
                raise BadInput(
                    "the address is a private one",
                    _shown(url),
                    "if this server is meant, write options = { private = true } in feeds.toml",
                )
    return hosts[:MOST_ADDRESSES]


def is_public(host: str) -> bool:
    """Say whether an IP address is one of the Internet's.

    >>> is_public("192.0.2.1"), is_public("::ffff:127.0.0.1"), is_public("8.8.8.8")
    (False, False, True)
    """
    address = ipaddress.ip_address(host.partition("%")[0])
    mapped = getattr(address, "ipv4_mapped", None) or getattr(address, "sixtofour", None)
    if mapped is not None:
        address = mapped
    return address.is_global and not address.is_multicast


def _shown(url: httpx.URL) -> str:
    return f"{url.scheme}://{url.host}"
