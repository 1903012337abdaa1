"""Arrivals become observations, or dead letters with their reason. Pure: no clock, no sockets, no files."""
