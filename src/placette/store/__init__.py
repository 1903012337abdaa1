"""The store: catalogue, observations, inbox of dead letters, live bus, migrations and backup, in one DuckDB file.

Everything durable enters here, through one writer thread; everything is read from here, through cursors of a few
reader threads. What knows of cities, networks, pages or standards stays outside.
"""

from placette.store.bus import Subscription
from placette.store.core import Store, StoreStats
from placette.store.directory import DatastreamInfo, Directory
from placette.store.receipt import Receipt
from placette.store.settings import StoreSettings

__all__ = ["DatastreamInfo", "Directory", "Receipt", "Store", "StoreSettings", "StoreStats", "Subscription"]
