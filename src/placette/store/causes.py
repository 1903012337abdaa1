"""Dead letters by cause: the same fault of a thousand devices is one line.

A cause is a network and a reason without its variable parts: what stands in quotes, times, numbers, hexadecimal ids and
device codes become ``…``. It is told from the reasons when it is asked for, so that nothing has to be kept in step.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

import msgspec

from placette.store.core import Store

LONGEST = 500
"""Characters of a reason that tell its cause."""

State = Literal["waiting", "dismissed", "replayed"]

STATES: dict[State, str] = {
    "waiting": "replayed_at IS NULL AND dismissed_at IS NULL",
    "dismissed": "replayed_at IS NULL AND dismissed_at IS NOT NULL",
    "replayed": "replayed_at IS NOT NULL",
}

_VARIABLE = (
    # What stands in quotes. An apostrophe inside a word opens nothing and closes nothing.
    (r"(^|[^\w])''[^'']*(?:''\w[^'']*)*''", r"\1''…''"),
    (r'"[^"]*"', '"…"'),
    # Times of ISO 8601, addresses and identifiers in hexadecimal, device codes such as AIX-ROT-AIR-01, numbers.
    (r"\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:[.,]\d+)?)?)?(?:Z|[+-]\d\d:?\d\d)?", "…"),
    (r"\b[0-9A-Fa-f]{2}(?:[:-][0-9A-Fa-f]{2}){5,7}\b", "…"),
    (r"(^|[^\w.,])[0-9A-Fa-f]{8}(?:-?[0-9A-Fa-f]+)*\b", r"\1…"),
    (r"\b[A-Z][A-Za-z0-9]*(?:[-_][A-Za-z0-9]+)*[-_]\d+\b", "…"),
    (r"(^|[^\w.,])[-+]?(?:\d+|…)(?:[.,:]\d+)*(?:[eE][-+]?\d+)?", r"\1…"),
    # What was a list of them.
    (r"(''…''|\"…\"|…)(?:,? (?:and )?(?:''…''|\"…\"|…))+", r"\1"),
    (r"…+", "…"),
)


class Cause(msgspec.Struct, frozen=True, kw_only=True):
    """One cause and its letters: how many, when the first and the last came (µs UTC), what to do about it.

    ``what`` is the reason without its variable parts, ``example`` that of the last letter, word for word; ``keys`` are
    the newest letters.
    """

    key: str
    network: str
    what: str
    example: str
    remedy: str
    count: int
    first: int
    last: int
    mended: int
    keys: tuple[int, ...]


def folded(column: str) -> str:
    """Return the SQL that takes the variable parts out of a reason.

    Regular expressions of DuckDB are those of RE2: their time is linear in the text, whatever a network sends.
    """
    return _trimmed(_replaced(f"left({column}, {LONGEST})", _VARIABLE))


def bare(reason: str) -> str:
    """Return a reason without its variable parts, as :func:`folded` does in the database.

    >>> bare("'ROT-01' sent 3 bytes at 2026-07-01T12:00:00Z")
    "'…' sent … bytes at …"
    """
    for pattern, by in _VARIABLE:
        reason = re.sub(pattern.replace("''", "'"), by.replace("''", "'"), reason[:LONGEST], flags=re.ASCII)
    return reason.strip()[:LONGEST]


def _trimmed(sql: str) -> str:
    return f"left(trim({sql}), {LONGEST})"


def _replaced(sql: str, variable: Sequence[tuple[str, str]]) -> str:
    for pattern, by in variable:
        sql = f"regexp_replace({sql}, '{pattern}', '{by}', 'g')"
    return sql


def key(network: str = "network", what: str = "what") -> str:
    """Return the SQL of a cause's key: 16 hexadecimal digits that are the same as long as the cause is."""
    return _key(network, folded(what))


def _key(network: str, cause: str) -> str:
    return f"left(md5({network} || chr(10) || {cause}), 16)"


def in_state(state: State) -> str:
    """Return the SQL condition of letters in a state."""
    return STATES[state]


async def listed(store: Store, state: State = "waiting", network: str | None = None) -> Sequence[Cause]:
    """Return every cause of the letters in a state, the most frequent first.

    What stands in quotes is taken out first: then the reasons of a thousand devices are few, and the rest is done once
    for each of these.
    """
    table = await store.query(
        f"""WITH reason AS (
            SELECT network, what, count(*) AS count, min(received_time) AS first, max(received_time) AS last,
                count_if(mended_channel IS NOT NULL OR mended_payload IS NOT NULL) AS mended,
                max(id) AS newest, arg_max(remedy, id) AS remedy, max(id, 3) AS keys
            FROM dead_letter WHERE {in_state(state)} AND (? IS NULL OR network = ?) GROUP BY network, what),
        rough AS MATERIALIZED (SELECT *, {_replaced(f"left(what, {LONGEST})", _VARIABLE[:1])} AS unquoted FROM reason),
        cause AS MATERIALIZED (SELECT network, unquoted, {_trimmed(_replaced("unquoted", _VARIABLE[1:]))} AS cause
            FROM (SELECT DISTINCT network, unquoted FROM rough)),
        named AS (SELECT rough.*, cause, {_key("network", "cause")} AS key
            FROM rough JOIN cause USING (network, unquoted))
        SELECT key, network, cause AS what, arg_max(what, newest) AS example, arg_max(remedy, newest) AS remedy,
            sum(count)::BIGINT AS count, epoch_us(min(first)) AS first, epoch_us(max(last)) AS last,
            sum(mended)::BIGINT AS mended, list_slice(list_reverse_sort(flatten(list(keys))), 1, 3) AS keys
        FROM named GROUP BY key, network, cause ORDER BY count DESC, last DESC""",  # noqa: S608  # fixed text
        [network, network],
    )
    return msgspec.convert(table.to_pylist(), list[Cause])
