"""Rhythms of a series by the clocks of its city: strength, shape, typical days, change, tables for pictures."""
