"""Placette: the open platform for a city's connected squares.

The rooms of this package follow the way data goes: ``connect`` → ``harmonise`` → ``store`` → ``analyse`` and
``services`` → ``act`` → ``publish`` and ``web``. See docs/architecture.md.
"""

__version__ = "0.1.0"
