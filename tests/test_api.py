from collections.abc import AsyncIterator

import httpx
import msgspec
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response

from placette import api
from placette.model import errors


class Door:
    def check(self, request: Request, access: api.Access) -> None:
        if request.headers.get("authorization") != "Bearer good":
            raise errors.NotAllowed("no token")


class Body(msgspec.Struct):
    name: str


async def echo(request: Request) -> Response:
    return Response(await api.read_body(request, 10))


async def broken(request: Request) -> Response:
    raise RuntimeError("secret detail")


async def full(request: Request) -> Response:
    raise errors.Busy("the queue is full", retry_after_s=2)


ROUTES = [
    api.Route(
        method="POST", path="/echo", handler=echo, access=api.Access.WRITE, summary="Echo", takes=Body, gives=Body
    ),
    api.Route(method="GET", path="/broken", handler=broken, access=api.Access.PUBLIC, summary="Break"),
    api.Route(method="GET", path="/full", handler=full, access=api.Access.PUBLIC, summary="Full"),
]


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(Starlette(routes=list(api.mount(ROUTES, Door()))))
    async with httpx.AsyncClient(transport=transport, base_url="http://test") as client:
        yield client


async def test_a_route_that_writes_asks_for_a_token(client: httpx.AsyncClient) -> None:
    answer = await client.post("/echo", content=b"x")
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.headers["content-type"] == "application/problem+json"
    assert (await client.post("/echo", content=b"x", headers={"authorization": "Bearer good"})).content == b"x"


async def test_a_body_beyond_the_limit_is_refused(client: httpx.AsyncClient) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(3):
            yield b"12345"

    for content in (b"x" * 11, chunks()):
        answer = await client.post("/echo", content=content, headers={"authorization": "Bearer good"})
        assert answer.status_code == 413
        assert "remedy" in answer.json()


async def test_an_error_of_ours_says_nothing_of_the_inside(client: httpx.AsyncClient) -> None:
    answer = await client.get("/broken")
    assert answer.status_code == 500
    assert "secret" not in answer.text


async def test_a_full_queue_says_when_to_come_back(client: httpx.AsyncClient) -> None:
    answer = await client.get("/full")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "2")


def test_every_error_has_its_status() -> None:
    table = {kind.__name__: api.status_of(kind("x")) for kind, _ in api.STATUS}
    assert table == {
        "BadInput": 400,
        "NotFound": 404,
        "Conflict": 409,
        "TooLarge": 413,
        "UnsupportedMedia": 415,
        "Unprocessable": 422,
        "Unreachable": 502,
        "Busy": 503,
        "StorageFailure": 507,
    }
    assert api.status_of(errors.NotAllowed("x")) == 401
    assert api.status_of(errors.NotAllowed("x", known=True)) == 403


def test_the_openapi_document_is_made_from_the_structs() -> None:
    document = api.openapi(ROUTES, "test")
    assert document["openapi"] == "3.1.0"
    assert document["paths"]["/echo"]["post"]["security"] == [{"token": ["write"]}]
    assert "Body" in document["components"]["schemas"]


def test_the_parameters_of_a_path_are_described() -> None:
    route = api.Route(method="GET", path="/one/{id:int}", handler=echo, access=api.Access.PUBLIC, summary="One")
    described = api.openapi([route], "test")["paths"]["/one/{id}"]["get"]["parameters"]
    assert [(each["name"], each["in"], each["schema"]["type"]) for each in described] == [("id", "path", "integer")]
