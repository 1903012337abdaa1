"""Cuts query text into words, signs and constants: the lexical half of ``grammar`` (OGC 18-088, section 9.3.3.5)."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import NamedTuple, NoReturn

from placette.model.errors import BadQuery
from placette.publish.sensorthings.tree import Kind, Literal, Scalar

MAX_TOKENS = 2_000

_ZONE = r"(?:[Zz]|[+\- ]\d\d:?\d\d)?"
_TOKEN = re.compile(
    rf"""
    (?P<space>\s+)
  | (?P<time>\d{{4}}-\d\d-\d\d[Tt]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?{_ZONE})
  | (?P<date>\d{{4}}-\d\d-\d\d)
  | (?P<clock>\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)
  | (?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)
  | (?P<geometry>(?:geography|geometry)'(?:[^']|'')*')
  | (?P<text>'(?:[^']|'')*')
  | (?P<name>@?[^\W\d][\w.@:\-]*)
  | (?P<option>\$[A-Za-z]+)
  | (?P<mark>[()/,;=*\-])
    """,
    re.VERBOSE,
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_WORDS: dict[str, tuple[Kind, Scalar]] = {
    "null": (Kind.NULL, None),
    "true": (Kind.BOOL, True),
    "false": (Kind.BOOL, False),
}


class Token(NamedTuple):
    """A piece of the text with its kind and its place."""

    kind: str
    text: str
    at: int


def instant(text: str) -> int:
    """Return an ISO 8601 time in µs since 1970-01-01 UTC, any year from 1 to 9999; raises ``ValueError``.

    A blank stands for the plus sign of the zone, as happens when a client forgets to percent-encode it.
    """
    moment = datetime.fromisoformat(text.upper().replace(" ", "+").replace(",", "."))
    return ((moment if moment.tzinfo else moment.replace(tzinfo=UTC)) - _EPOCH) // timedelta(microseconds=1)


class Tokens:
    """A cursor over the tokens of one option's text; ``name`` is the option, for messages."""

    def __init__(self, text: str, name: str) -> None:
        self.text = text
        self.name = name
        self.tokens = self.cut()
        self.next = 0

    def cut(self) -> list[Token]:
        """Return the tokens of the text with an ``end`` token behind them."""
        tokens: list[Token] = []
        at, end = 0, len(self.text)
        while at < end:
            match = _TOKEN.match(self.text, at)
            if match is None:
                self.fail("a text without its closing quote" if self.text[at] == "'" else "an unknown character", at)
            if match.lastgroup != "space":
                tokens.append(Token(str(match.lastgroup), match.group(), at))
            at = match.end()
        if len(tokens) > MAX_TOKENS:
            self.fail(f"more than {MAX_TOKENS:,} words and signs", tokens[MAX_TOKENS].at)
        tokens.append(Token("end", "", end))
        return tokens

    def fail(self, what: str, at: int, remedy: str = "") -> NoReturn:
        """Raise ``BadQuery`` with the place in the text, which ``»`` marks."""
        shown = f"{self.text[max(0, at - 40) : at]}»{self.text[at : at + 40]}"
        raise BadQuery(f"{self.name}: {what}", f"character {at + 1}: {shown}", remedy)

    @property
    def token(self) -> Token:
        """The token at the cursor."""
        return self.tokens[self.next]

    def take(self) -> Token:
        """Return the token at the cursor and go on."""
        token = self.tokens[self.next]
        if token.kind != "end":
            self.next += 1
        return token

    def skip(self, mark: str) -> bool:
        """Go on past this sign if it stands here; say whether it did."""
        token = self.tokens[self.next]
        if token.kind == "mark" and token.text == mark:
            self.next += 1
            return True
        return False

    def expect(self, mark: str) -> None:
        """Go on past this sign, which must stand here."""
        if not self.skip(mark):
            self.fail(f"expected '{mark}'", self.token.at)

    def literal(self, token: Token) -> Literal | None:  # noqa: PLR0911  # one per kind of token
        """Return the constant that ``token`` begins, or ``None`` when it begins none."""
        text = token.text
        try:
            match token.kind:
                case "text":
                    return Literal(Kind.TEXT, text[1:-1].replace("''", "'"))
                case "number":
                    return Literal(Kind.NUMBER, _number(text))
                case "time":
                    return self.time_or_interval(instant(text))
                case "date":
                    return Literal(Kind.DATE, date.fromisoformat(text).toordinal() - _EPOCH.toordinal())
                case "clock":
                    return Literal(Kind.CLOCK, instant(f"1970-01-01T{text}"))
                case "geometry":
                    return Literal(Kind.GEOMETRY, text[text.index("'") + 1 : -1].replace("''", "'"))
                case "name" if text in _WORDS:
                    return Literal(*_WORDS[text])
        except (ValueError, OverflowError) as error:
            self.fail(f"'{text[:40]}' cannot be: {error}", token.at)
        return None

    def time_or_interval(self, start: int) -> Literal:
        """Return the instant just read, or the interval whose end follows behind a slash."""
        if self.token.text == "/" and self.tokens[self.next + 1].kind == "time":
            self.next += 1
            return Literal(Kind.INTERVAL, (start, instant(self.take().text)))
        return Literal(Kind.TIME, start)


def _number(text: str) -> int | float:
    """Return a 64-bit integer where it is one, so that ids are exact, else a float."""
    if text.isdigit() and len(text) < 20 and int(text) < 2**63:
        return int(text)
    value = float(text)
    if value in (float("inf"), float("-inf")):
        raise ValueError("the number is too large")
    return value
