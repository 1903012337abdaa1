"""The city folder: reads it, explains every fault with file, line and remedy, scaffolds a new one."""
