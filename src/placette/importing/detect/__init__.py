"""What a file that nobody has described may mean: every guess with its confidence, its evidence and alternatives.

Detection proposes; a person decides. Nothing here stores anything.
"""

from placette.importing.detect.guess import SURE, Column, Guess, Understood
from placette.importing.detect.understand import Known, detect
from placette.importing.detect.write import mapping_text

__all__ = ["SURE", "Column", "Guess", "Known", "Understood", "detect", "mapping_text"]
