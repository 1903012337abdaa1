"""The vocabulary: OGC SensorThings entities, observation batches, arrivals, errors, units, time and geometry.

Only values and pure functions may enter. This room imports nothing of ours, and every other room may import it.
"""
