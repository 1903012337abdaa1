"""The command line. Each command is one file here, loaded only when it is called."""

from __future__ import annotations

import os
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
    help_format="plaintext",
    help_epilogue="Exit codes: 0 done, 1 the work could not be done (the message says why), "
    "2 the command was misspelt, 130 interrupted.",
)
for _name, _where in (
    ("demo", "server:demo"),
    ("serve", "server:serve"),
    ("import", "import_:import_"),
    ("city", "city:app"),
    ("codec", "codec:app"),
    ("letters", "letters:app"),
    ("device", "device:app"),
    ("label", "device:label"),
    ("reharmonise", "reharmonise:reharmonise"),
    ("token", "token:app"),
    ("backup", "backup:backup"),
    ("restore", "backup:restore"),
    ("upgrade", "backup:upgrade"),
    ("basemap", "basemap:basemap"),
    ("lorawan", "lorawan:app"),
    ("coap", "coap:app"),
    ("feed", "feed:app"),
    ("quality", "quality:app"),
    ("bench", "bench:bench"),
    ("benchmark", "benchmark:benchmark"),
    ("wifi", "wifi:app"),
    ("calibrate", "calibrate:calibrate"),
):
    app.command(f"placette.cli.{_where}", name=_name)


def main(arguments: list[str] | None = None) -> None:
    """Run one command and leave the process with its exit code."""
    given = sys.argv[1:] if arguments is None else arguments
    if not given or given[0] in app.help_flags:
        for name in app:
            app[name]  # loaded: the list of commands shows their first sentences
    try:
        code = app(arguments, exit_on_error=False, result_action="return_value")
    except CycloptsError:
        sys.exit(2)
    except PlacetteError as error:
        print(f"placette: {error}", file=sys.stderr)
        sys.exit(1)
    except KeyboardInterrupt:
        sys.exit(130)
    except BrokenPipeError:
        # the reader of our output has gone, as `| head` does; Python would complain again while it shuts down
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(1)
    sys.exit(code if isinstance(code, int) else 0)
