"""The ways out: SensorThings API, live stream, open data."""
