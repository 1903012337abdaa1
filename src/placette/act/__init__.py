"""Rules, alerts, notifications, and tasks for actuators."""
