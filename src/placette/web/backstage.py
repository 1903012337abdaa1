"""The backstage: what those who run the squares find on every page once they have signed in.

A page for them is reached from here and from nowhere else by chance: one row in :data:`TOOLS`, in the order in which a
day's work goes, with its words in the catalogues.
"""

from __future__ import annotations

from typing import NamedTuple

from placette.access import Visitor
from placette.api import Access


class Tool(NamedTuple):
    """One page: its address below the language, its key in ``[backstage]`` of the catalogues, its icon, its rights."""

    path: str
    key: str
    icon: str
    access: Access


TOOLS = (
    Tool("/field", "field", "scan", Access.WRITE),
    Tool("/network", "network", "network", Access.WRITE),
    Tool("/import", "import", "upload", Access.WRITE),
    Tool("/dead-letters", "letters", "letter", Access.ADMIN),
)


def tools_of(visitor: Visitor) -> list[Tool]:
    """Return the pages that this visitor may open."""
    return [tool for tool in TOOLS if visitor.reaches(tool.access)]
