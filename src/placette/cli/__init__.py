"""The command line. Each command is one file here, loaded only when it is called."""

from __future__ import annotations

import sys
from pathlib import Path

from cyclopts import App
from cyclopts.exceptions import CycloptsError

from placette import __version__
from placette.model.errors import PlacetteError

DATA = Path("data")
"""Where a command keeps its data unless ``--data`` says otherwise."""

app = App(
    name="placette",
    version=__version__,
    help="The open platform for a city's connected squares.",
    help_epilogue="Exit codes: 0 done, 1 the work could not be done (the message says why), "
    "2 the command was misspelt, 130 interrupted.",
)
for _name, _where, _help in (
    ("demo", "server:demo", "Start the demo city: four squares alive in the browser."),
    ("serve", "server:serve", "Run a city."),
    ("import", "import_:import_", "Read a file into the city, by a mapping; twice adds nothing."),
    ("city", "city:app", "Make and check city folders."),
    ("token", "token:app", "Make, list and revoke the tokens that let devices and people write."),
    ("backup", "backup:backup", "Copy all data into one file, while the city runs."),
    ("restore", "backup:restore", "Put a backup back."),
    ("upgrade", "backup:upgrade", "Show what an upgrade of the data will change, then do it."),
    ("basemap", "basemap:basemap", "Build the city's own map tiles from an OpenStreetMap extract."),
    ("bench", "bench:bench", "Measure this machine: ingestion and queries."),
):
    app.command(f"placette.cli.{_where}", name=_name, help=_help)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave the process with its exit code."""
    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(2)
    except PlacetteError as error:
        print(f"placette: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    sys.exit(code if isinstance(code, int) else 0)
