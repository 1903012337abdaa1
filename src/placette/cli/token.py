"""``placette token``: make, list and revoke the tokens that let devices and people write."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Literal

from cyclopts import App

from placette.access import Tokens
from placette.api import Access
from placette.cli import DATA

app = App(name="token", help="Make, list and revoke the tokens that let devices and people write.")


@app.command
def create(
    name: str,
    *,
    access: Literal["write", "admin"] = "write",
    days: int | None = None,
    data: Path = DATA,
) -> None:
    """Make a token and print its secret, which is shown this once.

    Example: placette token create "LoRaWAN gateway, town hall" --days 365

    Args:
        name: What will use it; unique.
        access: "write" for observations and entities, "admin" for the rest.
        days: Days until it expires; without it, never.
        data: The data folder.
    """
    print(Tokens(data).create(name, Access(access), days))


@app.command(name="list")
def list_(*, data: Path = DATA) -> None:
    """List the tokens: name, rights, age, expiry. Their secrets are kept nowhere.

    Example: placette token list

    Args:
        data: The data folder.
    """
    for token in Tokens(data).kept():
        expires = _day(token.expires_at) if token.expires_at else "never"
        print(f"{token.name}\t{token.access}\tmade {_day(token.created_at)}\texpires {expires}")


@app.command
def revoke(name: str, *, data: Path = DATA) -> None:
    """Revoke a token; a running server refuses it within a second.

    Example: placette token revoke "LoRaWAN gateway, town hall"

    Args:
        name: The name it was made with.
        data: The data folder.
    """
    Tokens(data).revoke(name)
    print(f"revoked: {name}")


def _day(seconds: int) -> str:
    return datetime.fromtimestamp(seconds, UTC).date().isoformat()
