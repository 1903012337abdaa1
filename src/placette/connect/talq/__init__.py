"""TALQ 2: gateways of street lighting, bins, parking and sensors talk to us as their central management software.

``registry`` remembers what gateways have announced, ``routes`` are the addresses they call. What they measured goes to
the sink as it came; it is read by ``harmonise/networks/talq.py``.
"""

from placette.connect.talq.routes import TalqRoutes

__all__ = ["TalqRoutes"]
