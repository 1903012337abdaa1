"""The store: catalogue, observations, inbox of dead letters, live bus, migrations and backup, in one DuckDB file.

Everything durable enters here, through one writer thread; everything is read from here, through cursors of a few
reader threads. What knows of cities, networks, pages or standards stays outside.
"""
