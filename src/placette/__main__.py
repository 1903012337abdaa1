"""``python -m placette``: the same as the ``placette`` command."""

from placette.cli import main

main()
