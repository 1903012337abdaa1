"""Maps between stations: heat, air and noise, with their doubt, and the refusal to draw what nobody knows.

``stations`` gathers, ``times`` says which hours, ``scales`` what is interpolated, ``compute`` puts them together with
``analyse.kriging``, ``answers`` makes GeoJSON of it.
"""

from placette.services.maps.answers import About, Feature, MapAnswer, about, answer, legend
from placette.services.maps.compute import Maps
from placette.services.maps.question import Drawn, Frame, Question, Shape
from placette.services.maps.times import Period

__all__ = [
    "About",
    "Drawn",
    "Feature",
    "Frame",
    "MapAnswer",
    "Maps",
    "Period",
    "Question",
    "Shape",
    "about",
    "answer",
    "legend",
]
