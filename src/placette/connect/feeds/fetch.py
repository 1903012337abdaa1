"""Asks other people's servers, politely and carefully.

Two connections to a host at most, conditional requests (RFC 9110, section 13), ``Retry-After`` heeded, five redirects,
bounded size before and after decompression, bounded time. Only http and https, only public addresses unless a feed says
otherwise (:mod:`placette.connect.feeds.addresses`). No message holds a secret: addresses are shown without query, and
secrets in them stand as ``{token}``.
"""

from __future__ import annotations

import asyncio
import email.utils
import ssl
from collections.abc import Mapping
from typing import Any

import httpx
import msgspec

from placette import __version__
from placette.connect.feeds.addresses import addresses
from placette.connect.feeds.unpack import Unpacker
from placette.model.errors import BadInput, TooLarge, Unreachable

AGENT = f"Placette/{__version__}"
PER_HOST = 2
"""Connections to one host at the same time, over all feeds."""
REDIRECTS = 5
WHOLE_S = 300.0
"""Time for one whole answer: a server that sends a byte now and then must not hold a feed for ever."""
_CORRECT = "correct 'url' in feeds.toml"
_TIMEOUT = httpx.Timeout(connect=10, read=30, write=10, pool=WHOLE_S)
_MOVED = frozenset({301, 302, 303, 307, 308})
_LATER = frozenset({429, 503})
_REFUSED = frozenset({401, 403})
LONGEST_RETRY_S = 86_400.0


