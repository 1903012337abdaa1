import base64
from pathlib import Path

import pytest
from starlette.requests import Request

from placette.access import FILE_NAME, Tokens
from placette.api import Access
from placette.model.errors import Conflict, NotAllowed, NotFound


def test_a_new_token_opens_what_it_was_made_for(tmp_path: Path) -> None:
    secret = Tokens(tmp_path).create("gateway")
    Tokens(tmp_path).check_header(f"Bearer {secret}", Access.WRITE)


def test_a_writing_token_may_not_administrate(tmp_path: Path) -> None:
    secret = Tokens(tmp_path).create("gateway")
    with pytest.raises(NotAllowed) as caught:
        Tokens(tmp_path).check_header(f"Bearer {secret}", Access.ADMIN)
    assert caught.value.known


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "Token", "Basic"])
def test_networks_may_say_their_token_in_their_own_way(tmp_path: Path, scheme: str) -> None:
    tokens = Tokens(tmp_path)
    secret = tokens.create("influx")
    said = base64.b64encode(f"any:{secret}".encode()).decode() if scheme == "Basic" else secret
    tokens.check_header(f"{scheme} {said}", Access.WRITE)


def test_a_password_that_a_browser_sends_by_itself_does_not_act_for_another_site(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    said = base64.b64encode(f"any:{tokens.create('influx')}".encode())
    headers = [(b"authorization", b"Basic " + said), (b"sec-fetch-site", b"cross-site")]
    scope = {"type": "http", "method": "POST", "path": "/", "headers": headers, "server": ("x", 80), "scheme": "http"}
    with pytest.raises(NotAllowed):
        tokens.check(Request(scope | {"query_string": b""}), Access.WRITE)
    tokens.check(Request(scope | {"query_string": b"", "headers": headers[:1]}), Access.WRITE)


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "Basic YWJj", "Basic §", "Digest x", "Token x"])
def test_a_caller_without_a_good_token_is_unknown(tmp_path: Path, header: str | None) -> None:
    with pytest.raises(NotAllowed) as caught:
        Tokens(tmp_path).check_header(header, Access.WRITE)
    assert not caught.value.known


def test_the_secret_is_not_on_disk_and_the_file_is_private(tmp_path: Path) -> None:
    secret = Tokens(tmp_path).create("gateway")
    file = tmp_path / FILE_NAME
    assert secret not in file.read_text()
    assert file.stat().st_mode & 0o777 == 0o600


def test_a_running_server_sees_a_revocation_within_a_second(tmp_path: Path) -> None:
    now = 0.0
    running = Tokens(tmp_path, clock=lambda: now)
    secret = running.create("gateway")
    running.check_header(f"Bearer {secret}", Access.WRITE)
    Tokens(tmp_path).revoke("gateway")
    now = 1.0
    with pytest.raises(NotAllowed):
        running.check_header(f"Bearer {secret}", Access.WRITE)


def test_names_are_unique_and_must_exist_to_be_revoked(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    tokens.create("gateway")
    with pytest.raises(Conflict):
        tokens.create("gateway")
    with pytest.raises(NotFound):
        tokens.revoke("nobody")


def test_an_expired_token_is_refused(tmp_path: Path) -> None:
    tokens = Tokens(tmp_path)
    secret = tokens.create("gateway", days=-1)
    with pytest.raises(NotAllowed):
        tokens.check_header(f"Bearer {secret}", Access.WRITE)
