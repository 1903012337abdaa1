"""The ways in: one file per network or file kind turns bytes from outside into arrivals.

What the bytes mean is not decided here.
"""
