"""Device makers' JavaScript at arm's length: V8 in a process of its own, with limits of time, memory and size.

V8 ends its whole process when a script asks for too large a table, and counts typed arrays in no limit of its heap;
a server must survive both. ``engine.py`` is our side of the pipe, ``worker.py`` the other, ``prelude.js`` what a codec
finds when it wakes.
"""

from placette.javascript.engine import JavaScriptEngine

__all__ = ["JavaScriptEngine"]
