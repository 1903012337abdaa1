"""Codecs: from the bytes of one device to named fields. Pure: their sources are given to them as text.

Three kinds have one shape (:class:`Codec`): device makers' JavaScript (``javascript.py``), layouts declared in TOML
(``layout.py``), and formats written in Python (``cayenne.py``). :class:`Codecs` holds those of one city by name.
"""

from placette.harmonise.codecs.codec import Codec, CodecError, Decoded, Frame
from placette.harmonise.codecs.shelf import Codecs
from placette.model.codecs import CodecSource

__all__ = ["Codec", "CodecError", "CodecSource", "Codecs", "Decoded", "Frame"]
