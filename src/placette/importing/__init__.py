"""Files into the city: reads a file by a mapping, stores what it says, keeps what cannot be used, tells all of it.

This is where the rooms meet for files: ``connect.files`` gives rows, ``harmonise`` makes observations of them, the
store keeps them. A second import of the same file changes nothing.
"""

from placette.importing.read import import_file, preview
from placette.importing.report import ImportProgress, ImportReport

__all__ = ["MAPPINGS", "ImportProgress", "ImportReport", "import_file", "preview"]

MAPPINGS = "mappings"
"""The folder of the data folder that holds saved mappings, each under the fingerprint of the columns it is for."""
