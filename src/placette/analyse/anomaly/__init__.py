"""Anomalies of hourly series: what was to be expected, how rare what came is, which hours belong together, and why.

``detect.look`` does all of it on a table of series; ``causes`` tells faults of sensors from events of the city.
"""
