"""Tokens: who may write and who may administrate.

A token is 256 random bits, shown once. The data folder keeps only its SHA-256 (a plain hash is enough for a secret of
full entropy), in ``tokens.json`` with mode 600, which the running server reads again within a second of a change.

Programs send it as a bearer token; a browser that has signed in sends the same token as a cookie, and then whatever
changes something must come from our own pages.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
import time
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import msgspec
from starlette.requests import Request

from placette.api import Access
from placette.model.errors import BadInput, Conflict, NotAllowed, NotFound

FILE_NAME = "tokens.json"
COOKIE = "placette_token"
PREFIX = "plc_"
_RANK = {Access.PUBLIC: 0, Access.WRITE: 1, Access.ADMIN: 2, Access.LOCAL: 3}


class Token(msgspec.Struct, frozen=True):
    """One token as kept: its name, the SHA-256 of its secret (hex), its rights and its times (s since 1970, UTC)."""

    name: str
    sha256: str
    access: Access
    created_at: int
    expires_at: int | None = None


class Visitor(msgspec.Struct, frozen=True):
    """Somebody who has signed in: the name of the token and its rights."""

    name: str
    access: Access

    def reaches(self, access: Access) -> bool:
        """Return whether these rights are enough for an address that needs ``access``."""
        return _RANK[self.access] >= _RANK[access]


LOOK_EVERY_S = 0.5
"""How long a known token is believed without a look at the file: looking costs a tenth of a single POST."""


class Tokens:
    """The tokens of one data folder; also the :class:`placette.api.Gate` of the running server.

    ``clock`` gives seconds that never go back.
    """

    def __init__(self, data: Path, clock: Callable[[], float] = time.monotonic) -> None:
        self._file = data / FILE_NAME
        self._clock = clock
        self._look_at = 0.0
        self._stamp: tuple[int, int] | None = None
        self._tokens: dict[str, Token] = {}
        self._local: dict[str, Access] = {}

    def create(self, name: str, access: Access = Access.WRITE, days: int | None = None) -> str:
        """Keep a new token and return its secret, which is shown this once.

        Raises ``BadInput`` on an empty name and ``Conflict`` when the name is taken.
        """
        if not name.strip() or len(name) > 80:
            raise BadInput("a token needs a name of 1 to 80 characters", remedy="name it after what will use it")
        kept = self.kept()
        if any(token.name == name for token in kept):
            raise Conflict(
                f"there is a token named '{name}'", str(self._file), "revoke it first, or choose another name"
            )
        secret = PREFIX + secrets.token_urlsafe(32)
        now = int(time.time())
        expires = now + days * 86_400 if days else None
        self._write([*kept, Token(name, _digest(secret), access, now, expires)])
        return secret

    def grant_for_this_run(self, access: Access) -> str:
        """Return a secret that lives in memory only, as long as this process: the command line's way in."""
        secret = PREFIX + secrets.token_urlsafe(32)
        self._local[_digest(secret)] = access
        return secret

    def kept(self) -> list[Token]:
        """Return the tokens kept, oldest first."""
        self._refresh()
        return sorted(self._tokens.values(), key=lambda token: token.created_at)

    def revoke(self, name: str) -> None:
        """Forget the token of this name; raises ``NotFound``."""
        kept = self.kept()
        if all(token.name != name for token in kept):
            raise NotFound(f"no token is named '{name}'", str(self._file), "`placette token list` shows them")
        self._write([token for token in kept if token.name != name])

    def check(self, request: Request, access: Access) -> None:
        """Return when the request's bearer token, or else its cookie, reaches ``access``; else raise ``NotAllowed``.

        With the cookie alone, a request that may change something must come from our own pages.
        """
        header, cookie = request.headers.get("authorization"), request.cookies.get(COOKIE)
        if header is not None or cookie is None:
            self.check_header(header, access)
            if _is_browser_s_own(request, header):
                refuse_foreign(request)
            return
        visitor = self.visitor(cookie)
        _compare(visitor.access if visitor else None, access)
        if request.method not in ("GET", "HEAD"):
            refuse_foreign(request)

    def visitor(self, secret: str) -> Visitor | None:
        """Return whom this secret signs in; the secrets of :meth:`grant_for_this_run` sign nobody in."""
        token = self._token(_digest(secret))
        return Visitor(token.name, token.access) if token else None

    def check_header(self, header: str | None, access: Access) -> None:
        """The same on the bare ``Authorization`` header, for handlers without a Starlette request."""
        secret = _secret(header or "")
        if not secret:
            raise NotAllowed(
                "this address needs a token",
                remedy="send 'Authorization: Bearer <token>'; `placette token create NAME` makes one",
            )
        digest = _digest(secret)
        token = None if digest in self._local else self._token(digest)
        _compare(token.access if token else self._local.get(digest), access)

    def _token(self, digest: str) -> Token | None:
        now = self._clock()
        if digest not in self._tokens or now >= self._look_at:
            self._refresh()
            self._look_at = now + LOOK_EVERY_S
        token = self._tokens.get(digest)
        expired = token is not None and token.expires_at is not None and token.expires_at <= time.time()
        return None if expired else token

    def _refresh(self) -> None:
        try:
            status = self._file.stat()
        except FileNotFoundError:
            self._tokens, self._stamp = {}, None
            return
        stamp = (status.st_mtime_ns, status.st_size)
        if stamp != self._stamp:
            try:
                listed = msgspec.json.decode(self._file.read_bytes(), type=list[Token])
            except msgspec.DecodeError as error:
                raise BadInput(
                    f"the tokens cannot be read: {error}",
                    str(self._file),
                    "restore the file, or delete it and make new tokens",
                ) from None
            self._tokens, self._stamp = {token.sha256: token for token in listed}, stamp

    def _write(self, tokens: list[Token]) -> None:
        self._file.parent.mkdir(parents=True, exist_ok=True)
        fresh = self._file.with_suffix(".new")
        descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(descriptor, "wb") as out:
            out.write(msgspec.json.format(msgspec.json.encode(tokens), indent=1))
            out.flush()
            os.fsync(out.fileno())
        fresh.replace(self._file)
        self._stamp, self._look_at = None, 0.0


