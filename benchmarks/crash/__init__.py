"""What ``tests/crash`` needs to load a server until it dies, and to judge what is left."""
