"""Calibration: corrected values of low-cost sensors as derived datastreams, with their uncertainty.

``methods`` says how one correction is computed, ``derived`` which datastreams it has, ``work`` goes through what is
new.
"""

from placette.services.calibration.methods import Method, method_of
from placette.services.calibration.work import Correcting

__all__ = ["Correcting", "Method", "method_of"]
