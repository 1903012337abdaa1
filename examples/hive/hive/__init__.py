"""A low-cost hive for Placette in MicroPython: sensors, payload, store-and-forward, and three ways to send."""
