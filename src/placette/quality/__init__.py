"""Quality control of a city's observations: where ``analyse``, the city's numbers and the store meet.

``control`` flags what comes over the networks before it is stored; ``review`` judges what is stored and not yet judged,
with what only the batch can know; ``report`` counts. Flags change, results never do.
"""