def refuse_foreign(request: Request) -> None:
    """Raise ``NotAllowed`` unless the request comes from our own pages, so that no other site acts in our name.

    ``Sec-Fetch-Site`` decides where the browser sends it (over TLS and on this machine), ``Origin`` elsewhere: W3C
    Fetch Metadata and RFC 6454. Neither can be set by a page's script.
    """
    site, origin = request.headers.get("sec-fetch-site"), request.headers.get("origin", "")
    own = urlsplit(origin).netloc == request.url.netloc if site is None else site in ("same-origin", "none")
    if not own:
        raise NotAllowed(
            "the request does not come from this site's own pages",
            request.url.path,
            "use the page itself; a program sends 'Authorization: Bearer <token>'",
            known=True,
        )


def _is_browser_s_own(request: Request, header: str | None) -> bool:
    """Tell a password that a browser sends by itself, whichever site made it do so."""
    by_browser = "sec-fetch-site" in request.headers or "origin" in request.headers
    return by_browser and (header or "").lower().startswith("basic")


def _secret(header: str) -> str:
    """Return the secret of an ``Authorization`` header, or an empty text.

    ``Bearer`` is ours (RFC 6750); clients of InfluxDB say ``Token``, and callers that know only an address with user
    and password say ``Basic`` (RFC 7617): the password is the token.
    """
    scheme, _, secret = header.partition(" ")
    match scheme.lower():
        case "bearer" | "token":
            return secret.strip()
        case "basic":
            try:
                return base64.b64decode(secret.strip(), validate=True).decode().partition(":")[2]
            except ValueError:  # UnicodeDecodeError and binascii.Error are some
                return ""
        case _:
            return ""


def _compare(granted: Access | None, access: Access) -> None:
    if granted is None:
        raise NotAllowed("the token is unknown, revoked or has expired", remedy="`placette token list` shows them")
    if _RANK[granted] < _RANK[access]:
        raise NotAllowed(
            f"the token has '{granted}' rights, this address needs '{access}'",
            remedy="`placette token create NAME --access admin` makes one that may administrate",
            known=True,
        )


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()