class Validator(msgspec.Struct, frozen=True, array_like=True):
    """What a server gave to ask later whether anything has changed."""

    etag: str = ""
    last_modified: str = ""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """A good answer: ``url`` is the address asked, without secrets; the body is plain."""

    url: str
    body: bytes
    validator: Validator = Validator()

    def json(self) -> Any:
        """Return the body as JSON; raises ``BadInput`` when it is none, or is not UTF-8."""
        try:
            return msgspec.json.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            where = self.url.partition("?")[0]
            raise BadInput(f"the answer is no JSON: {error}", where, "the service may have changed") from None


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What to ask: ``url`` may hold ``{token}``, which ``secrets`` fill in; ``limit`` is in bytes, plain.

    ``headers`` are sent to the first host alone: a redirect elsewhere does not carry them along.
    """

    url: str
    params: Mapping[str, str | int | float] = {}
    headers: Mapping[str, str] = {}
    secrets: Mapping[str, str] = {}
    validator: Validator = Validator()
    limit: int = 64 << 20
    private: bool = False
    body: Any = None
    """With a body, it is posted as JSON."""

    @property
    def address(self) -> httpx.URL:
        """The address with its secrets and its query."""
        return _with_query(self._filled(), self.params)

    @property
    def shown(self) -> str:
        """The address without secrets, with its query."""
        return str(_with_query(httpx.URL(self.url), self.params)).replace("%7B", "{").replace("%7D", "}")

    @property
    def place(self) -> str:
        """The address without secrets and query, for messages."""
        return self.url.partition("?")[0]

    def _filled(self) -> httpx.URL:
        url = self.url
        for name, value in self.secrets.items():
            url = url.replace("{" + name + "}", value)
        try:
            return httpx.URL(url)
        except httpx.InvalidURL:
            raise BadInput("this is no address", self.place, "correct 'url' in feeds.toml") from None


class Web:
    """The connections of all feeds; to be closed. ``timeout`` is for tests."""

    def __init__(self, *, timeout: httpx.Timeout = _TIMEOUT, whole_s: float = WHOLE_S) -> None:
        self._timeout = timeout
        self._whole_s = whole_s
        self._clients: dict[tuple[str, str, int | None], httpx.AsyncClient] = {}

    async def close(self) -> None:
        """Close every connection."""
        clients, self._clients = list(self._clients.values()), {}
        for client in clients:
            await client.aclose()

    async def ask(self, question: Question) -> Answer | None:
        """Return the answer, ``None`` when nothing has changed (304).

        Raises ``Unreachable`` for what may be better later, ``TooLarge`` beyond the limit, ``BadInput`` for an address
        that is not to be asked or a damaged answer.
        """
        try:
            async with asyncio.timeout(self._whole_s):
                return await self._follow(question)
        except TimeoutError:
            raise Unreachable("the answer took too long", question.place, "it is asked for again later") from None

    async def _follow(self, question: Question) -> Answer | None:
        url = question.address
        origin = _origin(url)
        for _ in range(REDIRECTS + 1):
            trusted = _origin(url) == origin
            response = await self._send(question, url, trusted=trusted)
            try:
                if response.status_code not in _MOVED:
                    return await _read(question, response)
            finally:
                await response.aclose()
            url = _next(question, url, response)
        raise Unreachable(f"the server redirects more than {REDIRECTS} times", question.place, _CORRECT)

    async def _send(self, question: Question, url: httpx.URL, *, trusted: bool) -> httpx.Response:
        try:
            hosts = await addresses(url, private=question.private)
        except OSError:
            raise Unreachable(
                f"the name '{url.host}' is unknown", question.place, "correct 'url', or mend the name service"
            ) from None
        client = self._client(url)
        for number, host in enumerate(hosts):
            # the connection goes to the address that was checked; the name stays for Host and for the certificate
            request = client.build_request(
                "GET" if question.body is None else "POST",
                url.copy_with(host=host),
                headers=_headers(question, url, trusted=trusted),
                json=question.body,
                extensions={"sni_hostname": url.host},
            )
            try:
                return await client.send(request, stream=True)
            except (httpx.ConnectError, httpx.ConnectTimeout) as error:
                if number + 1 == len(hosts):
                    raise _unreached(question, url, error) from None
            except httpx.HTTPError as error:
                raise _broken(question, error) from None
        raise Unreachable(f"the name '{url.host}' has no address", question.place, _CORRECT)

    def _client(self, url: httpx.URL) -> httpx.AsyncClient:
        """Return the client of a host: certificates are checked for its name, so hosts never share a connection."""
        key = _origin(url)
        if key not in self._clients:
            self._clients[key] = httpx.AsyncClient(
                timeout=self._timeout,
                limits=httpx.Limits(max_connections=PER_HOST, max_keepalive_connections=1),
                trust_env=False,
            )
        return self._clients[key]


def _origin(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _headers(question: Question, url: httpx.URL, *, trusted: bool) -> dict[str, str]:
    headers = {"Host": url.netloc.decode("ascii"), "User-Agent": AGENT, "Accept-Encoding": "gzip"}
    if trusted:
        headers |= question.headers
        if question.validator.etag:
            headers["If-None-Match"] = question.validator.etag
        if question.validator.last_modified:
            headers["If-Modified-Since"] = question.validator.last_modified
    return headers


def _next(question: Question, url: httpx.URL, response: httpx.Response) -> httpx.URL:
    if question.body is not None:
        raise Unreachable("the server redirects what is posted", question.place, _CORRECT)
    try:
        target = url.join(response.headers.get("location", ""))
    except httpx.InvalidURL:
        raise Unreachable("the server redirects to no address", question.place, _CORRECT) from None
    if url.scheme == "https" and target.scheme != "https":
        raise Unreachable("the server redirects from https to http", question.place, _CORRECT)
    return target


async def _read(question: Question, response: httpx.Response) -> Answer | None:
    status = response.status_code
    if status == 304:
        return None
    if status >= 300:
        raise _refusal(question, response)
    length = response.headers.get("content-length", "")
    if length.isdigit() and int(length) > question.limit:
        raise _too_large(question)
    packed = response.headers.get("content-encoding", "").strip().lower()
    if packed not in ("", "identity", "gzip", "x-gzip", "deflate"):
        what = f"the answer is packed as '{packed[:20]}', which was not asked for"
        raise Unreachable(what, question.place, "the service may have changed")
    try:
        body = await (_unpacked if packed not in ("", "identity") else _plain)(question, response)
    except httpx.HTTPError as error:
        raise _broken(question, error) from None
    headers = response.headers
    return Answer(
        url=question.shown,
        body=body,
        validator=Validator(headers.get("etag", ""), headers.get("last-modified", "")),
    )


async def _plain(question: Question, response: httpx.Response) -> bytes:
    body = bytearray()
    async for part in response.aiter_raw():
        body += part
        if len(body) > question.limit:
            raise _too_large(question)
    return bytes(body)


async def _unpacked(question: Question, response: httpx.Response) -> bytes:
    unpacker = Unpacker(question.limit)
    try:
        async for part in response.aiter_raw():
            unpacker.feed(part)
        return unpacker.finish()
    except (BadInput, TooLarge) as error:
        raise type(error)(error.what, question.place, error.remedy) from None


def _too_large(question: Question) -> TooLarge:
    return TooLarge(
        f"the answer is larger than {question.limit >> 20} MiB",
        question.place,
        "ask for less, or raise most_mib in the feed's options",
    )


def _refusal(question: Question, response: httpx.Response) -> Unreachable:
    status = response.status_code
    retry_s = _retry_after(response.headers.get("retry-after", "")) if status in _LATER else 0.0
    if status in _REFUSED:
        what, remedy = f"the server refuses our key or login ({status})", "correct the feed's environment variable"
    elif status in _LATER:
        what, remedy = f"the server asks us to come later ({status})", "ask less often: raise every_s"
    else:
        what, remedy = f"the server answers {status}", "it is asked again later"
    return Unreachable(what, question.place, remedy, status=status, retry_after_s=retry_s)


def _retry_after(text: str) -> float:
    """Return the seconds of a Retry-After header, a number or a date (RFC 9110, section 10.2.3); 0 when it has none."""
    if text.strip().isdigit():
        return min(float(text), LONGEST_RETRY_S)
    try:
        until = email.utils.parsedate_to_datetime(text)
    except ValueError:
        return 0.0
    now = email.utils.localtime(None)
    return min(max(0.0, (until - now).total_seconds()), LONGEST_RETRY_S) if until.tzinfo else 0.0


def _unreached(question: Question, url: httpx.URL, error: BaseException) -> Unreachable:
    """Tell a connection that was not made: where to, when it was a redirect, and what TLS found wrong."""
    moved = _origin(url) != _origin(question.address)
    where = f"{question.place} → {url.scheme}://{url.netloc.decode()}" if moved else question.place
    cause: BaseException | None = error
    while cause is not None and not isinstance(cause, ssl.SSLError):
        cause = cause.__cause__ or cause.__context__
    if isinstance(cause, ssl.SSLCertVerificationError):
        return Unreachable(f"the server's certificate is not valid: {cause.verify_message}", where, _CORRECT)
    if cause is not None:
        return Unreachable("the server does not speak TLS", where, "correct 'url' in feeds.toml: http or https")
    return Unreachable("the server cannot be reached", where, "it is asked again later")


def _broken(question: Question, error: httpx.HTTPError) -> Unreachable:
    if isinstance(error, httpx.TimeoutException):
        return Unreachable("the server does not answer in time", question.place, "it is asked again later")
    return Unreachable("the answer breaks off", question.place, "it is asked for again later")


def _with_query(url: httpx.URL, params: Mapping[str, str | int | float]) -> httpx.URL:
    return url.copy_merge_params(dict(params)) if params else url
