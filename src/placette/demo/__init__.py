"""The demo city's simulated sensors. They talk to the running system through its public APIs alone.

``run.run`` plays a whole city; ``simulation`` is the pure function of time behind history and live values.
"""
