"""The demo city's simulated sensors. They talk to the running system through its public APIs alone."""
