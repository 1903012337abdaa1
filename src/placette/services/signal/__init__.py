"""How well devices and gateways are heard: lost frames, signal, time on air, batteries and when they will be empty."""

from placette.services.signal.compute import DeviceSignal, GatewaySignal, Signals, compute

__all__ = ["DeviceSignal", "GatewaySignal", "Signals", "compute"]
