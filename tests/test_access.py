from pathlib import Path

import pytest

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


@pytest.mark.parametrize("header", [None, "", "Bearer", "Basic abc", "Bearer nonsense"])
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
